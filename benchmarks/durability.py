"""What does it cost to take jobs so that none is lost, and to write them down?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks.axes import turned, turned_axes, windowed
from benchmarks.metrics import Question, tracked
from benchmarks.values import Value, latency, measured
from harness.queueing import Persistence, Pop
from harness.result import Result
from harness.scenario import BUILT_IN, Scenario
from harness.workload import Workload


def written_down(persistence: str) -> Workload:
    """Give ``jobs`` on a Redis that writes to its disk."""
    workload = windowed(BUILT_IN["jobs"].workload)
    return replace(workload, persistence=Persistence(persistence))


class WrittenDown(Question):
    """What a disk costs: ``jobs`` on a Redis that keeps nothing, snapshots, or a log of commands.

    ``aof-always`` waits for the disk before it answers; the others write beside the answers, and
    show at the p99. Snapshots begin a second after the last, and logs are rewritten from 1 MiB on,
    so that a window of seconds sees both. What each loses is told in docs/patterns.
    """

    scenarios: Mapping[str, Scenario] = turned(("rdb", "aof-everysec", "aof-always"), written_down)
    params = turned_axes(scenarios, ("redis_queue", "redis_stream"))
    param_names = ("persistence", "pattern")

    @tracked("seconds", version="1")
    def track_p50(self, runs: Sequence[Result]) -> Value:
        """Give the median over all jobs."""
        return latency(runs, "delivery", "p50")

    @tracked("seconds", version="1")
    def track_p99(self, runs: Sequence[Result]) -> Value:
        """Give the delay that a hundredth of the jobs exceeds."""
        return latency(runs, "delivery", "p99")

    @tracked("seconds", version="1")
    def track_server_cpu(self, runs: Sequence[Result]) -> Value:
        """Give the servers' CPU time for each delivered job."""
        return measured(run.server.cpu_per_delivery for run in runs)


def popped(pop: str) -> Workload:
    """Give ``jobs``, taken from a list in this way."""
    return replace(windowed(BUILT_IN["jobs"].workload), pop=Pop(pop))


class Popped(Question):
    """What a safe take costs: ``jobs`` by ``RPOP``, polled every 20 ms, and by ``BLMOVE``.

    ``BRPOP`` is `QueueDelivery`'s. ``BLMOVE`` has a second command a job, which takes it off the
    list of those that are worked on.
    """

    scenarios: Mapping[str, Scenario] = turned(("rpop", "lmove"), popped)
    params = turned_axes(scenarios, ("redis_queue",))
    param_names = ("pop", "pattern")

    @tracked("seconds", version="1")
    def track_p50(self, runs: Sequence[Result]) -> Value:
        """Give the median over all jobs."""
        return latency(runs, "delivery", "p50")

    @tracked("seconds", version="1")
    def track_server_cpu(self, runs: Sequence[Result]) -> Value:
        """Give the servers' CPU time for each delivered job."""
        return measured(run.server.cpu_per_delivery for run in runs)
