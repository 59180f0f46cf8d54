"""How late is a job when a consumer has it, counted from when it was due?"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.axes import built_in, scenario_axes
from benchmarks.metrics import Question, tracked
from benchmarks.values import Value, latency
from harness.result import Result


class QueueDelivery(Question):
    """What a job waits: from when it was due until one consumer has it, at 1,000 jobs/s.

    ``jobs`` has 4 consumers, so that one is free while others fetch.
    """

    scenarios = built_in("jobs")
    params = scenario_axes(scenarios)

    @tracked("seconds", version="1")
    def track_p50(self, runs: Sequence[Result]) -> Value:
        """Give the median over all jobs."""
        return latency(runs, "delivery", "p50")

    @tracked("seconds", version="1")
    def track_p99(self, runs: Sequence[Result]) -> Value:
        """Give the delay that a hundredth of the jobs exceeds."""
        return latency(runs, "delivery", "p99")
