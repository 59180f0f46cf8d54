"""What does it cost to take jobs so that none is lost, and what does it save when somebody dies?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks.axes import turned, turned_axes, windowed
from benchmarks.metrics import Question, tracked
from benchmarks.validity import ABOUT_TIMES
from benchmarks.values import NotApplicable, Value, latency, measured, rounded
from harness.queueing import Persistence, Pop, Victim
from harness.result import Kill, Result
from harness.scenario import BUILT_IN, Scenario
from harness.workload import Workload


def written_down(persistence: str) -> Workload:
    """Give ``jobs`` on a Redis that writes to its disk."""
    workload = windowed(BUILT_IN["jobs"].workload)
    return replace(workload, persistence=Persistence(persistence))


class WrittenDown(Question):
    """What a disk costs: ``jobs`` on a Redis that keeps nothing, snapshots, or a log of commands.

    ``aof-always`` waits for the disk before it answers; the others write beside the answers, and
    show at the p99. Snapshots begin 1 to 2 s after the last, and logs are rewritten from 1 MiB on,
    so that a window of seconds sees both. What each loses is told in docs/patterns.
    """

    scenarios: Mapping[str, Scenario] = turned(("rdb", "aof-everysec", "aof-always"), written_down)
    params = turned_axes(scenarios, ("redis_queue",))
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


_JOBS = windowed(BUILT_IN["jobs"].workload)
_AT_WORK = replace(_JOBS, kill=Victim.CONSUMER, kill_after=1.0, work=0.001, duration=2.0)
_BEHIND = replace(_JOBS, kill=Victim.REDIS, kill_after=1.8, work=0.008, duration=2.5, pop=Pop.LMOVE)
"""Consumers manage half of what comes, so that Redis dies with messages waiting in it."""
_DEATHS: Mapping[str, Workload] = {
    "consumer of brpop": replace(_AT_WORK, pop=Pop.BRPOP),
    "consumer of lmove": replace(_AT_WORK, pop=Pop.LMOVE),
    "redis with aof-everysec": replace(_BEHIND, persistence=Persistence.AOF_EVERYSEC),
}


class Killed(Question):
    """What a death loses: one of `jobs`' four consumers, in mid-work, or Redis under load.

    A consumer that popped (`brpop`) takes along the job in its hands; one that moved it (`lmove`)
    leaves it to its successor, who does it again. A log that reaches the disk once a second
    survives the process: what a power cut takes, no kill can show.
    """

    scenarios: Mapping[str, Scenario] = turned(_DEATHS, _DEATHS.__getitem__)
    params = turned_axes(scenarios, ("redis_queue",))
    param_names = ("killed", "pattern")

    @tracked("messages", version="1", despite=ABOUT_TIMES)
    def track_lost(self, runs: Sequence[Result]) -> Value:
        """Give how many messages of each kill nobody ever delivered, in the mean."""
        return _mean_over_kills([kill.lost for kill in _kills(runs)])

    @tracked("messages", version="1", despite=ABOUT_TIMES)
    def track_repeated(self, runs: Sequence[Result]) -> Value:
        """Give how many messages of each kill were begun again, in the mean."""
        return _mean_over_kills([kill.repeated for kill in _kills(runs)])

    @tracked("seconds", version="1")
    def track_back(self, runs: Sequence[Result]) -> Value:
        """Give the time until a successor's first delivery, or until Redis answers again."""
        return measured(kill.back for kill in _kills(runs))


def _kills(runs: Sequence[Result]) -> list[Kill]:
    return [run.kill for run in runs if run.kill is not None]


def _mean_over_kills(counts: Sequence[int]) -> Value:
    """Give a plain number and no samples: what is rare would vanish in a median."""
    if not counts:
        raise NotApplicable("nobody was killed")
    return rounded(sum(counts) / len(counts))
