"""Other ways of telling, on made-up runs whose every latency is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from harness.measure import retold
from harness.measure.ledger import Ledger
from harness.recording import NEVER
from harness.workload import Workload

Make = Callable[..., Ledger]
MS = 1_000_000
STOP = ((400 * MS, 500 * MS),)
SERVICE_MS = 0.5


@pytest.fixture
def stopped(make_stream: Make) -> retold.Course:
    """A message every 2 ms for a second, answered in 0.5 ms; a stop from 400 to 500 ms."""
    due_ms = np.arange(0.0, 1000.0, 2.0)
    inside = (due_ms >= 400) & (due_ms < 500)
    service_ms = np.where(inside, 500 - due_ms + SERVICE_MS, SERVICE_MS)
    return retold.course(make_stream(due_ms, service_ms, window_ms=(0, 1000)))


def ms(told: retold.Told, q: float) -> float:
    found = told.quantile_s(q)
    assert found is not None
    return found * 1e3


def test_the_truth_has_every_wait(stopped: retold.Course) -> None:
    told = retold.truth(stopped)
    assert len(told.latency_ns) == 500
    assert np.count_nonzero(told.latency_ns > MS) == 50
    assert ms(told, 0.5) == pytest.approx(0.5)
    assert ms(told, 1.0) == pytest.approx(100.5)
    assert ms(told, 0.99) == pytest.approx(90.5)  # the fifth of 100.5, 98.5, 96.5, 94.5, 92.5 …


def test_the_stops_imply_the_waits(stopped: retold.Course) -> None:
    assert np.count_nonzero(retold.held_up_ns(stopped, STOP)) == 50
    assert retold.implied_s(stopped, STOP, 1.0) == pytest.approx(0.1)
    assert retold.implied_s(stopped, STOP, 0.99) == pytest.approx(0.09)
    assert retold.implied_s(stopped, STOP, 0.5) == 0


def test_a_closed_loop_has_one_wait_a_stop(stopped: retold.Course) -> None:
    told = retold.closed_loop(stopped)
    # The one that was sent as the stop ended overlaps with the one that waited, too.
    assert len(told.latency_ns) == 500 - 50
    assert np.count_nonzero(told.latency_ns > MS) == 1
    assert ms(told, 1.0) == pytest.approx(100.5)
    assert ms(told, 0.99) == pytest.approx(0.5)
    assert retold.begun_within(told, STOP) == 1


def test_a_closed_loop_leaves_out_what_overlaps(make_ledger: Make) -> None:
    rows = [(0, 0, 0, 0, 0), (0, 1, 1, 1, 1), (0, 2, 3, 3, 3), (0, 3, 9, 9, 9)]
    came = [(0, 0, 0, 3, 0), (0, 0, 1, 4, 0), (0, 0, 2, 5, 0), (0, 0, 3, 10, 0)]
    run = retold.course(make_ledger(Workload(), rows, came, window_ms=(0, 20)))
    told = retold.closed_loop(run)
    assert (told.at_ns // MS).tolist() == [0, 3, 9]
    assert (told.latency_ns // MS).tolist() == [3, 2, 1]


def test_latency_counts_from_sending_where_others_count_so(make_ledger: Make) -> None:
    run = retold.course(
        make_ledger(Workload(), [(0, 0, 1, 3, 5)], [(0, 0, 0, 9, 0)], window_ms=(0, 20))
    )
    assert retold.truth(run).latency_ns.tolist() == [8 * MS]
    assert retold.closed_loop(run).latency_ns.tolist() == [4 * MS]
    assert retold.millisecond_clock(run).latency_ns.tolist() == [4 * MS]


def test_a_millisecond_clock_drops_what_is_quick(make_stream: Make) -> None:
    due_ms = np.array([1.0, 2.2, 3.4, 4.6, 5.8])
    run = retold.course(make_stream(due_ms, 0.5, window_ms=(0, 10)))
    told = retold.millisecond_clock(run)
    # 1.0 → 1.5 and 2.2 → 2.7 and 3.4 → 3.9 read 0; 4.6 → 5.1 and 5.8 → 6.3 read 1.
    assert told.latency_ns.tolist() == [MS, MS]
    assert told.at_ns.tolist() == [round(4.6 * MS), round(5.8 * MS)]


def test_wrk2_without_a_stop_adds_its_timer(make_stream: Make) -> None:
    due_ms = np.arange(0.0, 1000.0, 2.0)
    told = retold.wrk2(retold.course(make_stream(due_ms, 0.5, window_ms=(0, 1000))))
    assert len(told.latency_ns) == 500
    # Sent at 0, answered at 0.5; 1.5 ms to the next, waits 2: sent at 2.5, expected at 2.
    assert (told.latency_ns[:4] / MS).tolist() == [0.5, 1.0, 1.5, 1.0]
    assert (told.at_ns[:3] // MS).tolist() == [0, 2, 4]
    assert ms(told, 1.0) <= 0.5 + 1.0


def test_wrk2_has_the_waits_of_its_own_backlog_too(stopped: retold.Course) -> None:
    told, true = retold.wrk2(stopped), retold.truth(stopped)
    slow = np.count_nonzero(told.latency_ns > 5 * MS)
    # After the stop it is 100 ms behind. A request takes 0.5 ms and is worth 2 ms: it gains 1.5 ms
    # with each, so that 100.5, 99, 97.5 … 6 are above 5 ms: 64. In truth 48 are.
    assert slow == 64
    assert np.count_nonzero(true.latency_ns > 5 * MS) == 48
    assert ms(told, 1.0) == pytest.approx(100.5, abs=2)
    # What is due as the stop ends is the 50th of its backlog; in truth it waits for nothing.
    after = np.argmin(np.abs(told.at_ns - 500 * MS))
    assert told.latency_ns[after] / MS == pytest.approx(25.5, abs=1.5)


def test_wrk2_does_not_count_what_is_not_answered_at_the_end(make_stream: Make) -> None:
    due_ms = np.arange(0.0, 1000.0, 2.0)
    service_ms = np.where(due_ms >= 900, 1000 - due_ms + 5, 0.5)
    run = retold.course(make_stream(due_ms, service_ms, window_ms=(0, 1000)))
    told = retold.wrk2(run)
    assert len(told.latency_ns) == 450
    assert ms(told, 1.0) < 2


def test_the_best_of_five_has_no_stop(stopped: retold.Course) -> None:
    cut = retold.parts(stopped)
    assert [len(one.latency_ns) for one in cut] == [100] * 5
    assert [round(ms(one, 0.99), 1) for one in cut] == [0.5, 0.5, 98.5, 0.5, 0.5]
    assert ms(retold.best(cut), 1.0) == pytest.approx(0.5)


def test_merging_gives_the_values_back_and_claims_too_much(stopped: retold.Course) -> None:
    poured = retold.merged(retold.parts(stopped))
    assert sorted(poured.latency_ns) == sorted(retold.truth(stopped).latency_ns)
    low, high = retold.claimed_interval_s(poured, 0.99)
    # Binomial(500, 0.99): 488 to 500 hold 99 %; the 488th value is 76.5 ms.
    assert low == pytest.approx(0.0765, abs=0.003)
    assert high == pytest.approx(0.1005)


def test_the_claimed_interval_of_a_median() -> None:
    told = retold.Told(at_ns=np.arange(101), latency_ns=np.arange(1, 102))
    low, high = retold.claimed_interval_s(told, 0.5)
    # Binomial(101, 0.5) has sd 5.02: 2.58 of them on both sides of 50.5.
    assert (low * 1e9, high * 1e9) == (pytest.approx(38), pytest.approx(64))


def test_runs_that_cannot_be_retold(make_ledger: Make) -> None:
    two = make_ledger(Workload(subscribers=2), [(0, 0, 1, 1, 1)], [(0, 0, 0, 2, 0)])
    lost = make_ledger(Workload(), [(0, 0, 1, 1, 1)])
    unsent = make_ledger(Workload(), [(0, 0, 1, 1, NEVER)])
    nothing = make_ledger(Workload(), [(0, 0, 1, 1, 1)], window_ms=(5, 9))
    with pytest.raises(ValueError, match="several subscribers"):
        retold.course(two)
    for ledger in (lost, unsent, nothing):
        with pytest.raises(ValueError, match="never came"):
            retold.course(ledger)
