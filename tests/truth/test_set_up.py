"""Connections made at once to a real server: all are held, and a server that stood set no pace."""

from __future__ import annotations

import pytest

from harness.freeze import Freezer, servers
from harness.handshakes import FEWEST, set_up
from harness.machine import read_machine
from harness.measure.set_up import ABOUT_PACE
from harness.registry import load
from harness.workload import Workload

WORKLOAD = Workload(tls=True)
STOOD_S = 0.6


@pytest.mark.slow
def test_a_server_that_stood_while_clients_connected_did_not_set_the_pace() -> None:
    freezer = Freezer(servers, (-60.0,), STOOD_S)
    made = set_up(load("sse"), WORKLOAD, FEWEST, read_machine(), on_start=freezer.on_start)
    assert len(freezer.stalls) == 1
    assert (made.held, made.failures) == (FEWEST, {})
    assert made.seconds > STOOD_S / 2
    pace = [doubt for doubt in made.doubts if doubt.rule in ABOUT_PACE]
    assert [doubt.rule for doubt in pace] == ["neither busy"]
    assert made.server_cpu > 0
    assert made.load_cpu > 0
