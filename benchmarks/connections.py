"""What does a connection cost that is held, and served?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.axes import turned, turned_axes
from benchmarks.metrics import Question, tracked
from benchmarks.validity import ABOUT_TIMES
from benchmarks.values import NotApplicable, Value, measured, samples, shown
from harness.result import Result
from harness.scenario import Scenario
from harness.workload import Workload

FEWEST_CONNECTIONS = 100
"""Below, what the server allocates for its own first messages drowns what connections take."""


def holding(connections: int) -> Workload:
    """Give a broadcast to so many subscribers.

    14 msg/s for 5 seconds give enough messages for a median, and 1,000 connections no more
    deliveries than a core can read when some come together. Polls come once a second, or they
    would be the load.
    """
    return Workload(subscribers=connections, rate=14.0, warmup=0.5, duration=5.0, poll_interval=1.0)


def memory_per_connection(runs: Sequence[Result]) -> Value:
    """Give what the servers' own memory grew by, for each connection.

    Raises:
        NotApplicable: there are too few connections, or the servers' memory cannot be seen.
    """
    connections = runs[0].workload.receivers
    if connections < FEWEST_CONNECTIONS:
        raise NotApplicable(
            f"memory shows from {FEWEST_CONNECTIONS} connections on, not {connections}"
        )
    # Not at the top: asv looks for questions in many processes, and the instrument is heavy.
    from harness.measure.configuration import MEMORY_PER_CONNECTION

    return measured(map(MEMORY_PER_CONNECTION.of, runs))


class Connections(Question):
    """What connections cost that are held and seldom served: 100 and 1,000 of them.

    Memory is what the servers' own processes grew by since they were ready; the kernel's
    sockets are not in it. Set-up is taken at 500 new connections a second.
    """

    scenarios: Mapping[int, Scenario] = turned((100, 1000), holding)
    params = turned_axes(scenarios, ("long_polling", "redis_pubsub", "sse", "websocket"))
    param_names = ("connections", "pattern")

    @tracked("seconds", version="1", despite=ABOUT_TIMES)
    def track_setup_p99(self, runs: Sequence[Result]) -> Value:
        """Give the time from connecting to subscribed that a hundredth exceeds."""
        return samples(run.setup.p99 for run in runs)

    @tracked("bytes", version="1", despite=ABOUT_TIMES)
    def track_memory_per_connection(self, runs: Sequence[Result]) -> Value:
        """Give what the servers' own memory grew by, for each connection."""
        return memory_per_connection(runs)

    @tracked("seconds", version="1")
    def track_spread(self, runs: Sequence[Result]) -> Value:
        """Give how much later the last subscriber has a message than the median one."""
        return samples(map(_spread, shown(runs, "delivery_last", "p50")))


def _spread(run: Result) -> float | None:
    last, median = run.delivery_last.p50, run.delivery.p50
    return None if last is None or median is None else last - median
