"""How late is a message when its receiver has it, counted from when it was due?"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.axes import axes, built_in
from benchmarks.metrics import Question, tracked
from benchmarks.values import Value, latency
from harness.result import Result


class Delivery(Question):
    """Delivery latency of a broadcast.

    ``ticker`` (1 to 1, 1,000 msg/s) shows what one hop costs and has 5,000 messages a run,
    enough for p99. ``chat`` (1 to 64, 100 msg/s) shows what fan-out adds; its 500 messages
    carry a p90, and a p99 would take 20 seconds a run.
    """

    scenarios = built_in("ticker", "chat")
    params = axes(scenarios)

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
