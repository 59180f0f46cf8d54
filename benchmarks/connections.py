"""What does a connection cost that is held, and served?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.metrics import Question, tracked
from benchmarks.patterns import pattern_names
from benchmarks.validity import ABOUT_TIMES
from benchmarks.values import NotApplicable, Value, measured, samples, shown
from harness.result import Result
from harness.scenario import Scenario
from harness.workload import Exchange, Workload

FEWEST_FOR_MEMORY = 100
"""Below, what the server allocates for its own first messages drowns what connections take."""


def holding(connections: int) -> Scenario:
    """Give a broadcast to so many subscribers.

    10 msg/s for 7 seconds give enough messages for a median, and 1,000 connections no more
    deliveries than a core can read when some come together. Polls come once a second, or they
    would be the load.
    """
    workload = Workload(subscribers=connections, rate=10.0, duration=7.0, poll_interval=1.0)
    return Scenario(name=f"{connections}", workload=workload)


class Connections(Question):
    """Sizes by tens from one to a thousand: an office, a team's tool, a product's one process."""

    scenarios: Mapping[int, Scenario] = {size: holding(size) for size in (1, 10, 100, 1000)}
    params = (list(scenarios), pattern_names(Exchange.BROADCAST))
    param_names = ("connections", "pattern")

    @tracked("seconds", version="1", despite=ABOUT_TIMES)
    def track_setup_p99(self, runs: Sequence[Result]) -> Value:
        """Give the time from connecting to subscribed that a hundredth exceeds (of 1: its own)."""
        return samples(run.setup.p99 for run in runs)

    @tracked("bytes", version="1", despite=ABOUT_TIMES)
    def track_memory_per_connection(self, runs: Sequence[Result]) -> Value:
        """Give what the servers' own memory grew by, for each connection."""
        size = runs[0].workload.subscribers
        if size < FEWEST_FOR_MEMORY:
            raise NotApplicable(f"memory shows from {FEWEST_FOR_MEMORY} connections on, not {size}")
        return measured((run.server.pss - run.server.pss_before) / size for run in runs)

    @tracked("seconds", version="1")
    def track_spread(self, runs: Sequence[Result]) -> Value:
        """Give how much later the last subscriber has a message than the median one."""
        return samples(map(_spread, shown(runs, "delivery_last", "p50")))


def _spread(run: Result) -> float | None:
    last, median = run.delivery_last.p50, run.delivery.p50
    return None if last is None or median is None else last - median
