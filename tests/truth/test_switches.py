"""Context switches of a server whose work is known: it waits for each message, and wakes once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.machine import read_machine
from harness.registry import load
from harness.run import run
from harness.workload import Workload

pytestmark = pytest.mark.alone

_RATE, _WINDOW_S = 200.0, 1.5
_CALM = Workload(rate=_RATE, warmup=0.3, duration=_WINDOW_S)
"""5 ms between messages: the server waits again before the next comes."""


@pytest.mark.slow
@pytest.mark.parametrize("subscribers", [1, 8])
def test_a_relay_is_switched_once_a_message_whoever_listens(subscribers: int) -> None:
    workload = replace(_CALM, subscribers=subscribers)
    found = run(load("floor@no-loop"), workload, read_machine()).server
    assert found.switches is not None
    assert found.switches_per_delivery is not None
    messages = _RATE * _WINDOW_S
    # Poisson arrivals that come together share a wake-up; a busy machine adds switches.
    assert 0.6 * messages < found.switches < 3 * messages
    assert 0.6 < found.switches_per_delivery * subscribers < 3
