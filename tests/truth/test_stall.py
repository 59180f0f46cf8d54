"""A frozen server shows in the latency, in full; a frozen generator makes the run invalid."""

from __future__ import annotations

import pytest

from harness.freeze import Freezer, Pids, evenly, servers
from harness.machine import read_machine
from harness.registry import load
from harness.workload import Exchange, Workload
from tests.truth.seen import Seen, watch
from tests.truth.stall import (
    LOW_SHARE,
    early_arrivals,
    expect,
    generator,
    over_one_receiver,
    receivers,
)

pytestmark = pytest.mark.alone

LENGTH_S = 0.3
WORKLOAD = Workload(rate=100, warmup=0.2, duration=2)
HIGH_SHARE = 0.15
"""Beside other programs a wait also has their share in it; `make prove` holds 3 %."""
WAYS = [
    ("floor", Exchange.BROADCAST),
    ("sse", Exchange.BROADCAST),
    ("websocket", Exchange.BROADCAST),
    ("long_polling", Exchange.BROADCAST),
    ("rest_polling", Exchange.BROADCAST),
    ("rest", Exchange.REQUEST_REPLY),
    ("redis_pubsub", Exchange.BROADCAST),
    ("redis_queue", Exchange.WORK_QUEUE),
]


def frozen(name: str, exchange: Exchange, pids: Pids, times: int) -> tuple[Seen, Freezer]:
    workload = over_one_receiver(WORKLOAD, exchange)
    offsets_s = evenly(times, workload.duration, workload.warmup, LENGTH_S)
    freezer = Freezer(pids, offsets_s, LENGTH_S)
    seen = watch(load(name), workload, read_machine(), freezer.on_start)
    assert len(freezer.stalls) == times
    return seen, freezer


@pytest.mark.slow
@pytest.mark.parametrize(("name", "exchange"), WAYS)
def test_what_is_due_while_the_server_stands_still_waits_for_it(
    name: str, exchange: Exchange
) -> None:
    seen, freezer = frozen(name, exchange, servers, 2)
    assert early_arrivals(seen, freezer.stalls) == 0
    assert seen.result.audit.clean
    expected = expect(seen, load(name), freezer.stalls)
    assert 0.15 < expected.waited.mean() < 0.6
    # Its own expectation is sorted as what was measured is: the slowest are those that waited.
    count = int(expected.waited.sum())
    measured_ns = seen.book.since(seen.book.messages.due_ns)
    measured_ns.sort()
    off = measured_ns[-count:].mean() / expected.latency_ns[-count:].mean() - 1
    assert LOW_SHARE <= off <= HIGH_SHARE


@pytest.mark.slow
@pytest.mark.parametrize("pids", [generator, receivers], ids=["all", "subscriber"])
def test_a_generator_that_stands_still_makes_the_run_invalid(pids: Pids) -> None:
    seen, _ = frozen("sse", Exchange.BROADCAST, pids, 1)
    assert "generator pause" in {doubt.rule for doubt in seen.result.doubts}
