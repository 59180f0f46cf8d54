"""What do more WebSocket gateways cost?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks.axes import turned, windowed
from benchmarks.metrics import Question, tracked
from benchmarks.values import Value, latency, measured
from harness.result import Result
from harness.scaling import Backplane
from harness.scenario import BUILT_IN, Scenario
from harness.workload import Workload


def spread(gateways: int) -> Workload:
    """Give ``chat``, 100 msg/s to 64 subscribers, over so many gateways."""
    return replace(windowed(BUILT_IN["chat"].workload), gateways=gateways)


def joined_by(backplane: str) -> Workload:
    """Give ``chat`` over three gateways that this joins."""
    return replace(spread(3), backplane=Backplane(backplane))


class _Over(Question):
    """What messages wait and cost over gateways."""

    @tracked("seconds", version="1")
    def track_p50(self, runs: Sequence[Result]) -> Value:
        """Give the median over all deliveries."""
        return latency(runs, "delivery", "p50")

    @tracked("seconds", version="1")
    def track_p90(self, runs: Sequence[Result]) -> Value:
        """Give the delay that a tenth of the deliveries exceeds."""
        return latency(runs, "delivery", "p90")

    @tracked("seconds", version="1")
    def track_last_p50(self, runs: Sequence[Result]) -> Value:
        """Give the median over messages of when the last subscriber has one."""
        return latency(runs, "delivery_last", "p50")

    @tracked("seconds", version="1")
    def track_server_cpu(self, runs: Sequence[Result]) -> Value:
        """Give the CPU time of gateways, balancer and Redis for each delivered message."""
        return measured(run.server.cpu_per_delivery for run in runs)


class Scaled(_Over):
    """What `chat` waits and costs over 1 and 3 gateways, behind caddy, joined by Redis pub/sub.

    On two cores all servers share one, so that three cannot be faster than one: the distance is
    what two more cost. What balancer and backplane add is a table of `abec scale`.
    """

    scenarios: Mapping[int, Scenario] = turned((1, 3), spread)
    params = (list(scenarios), ["websocket_scaled"])
    param_names = ("gateways", "pattern")


class Joined(_Over):
    """What `chat` waits and costs over 3 gateways behind caddy, by the backplane that joins them.

    With one channel, one node of a cluster does all the work (`sharded`): the distance to `pubsub`
    is what the two others cost beside it.
    """

    scenarios: Mapping[str, Scenario] = turned(("pubsub", "streams", "sharded"), joined_by)
    params = (list(scenarios), ["websocket_scaled"])
    param_names = ("backplane", "pattern")
