"""What does a network make of each way to receive?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks.axes import turned, turned_axes, windowed
from benchmarks.metrics import Question, tracked
from benchmarks.values import Value, latency
from harness.result import Result
from harness.scenario import BUILT_IN, Scenario
from harness.workload import Workload


def far_away(rtt: float) -> Workload:
    """Give ``ticker`` with subscribers at this round trip."""
    return replace(windowed(BUILT_IN["ticker"].workload), rtt=rtt)


class Network(Question):
    """What distance costs: ``ticker`` with a round trip of 50 ms to the subscriber.

    A message that is pushed is half a round trip on its way. A long poll that was just answered
    is away for a whole one, so that most messages wait for the next, and a poll every 20 ms can
    leave no sooner than the last one is back. What is above that is the server's and ours.
    """

    scenarios: Mapping[float, Scenario] = turned((0.05,), far_away)
    params = turned_axes(scenarios, ("long_polling", "rest_polling", "sse"))
    param_names = ("rtt", "pattern")

    @tracked("seconds", version="1")
    def track_p50(self, runs: Sequence[Result]) -> Value:
        """Give the median over all deliveries."""
        return latency(runs, "delivery", "p50")

    @tracked("seconds", version="1")
    def track_p99(self, runs: Sequence[Result]) -> Value:
        """Give the delay that a hundredth of the deliveries exceeds."""
        return latency(runs, "delivery", "p99")
