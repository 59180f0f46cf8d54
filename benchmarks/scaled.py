"""What do more WebSocket gateways cost?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks.axes import turned, windowed
from benchmarks.metrics import Question, tracked
from benchmarks.values import Value, latency, measured
from harness.result import Result
from harness.scenario import BUILT_IN, Scenario
from harness.workload import Workload


def spread(gateways: int) -> Workload:
    """Give ``chat``, 100 msg/s to 64 subscribers, over so many gateways."""
    return replace(windowed(BUILT_IN["chat"].workload), gateways=gateways)


class Scaled(Question):
    """What `chat` waits and costs over 1 and 3 gateways, behind caddy, joined by Redis pub/sub.

    All servers share one core here, so that three cannot be faster than one: the distance is what
    two more cost. What balancer and backplane add is a table of `abec scale`.
    """

    scenarios: Mapping[int, Scenario] = turned((1, 3), spread)
    params = (list(scenarios), ["websocket_scaled"])
    param_names = ("gateways", "pattern")

    @tracked("seconds", version="1")
    def track_p50(self, runs: Sequence[Result]) -> Value:
        """Give the median over all deliveries."""
        return latency(runs, "delivery", "p50")

    @tracked("seconds", version="1")
    def track_last_p50(self, runs: Sequence[Result]) -> Value:
        """Give the median over messages of when the last subscriber has one."""
        return latency(runs, "delivery_last", "p50")

    @tracked("seconds", version="1")
    def track_server_cpu(self, runs: Sequence[Result]) -> Value:
        """Give the CPU time of gateways, balancer and Redis for each delivered message."""
        return measured(run.server.cpu_per_delivery for run in runs)
