"""A known delay is measured as what it is, in each pattern whose server can be made to delay."""

from __future__ import annotations

import numpy as np
import pytest

from harness.machine import read_machine
from harness.workload import Exchange, Workload
from tests.truth.delay import Delay, Way, hold_delay, queueing, rest
from tests.truth.seen import undisturbed

pytestmark = pytest.mark.alone

MIXED = Delay(name="a fifth of 40 ms, else 10 ms", usual=0.01, slow=0.04, slow_fraction=0.2)
CALLING = Workload(exchange=Exchange.REQUEST_REPLY, publishers=64, rate=100, warmup=0.2, duration=2)
STREAMING = Workload(rate=50, warmup=0.2, duration=1.5)
WAYS = (
    Way(pattern="rest", exchange=Exchange.REQUEST_REPLY),
    Way(pattern="floor", exchange=Exchange.REQUEST_REPLY),
    Way(pattern="sse", exchange=Exchange.BROADCAST),
    Way(pattern="websocket", exchange=Exchange.BROADCAST),
    Way(pattern="long_polling", exchange=Exchange.BROADCAST),
)
TOLERANCE_S = 0.001
"""A tenth of the shortest delay."""


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_service_latency_is_what_was_applied_and_little_more(way: Way) -> None:
    machine = read_machine()
    asked = STREAMING if way.ordered else CALLING
    plain = undisturbed(lambda: hold_delay(way, asked, machine, None))
    delayed = undisturbed(lambda: hold_delay(way, asked, machine, MIXED))
    left = rest(delayed, plain)
    assert left.least > 0, "a message arrived before the server handed it on"
    assert abs(left.above_p50) <= TOLERANCE_S
    assert delayed.result.audit.clean
    planned_ns = MIXED.of(delayed)
    assert set(np.unique(planned_ns)) == {10_000_000, 40_000_000}
    assert np.all(delayed.told.applied_ns >= planned_ns), "the server itself was too quick"
    if way.ordered:
        computed = queueing(delayed, MIXED)
        assert computed.early == 0
        assert computed.waited > 0.05
