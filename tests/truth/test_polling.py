"""A poll comes half an interval late on average: neither a whole one, nor none."""

from __future__ import annotations

import pytest

from harness.machine import read_machine
from harness.workload import ClientKind, Workload
from tests.truth.polling import run_polling, run_stream, wait

pytestmark = pytest.mark.alone

INTERVAL_S = 0.1
WORKLOAD = Workload(rate=200, warmup=0.2, duration=3)
TOLERANCE = 0.1
"""Of half the interval: five standard errors of 600 messages that meet a poll anywhere."""


@pytest.mark.slow
def test_the_mean_wait_is_half_the_interval() -> None:
    machine = read_machine()
    streamed = run_stream(ClientKind.WIRE, WORKLOAD, machine)
    polled = run_polling(ClientKind.WIRE, INTERVAL_S, WORKLOAD, machine)
    found = wait(polled, streamed)
    assert found.measured == pytest.approx(INTERVAL_S / 2, rel=TOLERANCE)
    assert polled.result.analytic_mean == INTERVAL_S / 2
