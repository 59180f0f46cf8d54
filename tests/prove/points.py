"""Which point is proved by what; the part before the dot is the issue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.machine import Machine
from tests.prove import (
    asv_commands,
    audit,
    clone,
    compared,
    cost,
    delay,
    every_pattern,
    fairness,
    gate,
    gate_alike,
    gate_finds,
    gate_planted,
    groups,
    guest,
    journey,
    kills,
    leftovers,
    network,
    polling,
    profiles,
    redis_commands,
    refusals,
    releases,
    scaled,
    stall,
    tls,
    workflows,
    your_servers,
)
from tests.prove.claim import Claim, Prove
from tests.prove.tested import tested


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One promise of an issue."""

    number: str
    title: str
    prove: Prove
    long: bool = False
    """Too long for its issue's 45 minutes: measured under LONG=1, its committed log is checked."""


def _plug_in(_machine: Machine) -> Iterator[Claim]:
    yield tested(
        "a pattern in a package of its own, installed and found by entry point: conformance",
        ("tests/patterns/test_external_pattern.py",),
    )


def _deaths(_machine: Machine) -> Iterator[Claim]:
    yield tested(
        "server that dies in mid-run, Redis that cannot start, processes killed while starting",
        ("tests/faults",),
    )


def _pages(_machine: Machine) -> Iterator[Claim]:
    yield tested(
        "our pages in Chromium without a network, from file://, light and dark, desktop and phone",
        ("tests/pages",),
    )
    yield tested("asv's pages in Chromium, served, without a network", ("tests/asv/test_pages.py",))
    yield tested("the committed baseline makes every page", ("tests/asv/test_baseline.py",))


def _workflows(_machine: Machine) -> Iterator[Claim]:
    yield tested(
        "workflows: actionlint, permissions, every quick script in a clean checkout",
        ("tests/workflows",),
    )


def _clients(_machine: Machine) -> Iterator[Claim]:
    yield tested(
        "npm's packages and Chromium's own clients: 1,000 numbered messages, each once, in order",
        ("tests/npm",),
    )


POINTS: Sequence[Point] = (
    Point(number="1.1", title="fresh clone: make bench", prove=clone.prove_bench),
    Point(number="1.1", title="fresh clone: make test", prove=clone.prove_test, long=True),
    Point(number="1.2", title="every pattern, both clients", prove=every_pattern.prove),
    Point(number="1.3", title="truth, delay", prove=delay.prove, long=True),
    Point(number="1.4", title="truth, stall", prove=stall.prove),
    Point(number="1.5", title="truth, audit", prove=audit.prove),
    Point(number="1.6", title="theory of polling", prove=polling.prove),
    Point(number="1.7", title="fairness", prove=fairness.prove),
    Point(number="1.8", title="cost of measuring", prove=cost.prove),
    Point(number="1.9", title="cleaning up", prove=leftovers.prove),
    Point(number="1.9", title="deaths in mid-run", prove=_deaths),
    Point(number="1.10", title="bad input", prove=refusals.prove),
    Point(number="1.11", title="plug-in", prove=_plug_in),
    Point(number="2.1", title="the gate: nothing changed", prove=gate_alike.prove, long=True),
    Point(number="2.2", title="the gate: planted changes", prove=gate_planted.prove, long=True),
    Point(number="2.3", title="asv's commands in a fresh clone", prove=asv_commands.prove),
    Point(number="2.4", title="releases of libraries", prove=releases.prove),
    Point(number="2.5", title="pages", prove=_pages),
    Point(number="2.6", title="the gate: refusals and interrupts", prove=gate.prove),
    Point(
        number="2.6",
        title="the gate: delays found, in a library too",
        prove=gate_finds.prove,
    ),
    Point(number="2.7", title="workflows", prove=_workflows),
    Point(number="2.7", title="workflows' steps", prove=workflows.prove, long=True),
    Point(number="3.1", title="groups: everybody to everybody", prove=groups.prove),
    Point(number="3.1", title="abec compare, in a fresh clone", prove=compared.prove, long=True),
    Point(number="3.2", title="whole journeys", prove=journey.prove, long=True),
    Point(number="3.3", title="consumers killed", prove=kills.prove_consumer, long=True),
    Point(number="3.4", title="Redis killed, and prices", prove=kills.prove_redis, long=True),
    Point(number="3.5", title="Redis commands, both clients", prove=redis_commands.prove),
    Point(number="3.6", title="somebody's Redis", prove=guest.prove_untouched),
    Point(number="3.8", title="what Redis refuses", prove=guest.prove_refusals),
    Point(number="4.1", title="networks", prove=network.prove),
    Point(number="4.2", title="other people's clients", prove=_clients),
    Point(number="4.3", title="servers that are there already", prove=your_servers.prove_measured),
    Point(number="4.4", title="WebSockets scaled out", prove=scaled.prove, long=True),
    Point(number="4.5", title="TLS beside plaintext", prove=tls.prove, long=True),
    Point(number="4.6", title="profiles and baseline", prove=profiles.prove_expected),
    Point(number="4.6", title="profiles to their ends", prove=profiles.prove_real, long=True),
    Point(number="4.7", title="what is no such server", prove=your_servers.prove_refusals),
)
