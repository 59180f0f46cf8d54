"""3.3 and 3.4: consumers and Redis killed under load, and every message accounted for.

What these two points find is what the tables in docs/patterns are made of:
``python -m tests.prove.guarantees`` measures it and writes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from harness.errors import NotMeasured
from harness.machine import Machine
from harness.measure.statistics import median
from harness.queueing import Persistence, Pop, Victim
from harness.result import Kill, Result
from harness.series import Cell, measure
from harness.workload import ClientKind, Exchange, Workload
from tests.prove.claim import Claim, ms

TIMES = 10
RUNS = 5
"""Of what is measured as price."""
_JOBS = Workload(exchange=Exchange.WORK_QUEUE, subscribers=2, rate=1000.0, warmup=0.2)
CONSUMER = replace(_JOBS, kill=Victim.CONSUMER, work=0.001, duration=1.5, kill_after=0.6)
REDIS = replace(_JOBS, kill=Victim.REDIS, work=0.004, duration=2.5, kill_after=1.8, pop=Pop.LMOVE)
"""Consumers manage half of what comes, so that Redis dies with messages waiting in it."""
SNAPSHOTS = replace(REDIS, duration=4.6, kill_after=4.3)
"""A snapshot is up to 2 s old: some of what waits must be older, to be in it."""
OPEN = replace(_JOBS, duration=2.5, pop=Pop.LMOVE)
CLOSED = replace(OPEN, rate=None, concurrency=64)

WAYS: Mapping[str, tuple[str, Pop]] = {
    "brpop": ("redis_queue", Pop.BRPOP),
    "rpop": ("redis_queue", Pop.RPOP),
    "lmove": ("redis_queue", Pop.LMOVE),
    "stream": ("redis_stream", Pop.BRPOP),
}
LOSES = frozenset({"brpop", "rpop"})
"""At most once; the others do again what was not acknowledged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What several kills of one kind did; each figure a kill."""

    lost: tuple[int, ...]
    repeated: tuple[int, ...]
    held: tuple[int, ...]
    accepted: tuple[int, ...]
    waiting: tuple[int, ...]
    back: tuple[float, ...]
    latest: tuple[float, ...]
    unsaved: tuple[float, ...]
    """0 where nothing was lost."""
    survived: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Medians over runs in which nobody was killed."""

    p99: float | None
    """Of delivery, in seconds, at 1,000 msg/s."""
    p99_valid: int
    """Of how many runs it may be believed."""
    throughput: float
    """Messages per second with 64 in flight."""
    throughput_valid: int
    runs: int
    """Of each."""


def consumer_killed(way: str, client: ClientKind, times: int = TIMES) -> Outcome:
    """Kill one of two consumers at work."""
    name, pop = WAYS[way]
    return _killed(name, replace(CONSUMER, pop=pop, client=client), times)


def redis_killed(name: str, persistence: Persistence, times: int = TIMES) -> Outcome:
    """Kill Redis with messages in it."""
    asked = SNAPSHOTS if persistence is Persistence.RDB else REDIS
    return _killed(name, replace(asked, persistence=persistence), times)


def price(name: str, persistence: Persistence, runs: int = RUNS) -> Price:
    """Measure what writing things down costs."""
    cells = [
        Cell(pattern=name, workload=replace(asked, persistence=persistence))
        for asked in (OPEN, CLOSED)
    ]
    series = measure(cells, runs=runs)
    if series.refused:
        raise NotMeasured("; ".join(series.refused.values()))
    opened = [run for run in series.results if run.workload.open_loop]
    closed = [run for run in series.results if not run.workload.open_loop]
    return Price(
        p99=median([run.delivery.p99 for run in _fit(opened)]),
        throughput=median([run.throughput for run in _fit(closed)]) or 0.0,
        p99_valid=sum(run.valid for run in opened),
        throughput_valid=sum(run.valid for run in closed),
        runs=runs,
    )


def prove_consumer(_machine: Machine) -> Iterator[Claim]:
    """Kill consumers that take in each of the ways, with both clients."""
    for way in WAYS:
        for client in ClientKind:
            yield consumer_claim(f"{way}, {client}", way, consumer_killed(way, client))


def consumer_claim(what: str, way: str, found: Outcome) -> Claim:
    """Say whether each kill lost or repeated what the way promises."""
    expected = (1, 0) if way in LOSES else (0, 1)
    each = set(zip(found.held, found.lost, found.repeated, strict=True))
    return Claim(
        what=f"{what}: {len(found.lost)} consumers killed at work",
        figure=f"held {sum(found.held)}, lost {sum(found.lost)}, repeated "
        f"{sum(found.repeated)}, successor after {ms(max(found.back))}, "
        f"latest {ms(max(found.latest))}",
        bound=f"each holds 1, loses {expected[0]}, repeats {expected[1]}",
        ok=each == {(1, *expected)},
    )


def prove_redis(_machine: Machine) -> Iterator[Claim]:
    """Kill Redis under each persistence, and give the price of each."""
    for name in ("redis_queue", "redis_stream"):
        for persistence in Persistence:
            yield redis_claim(name, persistence, redis_killed(name, persistence))
            yield price_claim(name, persistence, price(name, persistence))


def redis_claim(name: str, persistence: Persistence, found: Outcome) -> Claim:
    """Say whether what is gone is what the persistence promises.

    A snapshot, or a log that is cut off, holds all that Redis confirmed until some moment and
    nothing later: one publisher's messages, of which none may be gone that is older than one that
    is still there.
    """
    return Claim(
        what=f"{name}, {persistence}: Redis killed {len(found.lost)} times",
        figure=f"confirmed {sum(found.accepted)}, waiting {sum(found.waiting)}, gone "
        f"{sum(found.lost)} (the last {ms(max(found.unsaved))} at most, {sum(found.survived)} of "
        f"these there), repeated {sum(found.repeated)}, back after {ms(max(found.back))}",
        bound=_PROMISES[persistence],
        ok=_kept(persistence, found),
    )


def price_claim(name: str, persistence: Persistence, cost: Price) -> Claim:
    """Say what the persistence costs while nobody is killed."""
    shown = "lost" if cost.p99 is None else ms(cost.p99)
    return Claim(
        what=f"{name}, {persistence}: price",
        figure=f"p99 {shown} at 1,000 msg/s ({cost.p99_valid} of {cost.runs} runs valid), "
        f"{cost.throughput:,.0f} msg/s of 64 in flight ({cost.throughput_valid} of {cost.runs})",
        bound="measured",
        ok=cost.p99 is not None and cost.throughput > 0,
    )


_PROMISES: Mapping[Persistence, str] = {
    Persistence.NONE: "all that waited is gone",
    Persistence.RDB: "in every run the end of what came is gone, all of it and nothing before",
    Persistence.AOF_EVERYSEC: "at most the end of what came is gone, less than waited",
    Persistence.AOF_ALWAYS: "nothing is gone",
}


def _kept(persistence: Persistence, found: Outcome) -> bool:
    pairs = list(zip(found.lost, found.waiting, strict=True))
    if not all(found.waiting) or any(found.survived):
        return False
    if persistence is Persistence.NONE:
        return all(lost == waiting for lost, waiting in pairs)
    if persistence is Persistence.RDB:
        return all(0 < lost < waiting for lost, waiting in pairs)
    if persistence is Persistence.AOF_EVERYSEC:
        return all(lost < waiting for lost, waiting in pairs)
    return not any(found.lost)


def _killed(name: str, workload: Workload, times: int) -> Outcome:
    kills: list[Kill] = []
    for number in range(times):
        cell = Cell(pattern=name, workload=replace(workload, seed=number + 1))
        series = measure([cell], runs=1)
        if series.refused:
            raise NotMeasured("; ".join(series.refused.values()))
        kills += [found.kill for found in series.results if found.kill is not None]
    return Outcome(
        lost=tuple(kill.lost for kill in kills),
        repeated=tuple(kill.repeated for kill in kills),
        held=tuple(kill.held for kill in kills),
        accepted=tuple(kill.accepted or 0 for kill in kills),
        waiting=tuple(kill.waiting or 0 for kill in kills),
        back=tuple(round(kill.back, 4) for kill in kills),
        latest=tuple(round(kill.latest or 0.0, 4) for kill in kills),
        unsaved=tuple(round(kill.unsaved or 0.0, 4) for kill in kills),
        survived=tuple(kill.survived or 0 for kill in kills),
    )


def _fit(results: list[Result]) -> list[Result]:
    return [result for result in results if result.valid] or results
