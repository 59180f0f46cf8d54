"""What a comparison measures: which cells in which steps, and memory as a slope over sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from harness.errors import BadInput
from harness.machine import Machine
from harness.measure.compare import MemoryPerConnection
from harness.pattern import Pattern
from harness.plan import plan
from harness.queueing import Victim
from harness.registry import load
from harness.result import Result, Series
from harness.series import MOST_RERUNS, Cell, cells_of, expected_s, require_possible
from harness.workload import Arrivals, Exchange, Workload

CURVE = (0.25, 1.0, 4.0)
"""Multiples of the poll interval: each step is a quarter of the polls and four times the wait."""
MEMORY_SIZES = (1, 250, 500, 1000)
"""Numbers of connections that the slope is drawn through."""
_FEWEST_SIZES = 2
NETWORK_RTT_S = 0.05
"""What a comparison without a network of its own puts between servers and clients for once."""
_NETWORK_RUNS = 6
"""Five have to be valid: one may be disturbed."""
_NETWORK_S = 4.0
"""A round trip is not found but put there: short windows show what a pattern makes of it."""
_NETWORK_MESSAGES = 100
"""Of a run: p50 alone is told."""
_FEWEST_PERIODS = 4
"""Of polls and of bursts in a window: it must not matter where one falls."""
_MOST_THROUGH_A_RELAY = 16
"""Deliveries of one message, where clients run on the relay's core: of 50 at once the last come out
1 to 1.5 ms late, which is more than a valid run allows."""
_FEWER_THROUGH_A_RELAY = 8
"""So many instead. Of 16 in a group, half waited for one another for 8 to 9 % of their latency;
10 % make a run invalid."""
_SATURATION_S = 2.0
"""A closed loop delivers thousands of messages in this; latency, which needs more, isn't asked."""
_SATURATION_WARMUP_S = 0.5
_SHORTEST_INTERVAL_S = 0.001

_MEMORY_RATE = 5.0
_MEMORY_PAYLOAD = 256
_MEMORY_POLL_S = 1.0


class Part(StrEnum):
    """What a step is for."""

    LATENCY = "latency"
    SATURATION = "saturation"
    POLLING = "polling"
    NETWORK = "network"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One series of a comparison."""

    part: Part
    cells: tuple[Cell, ...]
    runs: int
    expected_s: float
    """How long it takes, roughly."""

    @property
    def most_reruns(self) -> int:
        """How often a disturbed run is repeated: memory does not mind who else was busy."""
        return 0 if self.part is Part.MEMORY else MOST_RERUNS


def comparison_steps(
    patterns: Sequence[str],
    workload: Workload,
    machine: Machine,
    *,
    runs: int,
    saturation_concurrency: int,
    memory_sizes: Sequence[int] = MEMORY_SIZES,
    saturate_implementations: bool = True,
    with_network: bool = True,
) -> tuple[Step, ...]:
    """Plan all that a comparison of ``patterns`` (floors included) measures.

    Without ``saturate_implementations`` only default stacks and floors are saturated.
    A closed-loop workload is compared by itself: a saturation step and a polling curve, which
    are the same question under another load, would answer another one. So is a workload in which
    somebody is killed: what becomes of its messages is asked of no other load. Nor is a journey
    saturated whose workers take their time: it would be them that are measured; nor a group, for
    whose members one process of ours would publish and receive, the busier side. ``memory_sizes``
    may be empty. Sizes that this machine cannot hold are left out. ``with_network`` adds default
    stacks and floors with a network in between, where the workload has none and could have one; and
    without it once more, where a relay on this machine carries only fewer receivers.

    Raises:
        BadInput: a pattern or this machine or an explicit Redis cannot do what is asked.
    """
    cells = cells_of(patterns, workload)
    parts: list[tuple[Part, list[Cell], int]] = [(Part.LATENCY, cells, runs)]
    killed = workload.kill is not Victim.NONE
    if workload.open_loop and not killed:
        if not _is_bound_elsewhere(workload):
            closed = _closed(workload, saturation_concurrency)
            saturated = [
                name for name in patterns if saturate_implementations or _is_default(load(name))
            ]
            parts.append((Part.SATURATION, cells_of(saturated, closed), runs))
        parts.append((Part.POLLING, _curve(patterns, workload), runs))
        if with_network and workload.relayable and not workload.networked:
            beside = _networked(patterns, workload, machine)
            parts.append((Part.NETWORK, beside, min(runs, _NETWORK_RUNS)))
    if not killed:
        parts.append((Part.MEMORY, _sizes(patterns, workload, machine, memory_sizes), 1))
    require_possible([cell for _, chosen, _ in parts for cell in chosen], machine)
    return tuple(
        Step(
            part=part,
            cells=tuple(chosen),
            runs=times,
            expected_s=times * sum(expected_s(cell) for cell in chosen),
        )
        for part, chosen, times in parts
        if chosen
    )


def shortened(workload: Workload, window_s: float = 2.1, messages: int = 210) -> Workload:
    """Shorten a workload, but not below what so many messages take: of 210, p90 has 20 beyond it.

    Nor below a few polls or bursts, nor what workers need to be gone and to come back, or whoever
    is killed to be replaced.
    """
    needed = max(
        window_s,
        0.0 if workload.rate is None else messages / workload.rate,
        _FEWEST_PERIODS * max(workload.poll_interval, workload.tick),
        2 * workload.workers_gone,
        0.0 if workload.kill is Victim.NONE else 2 * workload.kill_after,
    )
    return replace(
        workload, warmup=min(workload.warmup, 0.3), duration=min(workload.duration, needed)
    )


def connections(workload: Workload) -> int:
    """Count the connections whose memory the slope is about."""
    return workload.receivers


def memory_slopes(series: Series) -> Mapping[str, MemoryPerConnection]:
    """Fit memory over connections by least squares, for each pattern with two sizes or more.

    Each run counts with what it grew by since its servers were ready, so that what a process
    or the kernel held before is left out. Where the servers' memory was not known at one of the
    two moments, only the kernel's counts.
    """
    runs: dict[str, list[Result]] = {}
    for run in series.results:
        runs.setdefault(run.pattern, []).append(run)
    return {
        pattern: MemoryPerConnection(
            process=_slope(own, lambda run: run.server.grown),
            kernel=kernel,
        )
        for pattern, own in runs.items()
        if (kernel := _slope(own, lambda run: run.server.kernel - run.server.kernel_before))
        is not None
    }


def memory_series(series: Series) -> tuple[Series, ...]:
    """Divide a series over numbers of connections by what else differs: TLS has its own slope.

    Any other series stays whole.
    """
    if not memory_slopes(series):
        return (series,)
    ways: dict[Workload, list[Result]] = {}
    for run in series.results:
        anyhow = replace(run.workload, publishers=1, subscribers=1)
        ways.setdefault(anyhow, []).append(run)
    return tuple(replace(series, results=tuple(runs)) for runs in ways.values())


def _slope(runs: Sequence[Result], grown: Callable[[Result], int | None]) -> float | None:
    """Give bytes per connection; None where there are too few sizes to draw a line through."""
    found = [(connections(run.workload), size) for run in runs if (size := grown(run)) is not None]
    held = [count for count, _ in found]
    if len(set(held)) < _FEWEST_SIZES:
        return None
    return float(np.polyfit(held, [size for _, size in found], 1)[0])


def _is_bound_elsewhere(workload: Workload) -> bool:
    """Whether a closed loop would find what workers or our clients can do, whatever the pattern."""
    by_workers = workload.exchange is Exchange.JOURNEY and workload.service_time > 0
    return by_workers or workload.exchange is Exchange.GROUP


def _closed(workload: Workload, concurrency: int) -> Workload:
    return replace(
        workload,
        rate=None,
        concurrency=concurrency,
        load_processes=1,
        workers_gone=0.0,
        warmup=min(workload.warmup, _SATURATION_WARMUP_S),
        duration=min(workload.duration, _SATURATION_S),
    )


def _curve(patterns: Sequence[str], workload: Workload) -> list[Cell]:
    return [
        Cell(
            pattern=name,
            workload=replace(
                workload,
                poll_interval=max(_SHORTEST_INTERVAL_S, workload.poll_interval * multiple),
            ),
        )
        for name in patterns
        if _is_default(load(name)) and load(name).poll_interval_s(workload)
        for multiple in CURVE
    ]


def _networked(patterns: Sequence[str], workload: Workload, machine: Machine) -> list[Cell]:
    default = [name for name in patterns if _is_default(load(name))]
    near = _through_a_relay(default, workload, machine)
    brief = replace(shortened(near, _NETWORK_S, _NETWORK_MESSAGES), warmup=near.warmup)
    far = cells_of(default, replace(brief, rtt=NETWORK_RTT_S))
    return far if near == workload else [*cells_of(default, brief), *far]


def _through_a_relay(patterns: Sequence[str], workload: Workload, machine: Machine) -> Workload:
    """Let fewer receive each message where a relay would be late with as many."""
    if workload.deliveries_per_message <= _MOST_THROUGH_A_RELAY:
        return workload
    size = max(_FEWER_THROUGH_A_RELAY, workload.load_processes)
    publishers = size if workload.exchange.both_ways else workload.publishers
    fewer = replace(workload, publishers=publishers, subscribers=size)
    far = replace(fewer, rtt=NETWORK_RTT_S)
    crowded = any(plan(load(name), far, machine).relay_crowded for name in patterns)
    return fewer if crowded else workload


def _sizes(
    patterns: Sequence[str], workload: Workload, machine: Machine, sizes: Sequence[int]
) -> list[Cell]:
    return [
        Cell(pattern=name, workload=holding)
        for name in patterns
        if not _is_floor(load(name))
        for size in sizes
        if _possible(load(name), holding := _holding(workload, size), machine)
    ]


def _holding(workload: Workload, size: int) -> Workload:
    """Give a light load over ``size`` connections, so that they are served and not only held."""
    publishers = size if workload.exchange.both_ways else 1
    return replace(
        workload,
        publishers=publishers,
        subscribers=size,
        rate=_MEMORY_RATE,
        concurrency=None,
        arrivals=Arrivals.POISSON,
        burst=0,
        payload=min(workload.payload, _MEMORY_PAYLOAD),
        payload_file="",
        workers_gone=0.0,
        rtt=0.0,
        jitter=0.0,
        bandwidth=0.0,
        warmup=0.5,
        duration=1.5,
        poll_interval=max(workload.poll_interval, _MEMORY_POLL_S),
    )


def _possible(pattern: Pattern, workload: Workload, machine: Machine) -> bool:
    try:
        plan(pattern, workload, machine)
    except BadInput:
        return False
    return True


def _is_default(pattern: Pattern) -> bool:
    return pattern.name == pattern.family or _is_floor(pattern)


def _is_floor(pattern: Pattern) -> bool:
    return pattern.family == "floor"
