"""How late is a message when its receiver has it, counted from when it was due?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks.axes import built_in, scenario_axes, turned, turned_axes, windowed
from benchmarks.metrics import Question, tracked
from benchmarks.values import Value, latency
from harness.result import Result
from harness.scenario import BUILT_IN, Scenario
from harness.workload import ClientKind, Workload


class Delivery(Question):
    """What one hop costs: delivery latency of a broadcast from 1 to 1, at 1,000 msg/s.

    ``ticker`` holds enough messages a run for a p99. Polling waits for half of its 20 ms on
    average, which is a choice and no property of the server.
    """

    scenarios = built_in("ticker")
    params = scenario_axes(scenarios)

    @tracked("seconds", version="1")
    def track_p50(self, runs: Sequence[Result]) -> Value:
        """Give the median over all deliveries."""
        return latency(runs, "delivery", "p50")

    @tracked("seconds", version="1")
    def track_p90(self, runs: Sequence[Result]) -> Value:
        """Give the delay that a tenth of the deliveries exceeds."""
        return latency(runs, "delivery", "p90")

    @tracked("seconds", version="1")
    def track_p99(self, runs: Sequence[Result]) -> Value:
        """Give the delay that a hundredth of the deliveries exceeds."""
        return latency(runs, "delivery", "p99")


def received_by(client: str) -> Workload:
    """Give ``ticker``, received by this kind of client."""
    return replace(windowed(BUILT_IN["ticker"].workload), client=ClientKind(client))


class DeliveryByClient(Question):
    """What an application will see: delivery latency with the lean client, and with the library.

    ``wire`` leaves the client out as far as it goes; what ``library`` (aiohttp, websockets,
    redis-py) adds to it is the client's own.
    """

    scenarios: Mapping[str, Scenario] = turned(("wire", "library"), received_by)
    params = turned_axes(scenarios, ("long_polling", "redis_pubsub", "sse", "websocket"))
    param_names = ("client", "pattern")

    @tracked("seconds", version="1")
    def track_p50(self, runs: Sequence[Result]) -> Value:
        """Give the median over all deliveries."""
        return latency(runs, "delivery", "p50")

    @tracked("seconds", version="1")
    def track_p99(self, runs: Sequence[Result]) -> Value:
        """Give the delay that a hundredth of the deliveries exceeds."""
        return latency(runs, "delivery", "p99")
