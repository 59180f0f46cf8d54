"""How well a run's relay did what the network was to do: pure arithmetic."""

from __future__ import annotations

import numpy as np

from harness.measure.resources import HostSnapshot
from harness.recording import Relayed
from harness.result import NetworkUse


def network_use(
    relayed: Relayed | None,
    before: HostSnapshot,
    after: HostSnapshot,
    window_start_ns: int,
    window_end_ns: int,
) -> NetworkUse | None:
    """Give the lateness of what was due in the window, as exact order statistics, and the CPU.

    None without a relay.
    """
    if relayed is None:
        return None
    inside = (relayed.due_ns >= window_start_ns) & (relayed.due_ns < window_end_ns)
    late_s = np.sort(relayed.late_ns[inside]) / 1e9
    cpu_ns = after.processes[relayed.pid].cpu_ns - before.processes[relayed.pid].cpu_ns
    return NetworkUse(
        chunks=len(late_s),
        late_p50=_quantile(late_s, 0.5),
        late_p99=_quantile(late_s, 0.99),
        late_max=_quantile(late_s, 1.0),
        cpu=cpu_ns / (after.at_ns - before.at_ns),
    )


def _quantile(ordered: np.ndarray, q: float) -> float:
    """Give the smallest value that a share ``q`` does not exceed; 0 of none."""
    if not len(ordered):
        return 0.0
    return float(ordered[max(0, int(np.ceil(q * len(ordered))) - 1)])
