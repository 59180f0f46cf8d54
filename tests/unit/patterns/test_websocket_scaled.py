"""What clients of several gateways keep: a position in a stream."""

from __future__ import annotations

import pytest

from harness.pattern import EVICTED, Endpoints, Seat
from harness.patterns.websocket_scaled import Position
from harness.scaling import Backplane
from harness.workload import Workload


def test_a_position_is_the_last_id() -> None:
    delivered: list[bytes] = []
    noted: list[str] = []
    workload = Workload(backplane=Backplane.STREAMS)
    seat = Seat(endpoints=Endpoints(urls={}), workload=workload, index=0, note=noted.append)
    position = Position(seat, delivered.append)
    assert position.mode == "subscribe"
    position.deliver(b"5-0\n")
    assert position.mode == "subscribe&after=5-0"
    position.deliver(b"6-1\na message")
    assert position.mode == "subscribe&after=6-1"
    assert delivered == [b"a message"]
    position.note(EVICTED)
    assert position.mode == "subscribe"
    assert noted == [EVICTED]


@pytest.mark.parametrize("backplane", [Backplane.PUBSUB, Backplane.SHARDED])
def test_a_channel_has_no_positions(backplane: Backplane) -> None:
    delivered: list[bytes] = []
    workload = Workload(backplane=backplane)
    seat = Seat(endpoints=Endpoints(urls={}), workload=workload, index=0)
    position = Position(seat, delivered.append)
    position.deliver(b"a message")
    assert delivered == [b"a message"]
    assert position.mode == "subscribe"
