"""How long does a caller wait for its answer, counted from when the request was due?"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.axes import built_in, scenario_axes
from benchmarks.metrics import Question, tracked
from benchmarks.values import Value, latency
from harness.result import Result


class RequestReply(Question):
    """What a caller waits: from when a request was due to its answer, at 1,000 requests/s.

    ``rpc`` has 64 connections, so that a request seldom finds its own busy, as with the pool of
    a client.
    """

    scenarios = built_in("rpc")
    params = scenario_axes(scenarios)

    @tracked("seconds", version="1")
    def track_p50(self, runs: Sequence[Result]) -> Value:
        """Give the median over all requests."""
        return latency(runs, "delivery", "p50")

    @tracked("seconds", version="1")
    def track_p99(self, runs: Sequence[Result]) -> Value:
        """Give the wait that a hundredth of the requests exceeds."""
        return latency(runs, "delivery", "p99")
