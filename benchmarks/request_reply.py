"""How long does a caller wait for its answer, counted from when the request was due?"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.axes import axes, built_in
from benchmarks.metrics import Question, tracked
from benchmarks.values import Value, latency
from harness.result import Result


class RequestReply(Question):
    """Latency of a request and its answer.

    ``rpc``: 1,000 requests per second over 64 connections, so that a request seldom finds its
    connection busy, as with the pool of a client; a run of 5 seconds carries a p99.
    """

    scenarios = built_in("rpc")
    params = axes(scenarios)

    @tracked("seconds", version="1")
    def track_p50(self, runs: Sequence[Result]) -> Value:
        """Give the median over all requests."""
        return latency(runs, "delivery", "p50")

    @tracked("seconds", version="1")
    def track_p99(self, runs: Sequence[Result]) -> Value:
        """Give the wait that a hundredth of the requests exceeds."""
        return latency(runs, "delivery", "p99")
