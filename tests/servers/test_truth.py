"""The truth server: what it says it did is what its clients see."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest
from websockets.sync.client import connect

from harness.envelope import Envelope, pack, unpack
from servers.framing import EMPTY_FRAME, frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.conftest import Running, Start

COUNT = 300
FAULTS = ("--drop", "100", "--duplicate", "60", "--swap", "50", "--corrupt", "30")
PADDING = b"abcdefghijklmnopqrstuvwxyz"
CRC = crc32(PADDING)


def message(sequence: int, publisher: int = 7) -> bytes:
    return pack(publisher, sequence, time.monotonic_ns(), PADDING, CRC)


def fault_log_of(server: Running, path: Path) -> dict[str, Any]:
    server.stop()
    fault_log: dict[str, Any] = json.loads(path.read_text())
    assert not list(path.parent.glob("*.partial"))
    return fault_log


def audit(received: list[Envelope]) -> dict[str, int]:
    seen = Counter(envelope.sequence for envelope in received)
    reordered, highest = 0, -1
    for sequence in dict.fromkeys(envelope.sequence for envelope in received):
        reordered += sequence < highest
        highest = max(highest, sequence)
    return {
        "drop": COUNT - len(seen),
        "duplicate": sum(count - 1 for count in seen.values()),
        "swap": reordered,
        "corrupt": sum(not envelope.intact for envelope in received),
    }


def by_sse(server: Running) -> tuple[Callable[[bytes], None], Callable[[], bytes]]:
    stream = server.stream()
    return server.feed, lambda: server.event_of(stream)["data"].encode()


def by_websocket(server: Running) -> tuple[Callable[[bytes], None], Callable[[], bytes]]:
    socket = server.stack.enter_context(connect(server.websocket_url("echo")))
    return lambda sent: socket.send(sent.decode()), lambda: socket.recv(10, decode=False)


def by_floor(server: Running) -> tuple[Callable[[bytes], None], Callable[[], bytes]]:
    subscriber = server.connect()
    subscriber.sendall(b"S")
    assert server.receive(subscriber, 4) == EMPTY_FRAME
    return server.feed, lambda: server.receive_frame(subscriber)


def by_floor_echo(server: Running) -> tuple[Callable[[bytes], None], Callable[[], bytes]]:
    echo = server.connect()
    echo.sendall(b"E")
    return lambda sent: echo.sendall(frame(sent)), lambda: server.receive_frame(echo)


WAYS = [
    pytest.param("truth", by_sse, id="sse"),
    pytest.param("truth", by_websocket, id="websocket-echo"),
    pytest.param("truth --stack floor", by_floor, id="floor"),
    pytest.param("truth --stack floor", by_floor_echo, id="floor-echo"),
]


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_faults_are_exactly_those_of_the_fault_log(
    start: Start, tmp_path: Path, name: str, way: Callable[[Running], Any]
) -> None:
    path = tmp_path / "faults.json"
    server = start(name, *FAULTS, "--fault-log", str(path))
    send, receive = way(server)
    for sequence in range(COUNT):
        send(message(sequence))
    # The last one has no fault of its own.
    received = [unpack(receive())]
    while received[-1].sequence != COUNT - 1:
        received.append(unpack(receive()))
    fault_log = fault_log_of(server, path)
    totals = fault_log["totals"]
    assert audit(received) == {
        fault: totals[fault] for fault in ("drop", "duplicate", "swap", "corrupt")
    }
    assert totals == {
        "received": COUNT,
        "handed_on": COUNT - 3,
        "drop": 3,
        "duplicate": 5,
        "swap": 6,
        "corrupt": 10,
    }
    assert [entry["sequence"] for entry in fault_log["messages"]] == list(range(COUNT))
    assert {entry["publisher"] for entry in fault_log["messages"]} == {7}


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_the_delay_is_applied_and_stamped(
    start: Start, tmp_path: Path, name: str, way: Callable[[Running], Any]
) -> None:
    path = tmp_path / "faults.json"
    server = start(name, "--delay", "0.02", "--fault-log", str(path))
    send, receive = way(server)
    took = []
    for sequence in range(10):
        begun = time.monotonic_ns()
        send(message(sequence))
        receive()
        took.append(time.monotonic_ns() - begun)
    applied = [entry["applied_ns"] for entry in fault_log_of(server, path)["messages"]]
    assert all(each >= 20_000_000 for each in applied)
    assert all(inside < outside for inside, outside in zip(applied, took, strict=True))


def test_requests_are_delayed_independently(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    server = start(
        "truth", "--delay", "0.2", "--drop", "10", "--corrupt", "10", "--fault-log", str(path)
    )
    connections = [server.http() for _ in range(10)]
    begun = time.monotonic()
    for sequence, connection in enumerate(connections):
        connection.request("POST", "/echo", message(sequence))
    answers = [server.answer(connection) for connection in connections]
    assert 0.2 <= time.monotonic() - begun < 1
    assert [status for status, _, _ in answers] == [200, 503, *[200] * 8]
    intact = [unpack(body).intact for status, body, _ in answers if status == 200]
    assert intact == [*[True] * 7, False, True]
    totals = fault_log_of(server, path)["totals"]
    assert totals == {
        "received": 10,
        "handed_on": 9,
        "drop": 1,
        "duplicate": 0,
        "swap": 0,
        "corrupt": 1,
    }


def test_native_publishing_meets_the_same_faults(start: Start) -> None:
    server = start("truth", *FAULTS)
    stream = server.stream()
    connection = server.http()
    for sequence in range(10):
        connection.request("POST", "/messages", message(sequence))
        assert server.answer(connection)[0] == 204
    seen = [unpack(server.event_of(stream)["data"].encode()).sequence for _ in range(10)]
    assert seen == [0, 2, 3, 3, 4, 6, 5, 7, 8, 9]
