"""Counts and gaps of messages that nobody of ours published: known answers."""

import numpy as np
import pytest

from harness.measure.arrivals import heard, spread

MS = 1_000_000


def test_what_lies_within_the_window_is_counted() -> None:
    at = np.array([5, 100, 200, 400, 1000], dtype=np.int64) * MS
    sizes = np.array([1, 10, 20, 30, 99], dtype=np.int64)
    found = heard(at, sizes, 50 * MS, 1000 * MS)
    assert found.messages == 3
    assert found.messages_per_s == pytest.approx(3 / 0.95)
    assert found.bytes_per_s == pytest.approx(60 / 0.95)
    assert found.gap_p50 == pytest.approx(0.1)
    assert found.gap_p99 == pytest.approx(0.2)
    assert found.longest_gap == pytest.approx(0.6)  # from the last arrival to the end


def test_silence_is_one_long_gap() -> None:
    nothing = np.array([], dtype=np.int64)
    found = heard(nothing, nothing, 0, 2000 * MS)
    assert (found.messages, found.gap_p50, found.gap_p99) == (0, None, None)
    assert found.longest_gap == pytest.approx(2.0)


def test_spread_is_of_what_is_known() -> None:
    assert spread([3.0, None, 1.0, 2.0, 9.0]) == (1.0, 2.0, 9.0)
    assert spread([None]) is None
