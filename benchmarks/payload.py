"""What does a larger message cost?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks.axes import turned, turned_axes, windowed
from benchmarks.metrics import Question, tracked
from benchmarks.validity import ABOUT_TIMES
from benchmarks.values import Value, latency, measured
from harness.result import Result
from harness.scenario import BUILT_IN, Scenario
from harness.workload import Workload


def carrying(payload: int) -> Workload:
    """Give ``ticker`` with messages of so many bytes."""
    return replace(windowed(BUILT_IN["ticker"].workload), payload=payload)


class Payload(Question):
    """What bytes cost: ``ticker`` with messages of 256 bytes, 4 KiB and 64 KiB.

    Up to some KiB a message costs its way through the stack and not its bytes; from there on
    copies, masks and escapes show. TCP payload beyond the message's own bytes is framing.
    """

    scenarios: Mapping[int, Scenario] = turned((256, 4 << 10, 64 << 10), carrying)
    params = turned_axes(scenarios, ("sse", "websocket"))
    param_names = ("payload", "pattern")

    @tracked("seconds", version="1")
    def track_server_cpu(self, runs: Sequence[Result]) -> Value:
        """Give the servers' CPU time for each delivered message."""
        return measured(run.server.cpu_per_delivery for run in runs)

    @tracked("bytes", version="1", despite=ABOUT_TIMES)
    def track_tcp_payload(self, runs: Sequence[Result]) -> Value:
        """Give the bytes of TCP payload, both ways, for each delivered message."""
        return measured(run.wire.bytes_per_delivery for run in runs)

    @tracked("seconds", version="1")
    def track_p50(self, runs: Sequence[Result]) -> Value:
        """Give the median over all deliveries."""
        return latency(runs, "delivery", "p50")
