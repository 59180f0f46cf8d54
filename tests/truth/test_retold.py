"""A real run with stops: what they imply, what was measured, and what a closed loop has of it."""

from __future__ import annotations

import pytest

from harness.freeze import Freezer, evenly, servers
from harness.machine import read_machine
from harness.measure import retold
from harness.measure.ledger import ledger
from harness.observe import Observation
from harness.registry import load
from harness.run import run
from harness.workload import Workload

pytestmark = pytest.mark.alone

WORKLOAD = Workload(rate=300, warmup=0.1, duration=1.5)
STOPS, LENGTH_S = 2, 0.2


@pytest.mark.slow
def test_the_truth_has_what_the_stops_imply_and_a_closed_loop_has_not() -> None:
    offsets_s = evenly(STOPS, WORKLOAD.duration, WORKLOAD.warmup, LENGTH_S)
    freezer = Freezer(servers, offsets_s, LENGTH_S)
    seen: list[Observation] = []

    result = run(load("floor"), WORKLOAD, read_machine(), on_seen=seen.append, freezer=freezer)

    assert result.remarks[0] == "the servers were stopped on purpose: 2 times, 0.40 s in all"
    course = retold.course(ledger(seen[0].recording, WORKLOAD, *seen[0].window_ns))
    stalls = [(stall.begin_ns, stall.end_ns) for stall in seen[0].stalls]
    truth, closed = retold.truth(course), retold.closed_loop(course)
    held = retold.begun_within(truth, stalls)
    assert held > 60  # of 120 expected
    assert retold.begun_within(closed, stalls) <= 2 * STOPS
    for q in (0.9, 0.99):
        told = truth.quantile_s(q)
        assert told is not None
        assert told >= retold.implied_s(course, stalls, q) > 0.05
    assert result.delivery.p99 == truth.quantile_s(0.99)
