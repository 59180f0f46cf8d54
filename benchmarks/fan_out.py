"""What does one more subscriber add?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks.axes import turned, turned_axes, windowed
from benchmarks.metrics import Question, tracked
from benchmarks.values import Value, latency, measured
from harness.result import Result
from harness.scenario import BUILT_IN, Scenario
from harness.workload import Workload


def fanned_out(subscribers: int) -> Workload:
    """Give ``chat``, 100 msg/s, to so many subscribers."""
    return replace(windowed(BUILT_IN["chat"].workload), subscribers=subscribers)


class FanOut(Question):
    """What a broadcast to many costs: 100 msg/s to 8 and to 64 subscribers.

    The median over all deliveries says when the middle subscriber has a message, ``last`` when
    all have it. A server that writes to one after the other shows it in the distance between
    them; what it spends on each delivery falls as far as work is shared.
    """

    scenarios: Mapping[int, Scenario] = turned((8, 64), fanned_out)
    params = turned_axes(scenarios, ("floor", "long_polling", "sse", "websocket"))
    param_names = ("subscribers", "pattern")

    @tracked("seconds", version="1")
    def track_server_cpu(self, runs: Sequence[Result]) -> Value:
        """Give the servers' CPU time for each delivered message."""
        return measured(run.server.cpu_per_delivery for run in runs)

    @tracked("switches", version="1")
    def track_context_switches(self, runs: Sequence[Result]) -> Value:
        """Give the context switches of all server threads for each delivered message."""
        return measured(run.server.switches_per_delivery for run in runs)

    @tracked("seconds", version="1")
    def track_p50(self, runs: Sequence[Result]) -> Value:
        """Give the median over all deliveries."""
        return latency(runs, "delivery", "p50")

    @tracked("seconds", version="1")
    def track_last_p50(self, runs: Sequence[Result]) -> Value:
        """Give the median over messages of when the last subscriber has one."""
        return latency(runs, "delivery_last", "p50")

    @tracked("seconds", version="1")
    def track_p90(self, runs: Sequence[Result]) -> Value:
        """Give the delay that a tenth of the deliveries exceeds."""
        return latency(runs, "delivery", "p90")
