from collections.abc import Callable

import numpy as np
import pytest

from harness.measure.ledger import Ledger
from harness.measure.offer import offer
from harness.recording import NEVER
from harness.workload import Workload

Make = Callable[..., Ledger]
RNG_MS = np.sort(np.random.default_rng(1).uniform(0, 1000, 20_000))


def test_a_kept_schedule_deviates_by_nothing(make_stream: Make) -> None:
    late_ms = np.random.default_rng(2).uniform(0, 0.29, len(RNG_MS))
    found = offer(make_stream(RNG_MS, 0.2, late_ms=late_ms, window_ms=(0, 1000)))
    assert found.scheduled == found.released == 20_000
    assert found.deviation == 0


def test_lateness_beyond_the_grace_moves_messages_between_bins(make_stream: Make) -> None:
    """5 of 10 ms late: bin n holds what was due in its half before; 20 a ms make 200 a bin."""
    due_ms = np.arange(0, 1000, 0.05)
    found = offer(make_stream(due_ms, 0.2, late_ms=5, window_ms=(0, 1000)))
    assert found.deviation == pytest.approx(100 / 200 * np.sqrt(1 / 100), rel=1e-6)


def test_a_stall_of_the_generator_shows(make_stream: Make) -> None:
    due_ms = np.arange(0, 1000, 0.05)
    late_ms = np.where((due_ms >= 400) & (due_ms < 500), 500 - due_ms, 0)
    found = offer(make_stream(due_ms, 0.2, late_ms=late_ms, window_ms=(0, 1000)))
    expected = np.sqrt((10 * 200**2 + 2000**2) / 100) / 200
    assert found.deviation == pytest.approx(expected, rel=0.01)
    assert found.released == found.scheduled


def test_what_is_released_long_after_the_window_is_not_offered(make_stream: Make) -> None:
    due_ms = np.arange(0, 1000, 0.05)
    found = offer(make_stream(due_ms, 0.2, late_ms=due_ms * 0.1, window_ms=(0, 1000)))
    assert found.scheduled == 20_000
    assert found.released == pytest.approx(1010 / 1.1 * 20, abs=2)


def test_the_last_of_few_messages_may_be_late_by_a_gap(make_stream: Make) -> None:
    late_ms = np.array([0, 0, 0, 150])
    found = offer(make_stream(np.arange(4) * 250.0, 1, late_ms=late_ms, window_ms=(0, 800)))
    assert found.released == 4
    late_ms = np.array([0, 0, 0, 260])
    found = offer(make_stream(np.arange(4) * 250.0, 1, late_ms=late_ms, window_ms=(0, 800)))
    assert found.released == 3


def test_messages_never_released_are_missing(make_ledger: Make) -> None:
    rows = [(0, 0, 1, 1, 1), (0, 1, 2, NEVER, NEVER)]
    found = offer(make_ledger(Workload(), rows, window_ms=(0, 10)))
    assert (found.scheduled, found.released) == (2, 1)
    assert found.deviation == pytest.approx(0.5)


def test_an_empty_window(make_ledger: Make) -> None:
    found = offer(make_ledger(Workload(), []))
    assert (found.scheduled, found.released, found.deviation) == (0, 0, 0)
