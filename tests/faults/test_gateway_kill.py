"""What the subscribers of a dead gateway miss: a gap of a channel, and nothing of a stream."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.scaling import Backplane
from harness.workload import ClientKind
from tests.prove.scaled import KILLED, as_promised, killed

pytestmark = [pytest.mark.alone, pytest.mark.slow]

SHORT = replace(KILLED, subscribers=30, rate=100.0, warmup=0.1, duration=1.2, kill_after=0.3)


@pytest.mark.parametrize(
    ("backplane", "client"),
    [
        (Backplane.PUBSUB, ClientKind.LIBRARY),
        (Backplane.STREAMS, ClientKind.WIRE),
        (Backplane.SHARDED, ClientKind.WIRE),
    ],
)
def test_a_gateway_that_dies(backplane: Backplane, client: ClientKind) -> None:
    found, kill = killed(replace(SHORT, backplane=backplane, client=client))
    assert as_promised(found, kill)
    assert found.gateways is not None
    assert sum(found.gateways.subscribers) == 30
    assert kill.clients == 10
    assert (kill.gap > 0) is not backplane.resumes
