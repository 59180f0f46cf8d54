"""How well a run's relay did what the network was to do: pure arithmetic."""

from __future__ import annotations

import numpy as np

from harness.measure.latency import quantile
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
    late_ns = np.sort(relayed.late_ns[inside])
    cpu_ns = after.processes[relayed.pid].cpu_ns - before.processes[relayed.pid].cpu_ns
    return NetworkUse(
        chunks=len(late_ns),
        late_p50=quantile(late_ns, 0.5) or 0.0,
        late_p90=quantile(late_ns, 0.9) or 0.0,
        late_p99=quantile(late_ns, 0.99) or 0.0,
        late_max=quantile(late_ns, 1.0) or 0.0,
        unrecorded=relayed.unrecorded,
        cpu=cpu_ns / (after.at_ns - before.at_ns),
    )
