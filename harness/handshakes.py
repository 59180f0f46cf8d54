"""How many connections a second a server takes on, and what each one costs both sides.

All connect at once, so that no ramp limits: what does is the server, or our own clients. Which of
them it was is told by the CPU that each used meanwhile (``harness.measure.set_up``).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from harness.errors import BadInput, NotMeasured
from harness.machine import Machine
from harness.measure.resources import HostSnapshot
from harness.measure.set_up import Connecting, SetUp
from harness.measure.use import host_use
from harness.measure.validity import MACHINE_RULES
from harness.observe import Live, Observation, observe
from harness.pattern import Pattern
from harness.plan import plan
from harness.series import until_undisturbed
from harness.workload import Workload

NS = 1_000_000_000
AT_ONCE = 1e6
"""Connections per second that are begun with: more than anything here takes on."""
FEWEST = 100
"""Below, what a server does for its first clients drowns what one takes."""
_PATIENCE_S, _PER_CONNECTION_S = 0.5, 0.004
"""Time that is given to all and to each, before messages are due: several times what they take."""

Way = tuple[Pattern, Workload]
"""What is connected to, and how."""


def require_tellable(pattern: Pattern, workload: Workload, connections: int) -> None:
    """Refuse what says nothing about connecting.

    Raises:
        BadInput: too few connections, or a pattern that polls: it does so while others connect.
    """
    if connections < FEWEST:
        raise BadInput("--connections", connections, f"too few to tell; give {FEWEST} or more")
    if pattern.poll_interval_s(workload):
        raise BadInput(
            "patterns", pattern.name, "polls while others connect; rest connects as it does"
        )


def set_ups(
    ways: Sequence[Way], connections: int, runs: int, machine: Machine
) -> Mapping[tuple[str, bool], Connecting]:
    """Connect by each way ``runs`` times, in blocks of random order; by pattern and whether by TLS.

    As in a series: what the machine disturbs is repeated, and what cannot be measured is put down
    with the reason and left out of later blocks.

    Raises:
        BadInput: this machine cannot hold so many.
    """
    made: dict[tuple[str, bool], list[SetUp]] = {_key(way): [] for way in ways}
    refused: dict[tuple[str, bool], str] = {}
    rng = random.Random(ways[0][1].seed)
    for _ in range(runs):
        for way in rng.sample(ways, len(ways)):
            if _key(way) in refused:
                continue
            try:
                made[_key(way)].append(_undisturbed(way, connections, machine))
            except NotMeasured as error:
                refused[_key(way)] = str(error)
    return {
        key: Connecting(runs=tuple(found), refused=refused.get(key, ""))
        for key, found in made.items()
    }


def _key(way: Way) -> tuple[str, bool]:
    pattern, workload = way
    return pattern.name, workload.tls


def _undisturbed(way: Way, connections: int, machine: Machine) -> SetUp:
    """Connect once, and again while the machine disturbs it."""
    made, _ = until_undisturbed(
        lambda: set_up(*way, connections, machine),
        lambda made: any(doubt.rule in MACHINE_RULES for doubt in made.doubts),
    )
    return made


def set_up(
    pattern: Pattern,
    workload: Workload,
    connections: int,
    machine: Machine,
    *,
    on_start: Callable[[Live], None] = lambda _live: None,
) -> SetUp:
    """Connect ``connections`` clients at once.

    Raises:
        BadInput: this machine cannot hold so many.
        NotMeasured: a server or a load process failed.
    """
    begun: list[HostSnapshot] = []

    def begin(live: Live) -> None:
        begun.append(HostSnapshot.read())
        on_start(live)

    seen = _observed(pattern, workload, connections, machine, begin)
    before, after = begun[-1], seen.host[0]
    return SetUp(
        pattern=pattern.name,
        tls=workload.tls,
        connections=connections,
        held=seen.recording.connections,
        seconds=seen.recording.entering_ns / NS,
        server_cpu=_server_cpu(seen) / connections,
        load_cpu=seen.recording.entering_cpu_ns / NS / connections,
        host=host_use(before, after, seen.pinned),
        watched=(after.at_ns - before.at_ns) / NS,
        failures=seen.recording.notes,
    )


def _observed(
    pattern: Pattern,
    workload: Workload,
    connections: int,
    machine: Machine,
    on_start: Callable[[Live], None],
) -> Observation:
    both = workload.exchange.both_ways
    asked = replace(
        workload,
        publishers=connections if both else 1,
        subscribers=1 if workload.exchange.calls else connections,
        rate=50.0,
        ramp=AT_ONCE,
        load_processes=1,
        warmup=0.0,
        duration=0.2,
    )
    planned = plan(pattern, asked, machine)
    patience_s = planned.setup_s + _PATIENCE_S + _PER_CONNECTION_S * connections
    return observe(replace(planned, setup_s=patience_s), asked, on_start=on_start)


def _server_cpu(seen: Observation) -> float:
    """Give the CPU seconds from readiness to the window's beginning: nothing else happened."""
    before, after = seen.idle_servers.cpu_ns, seen.servers[0].cpu_ns
    return sum(after[pid] - before[pid] for pid in before) / NS
