"""Every registered pattern keeps every promise: both clients, on the loop that measures."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import pytest

from harness.conformance import check_death, check_pattern
from harness.load.loop import LoadLoop
from harness.pattern import Pattern
from harness.process.servers import Running, started
from harness.registry import load, names
from harness.rig import WORKLOAD
from harness.scaling import Backplane, Balancer
from harness.workload import ClientKind
from tests.patterns.promises import hold_promises

pytestmark = pytest.mark.slow


class Served(NamedTuple):
    """A pattern and its servers, which run."""

    pattern: Pattern
    running: Running


@pytest.fixture(scope="module", params=names())
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    """Start each pattern's servers once, for all tests of this module."""
    pattern = load(request.param)
    with started(pattern.servers(WORKLOAD), WORKLOAD) as running:
        yield Served(pattern, running)


@pytest.mark.parametrize("kind", ClientKind)
def test_promises_are_kept(served: Served, kind: ClientKind) -> None:
    pattern, running = served
    by_themselves = {one for one in pattern.exchanges if one.both_ways}
    shapes = len(pattern.publish) * len(pattern.exchanges - by_themselves) + len(by_themselves)
    for pop in sorted(pattern.pops) or (WORKLOAD.pop,):
        asked = replace(WORKLOAD, pop=pop)
        with asyncio.Runner(loop_factory=LoadLoop) as runner:
            proved = runner.run(check_pattern(pattern, kind, running.endpoints, asked=asked))
        assert len(proved) == len(set(proved)) >= 7 * shapes > 0
    running.check()


def test_a_stream_between_gateways_keeps_promises() -> None:
    """Frames of a stream are other frames; without a balancer clients go to gateways in turn."""
    asked = replace(WORKLOAD, backplane=Backplane.STREAMS, balancer=Balancer.NONE, gateways=2)
    hold_promises("websocket_scaled", asked)


def test_death_of_the_servers_is_noted(served: Served) -> None:
    """Comes last: pytest runs a pattern's tests in the order of this file."""
    pattern, running = served

    def kill() -> None:
        for child in running.children:
            child.kill()

    with asyncio.Runner(loop_factory=LoadLoop) as runner:
        runner.run(check_death(pattern, tuple(ClientKind), running.endpoints, kill))
