from collections.abc import Callable

import numpy as np
import pytest

from harness.measure.ledger import Ledger
from harness.measure.saturation import SLOPE_LIMIT, Saturation, saturation
from harness.workload import Workload

Make = Callable[..., Ledger]
OPEN = Workload(rate=1000)
CLOSED = Workload(rate=None, concurrency=8)
WINDOW_MS = (1000.0, 6000.0)


def judged(ledger: Ledger, *, poll_s: float = 0.0, p50_s: float | None = 0.0) -> Saturation:
    return saturation(ledger, poll_interval_s=poll_s, service_p50_s=p50_s)


def poisson(rate: float, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.sort(rng.uniform(0, 6000, rng.poisson(rate * 6)))


def queued(due_ms: np.ndarray, service_ms: float) -> np.ndarray:
    """Time in the system of a single server that takes ``service_ms`` a message."""
    done, left = np.empty(len(due_ms)), 0.0
    for number, due in enumerate(due_ms):
        left = max(left, due) + service_ms
        done[number] = left
    return done - due_ms


def test_rates_of_a_system_that_keeps_up(make_stream: Make) -> None:
    due_ms = np.arange(6000.0)
    found = judged(make_stream(due_ms, 0.4, workload=OPEN, window_ms=WINDOW_MS))
    assert not found.saturated
    assert found.offered_rate == found.achieved_rate == 1000
    assert found.throughput == 1000
    assert found.slope == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_random_arrivals_at_half_load_do_not_saturate(make_stream: Make, seed: int) -> None:
    due_ms = poisson(1000, seed)
    ledger = make_stream(due_ms, queued(due_ms, 0.5), workload=OPEN, window_ms=WINDOW_MS)
    assert not judged(ledger, p50_s=0.0007).saturated


def test_an_overloaded_server_saturates_by_slope_and_by_count(make_stream: Make) -> None:
    due_ms = poisson(1000)
    ledger = make_stream(due_ms, queued(due_ms, 1.25), workload=OPEN, window_ms=WINDOW_MS)
    found = judged(ledger, p50_s=0.7)
    assert found.saturated
    assert SLOPE_LIMIT < found.slope_low < found.slope
    assert found.slope == pytest.approx(0.25, rel=0.2)
    assert found.throughput == pytest.approx(800, rel=0.01)
    assert found.achieved_rate < 0.99 * found.offered_rate


def test_the_slope_alone_saturates(make_stream: Make) -> None:
    due_ms = np.arange(6000.0)
    ledger = make_stream(due_ms, 1 + due_ms * 0.003, workload=OPEN, window_ms=WINDOW_MS)
    found = judged(ledger, p50_s=0.05)
    assert (found.slope, found.slope_low) == pytest.approx((0.003, 0.003), rel=1e-4)
    assert found.saturated


def test_a_slow_drift_does_not_saturate(make_stream: Make) -> None:
    due_ms = np.arange(6000.0)
    ledger = make_stream(due_ms, 1 + due_ms * 0.0009, workload=OPEN, window_ms=WINDOW_MS)
    assert not judged(ledger, p50_s=0.05).saturated


def test_one_stall_is_no_slope(make_stream: Make) -> None:
    due_ms = np.arange(6000.0)
    service_ms = np.where((due_ms >= 4000) & (due_ms < 4500), 4500.2 - due_ms, 0.2)
    ledger = make_stream(due_ms, service_ms, workload=OPEN, window_ms=WINDOW_MS)
    assert not judged(ledger, p50_s=0.0002).saturated


@pytest.mark.parametrize(("lost", "saturated"), [(51, False), (52, True)])
def test_one_percent_and_one_message_may_be_missing(
    make_stream: Make, lost: int, saturated: bool
) -> None:
    service_ms = np.full(6000, 0.4)
    service_ms[2000 : 2000 + lost] = np.inf
    ledger = make_stream(np.arange(6000.0), service_ms, workload=OPEN, window_ms=WINDOW_MS)
    assert judged(ledger).saturated is saturated


def test_a_poll_interval_is_granted(make_stream: Make) -> None:
    ledger = make_stream(np.arange(6000.0), 99.5, workload=OPEN, window_ms=WINDOW_MS)
    assert judged(ledger).saturated
    assert judged(ledger).achieved_rate == pytest.approx(980, abs=1)
    assert not judged(ledger, poll_s=0.1).saturated
    assert not judged(ledger, poll_s=0.05, p50_s=0.05).saturated


def test_one_late_message_of_fifty_is_no_saturation(make_stream: Make) -> None:
    due_ms = np.arange(50) * 100 + 99.9
    ledger = make_stream(due_ms, 0.4, workload=Workload(rate=10), window_ms=(0, 5000))
    found = judged(ledger)
    assert found.achieved_rate == pytest.approx(49 / 5)
    assert not found.saturated


def test_messages_must_reach_all_to_be_achieved(make_ledger: Make) -> None:
    ledger = make_ledger(
        Workload(subscribers=2),
        [(0, 0, 1, 1, 1), (0, 1, 2, 2, 2)],
        [(0, 0, 0, 3, 0), (0, 0, 1, 4, 0), (1, 0, 1, 5, 0)],
        window_ms=(0, 1000),
    )
    found = judged(ledger)
    assert (found.offered_rate, found.achieved_rate, found.throughput) == (2, 1, 3)


def test_a_closed_loop_is_never_saturated(make_stream: Make) -> None:
    due_ms = np.arange(6000.0)
    ledger = make_stream(due_ms, 1 + due_ms * 0.1, workload=CLOSED, window_ms=WINDOW_MS)
    assert not judged(ledger).saturated


def test_all_lost_is_saturated(make_stream: Make) -> None:
    ledger = make_stream(np.arange(6000.0), np.inf, workload=OPEN, window_ms=WINDOW_MS)
    found = judged(ledger, p50_s=None)
    assert found.saturated
    assert (found.slope, found.slope_low, found.throughput) == (0, 0, 0)
