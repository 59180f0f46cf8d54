"""Slices of the window: what was due in each, however late it came."""

from collections.abc import Callable

import numpy as np
import pytest

from harness.measure.latency import latencies
from harness.measure.ledger import Ledger
from harness.measure.timeline import SLICES, timeline
from harness.recording import NEVER
from harness.workload import Workload

Make = Callable[..., Ledger]
MS = 1e-3


def test_a_stall_shows_where_it_was(make_stream: Make) -> None:
    due_ms = np.arange(0.0, 500.0)  # a message a millisecond: ten in each slice
    service_ms = np.where((due_ms >= 200) & (due_ms < 230), 230.0 - due_ms, 0.5)

    found = timeline(make_stream(due_ms, service_ms, window_ms=(0, 500)))

    assert found.slice == pytest.approx(0.01)
    assert set(found.count) == {10}
    assert set(found.lost) == {0}
    assert found.maximum[19:24] == pytest.approx((0.5e-3, 30e-3, 20e-3, 10e-3, 0.5e-3))
    assert found.p50[19:24] == pytest.approx((0.5e-3, 25e-3, 15e-3, 5e-3, 0.5e-3))
    assert found.p99[20] == pytest.approx(30e-3)


def test_what_was_lost_is_infinite_where_it_was_due(make_stream: Make) -> None:
    due_ms = np.arange(0.0, 500.0)
    service_ms = np.where((due_ms >= 105) & (due_ms < 109), np.inf, 1.0)

    found = timeline(make_stream(due_ms, service_ms, window_ms=(0, 500)))

    assert (found.count[10], found.lost[10]) == (6, 4)
    assert (found.p50[10], found.p99[10], found.maximum[10]) == (pytest.approx(MS), None, None)
    assert sum(found.lost) == 4


def test_a_slice_in_which_nothing_was_due(make_stream: Make) -> None:
    found = timeline(make_stream(np.array([5.0, 495.0]), 1.0, window_ms=(0, 500)))
    assert (found.count[0], found.count[1], found.count[49]) == (1, 0, 1)
    assert (found.p50[1], found.maximum[1], found.lost[1]) == (None, None, 0)


def test_messages_of_the_warm_up_are_in_no_slice_and_the_last_is_in_the_last(
    make_stream: Make,
) -> None:
    found = timeline(make_stream(np.array([1.0, 60.0, 109.999999]), 1.0, window_ms=(10, 110)))
    assert sum(found.count) == 2
    assert found.count[49] == 1


def test_it_adds_up_to_the_whole_run_in_a_fan_out(make_ledger: Make) -> None:
    ledger = make_ledger(
        Workload(subscribers=2),
        [(0, 0, 1, 1, 1), (0, 1, 55, 55, 56), (0, 2, 99, NEVER, NEVER)],
        [(0, 0, 0, 3, 0), (1, 0, 0, 4, 0), (0, 0, 1, 58, 0)],
        window_ms=(0, 100),
    )

    found, whole = timeline(ledger), latencies(ledger).delivery

    assert len(found.count) == SLICES
    assert (sum(found.count), sum(found.lost)) == (whole.count, whole.lost) == (3, 3)
    assert found.maximum[0] == pytest.approx(3e-3)
    assert (found.p50[27], found.maximum[27]) == (pytest.approx(3e-3), None)
    assert (found.count[49], found.lost[49]) == (0, 2)
