"""What is said of a relay, from times chosen by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from harness.measure.network import network_use
from harness.measure.resources import HostSnapshot, NetworkCounters, ProcessTime
from harness.recording import Relayed

PID = 7
QUIET = NetworkCounters(
    listen_overflows=0, retransmitted_segments=0, unneeded_retransmissions=0, timeouts=0
)


def relayed(due_ns: Sequence[int], late_ns: Sequence[int]) -> Relayed:
    return Relayed(
        pid=PID,
        due_ns=np.array(due_ns, dtype=np.int64),
        late_ns=np.array(late_ns, dtype=np.int64),
    )


def host(at_ns: int, cpu_ns: int) -> HostSnapshot:
    return HostSnapshot(
        at_ns=at_ns,
        cores={},
        processes={PID: ProcessTime(cpu_ns=cpu_ns, core=1)},
        network=QUIET,
    )


BEFORE, AFTER = host(1_000, 5_000), host(2_000, 5_250)


def test_without_a_relay_there_is_nothing_to_say() -> None:
    assert network_use(None, BEFORE, AFTER, 0, 1) is None


def test_only_what_was_due_in_the_window_counts() -> None:
    seen = relayed([999, 1_000, 1_999, 2_000], [9_000, 10, 20, 9_000])
    use = network_use(seen, BEFORE, AFTER, 1_000, 2_000)
    assert use is not None
    assert (use.chunks, use.late_max) == (2, pytest.approx(20e-9))
    assert use.cpu == 0.25


def test_percentiles_are_order_statistics_whatever_the_order() -> None:
    late_ns = np.random.default_rng(1).permutation(np.arange(1, 101))
    use = network_use(relayed([1_500] * 100, late_ns.tolist()), BEFORE, AFTER, 1_000, 2_000)
    assert use is not None
    assert use.late_p50 == pytest.approx(50e-9)
    assert use.late_p90 == pytest.approx(90e-9)
    assert use.late_p99 == pytest.approx(99e-9)
    assert use.late_max == pytest.approx(100e-9)


def test_nothing_that_passed_was_not_late() -> None:
    use = network_use(relayed([], []), BEFORE, AFTER, 1_000, 2_000)
    assert use is not None
    assert (use.chunks, use.late_p50, use.late_p99, use.late_max) == (0, 0.0, 0.0, 0.0)
