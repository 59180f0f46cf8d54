"""The floor's protocol, on both floors and on the truth server."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from servers.framing import EMPTY_FRAME, frame

if TYPE_CHECKING:
    import socket

    from tests.servers.conftest import Running, Start

MEBIBYTE = b"m" * (1 << 20)


def join(server: Running, role: bytes, receive_buffer: int | None = None) -> socket.socket:
    connection = server.connect(0, receive_buffer)
    connection.sendall(role)
    if role != b"E":
        assert server.receive(connection, 4) == EMPTY_FRAME
    return connection


def test_every_subscriber_gets_every_message(shared: Start, floor: str) -> None:
    server = shared(floor)
    subscribers = [join(server, b"S") for _ in range(3)]
    sent = [b"one", b"", MEBIBYTE, b"four"]
    server.feed(*sent)
    for subscriber in subscribers:
        assert [server.receive_frame(subscriber) for _ in sent] == sent


def test_several_feeds_do_not_mix(shared: Start, floor: str) -> None:
    server = shared(floor)
    subscriber = join(server, b"S")
    one, other = server.connect(1), server.connect(1)
    halves = frame(b"first message")
    one.sendall(halves[:9])
    other.sendall(frame(b"second"))
    assert server.receive_frame(subscriber) == b"second"
    one.sendall(halves[9:])
    assert server.receive_frame(subscriber) == b"first message"


def test_workers_take_turns(start: Start, floor: str) -> None:
    server = start(floor)
    workers = [join(server, b"W") for _ in range(3)]
    server.feed(*[b"%d" % i for i in range(9)])
    for first, worker in enumerate(workers):
        got = [server.receive_frame(worker) for _ in range(3)]
        assert got == [b"%d" % i for i in range(first, 9, 3)]
    server.feed(MEBIBYTE)
    assert server.receive_frame(workers[0]) == MEBIBYTE


def test_a_worker_that_left_gets_no_turn(start: Start, floor: str) -> None:
    server = start(floor)
    leaves, stays = join(server, b"W"), join(server, b"W")
    leaves.close()
    # Its leaving has been noticed once one that came later is answered.
    join(server, b"E").close()
    join(server, b"S").close()
    server.feed(b"a", b"b")
    assert [server.receive_frame(stays) for _ in range(2)] == [b"a", b"b"]


def test_echo_gives_frames_back(shared: Start, floor: str) -> None:
    server = shared(floor)
    echo = server.connect()
    echo.sendall(b"E" + frame(b"with the role"))
    assert server.receive_frame(echo) == b"with the role"
    echo.sendall(frame(b"one") + frame(b"two")[:3])
    assert server.receive_frame(echo) == b"one"
    assert server.silent(echo, 0.02)
    echo.sendall(frame(b"two")[3:])
    assert server.receive_frame(echo) == b"two"
    echo.sendall(frame(MEBIBYTE))
    assert server.receive_frame(echo) == MEBIBYTE


def test_an_unknown_role_is_cut(shared: Start, floor: str) -> None:
    connection = shared(floor).connect()
    connection.sendall(b"?")
    assert not connection.recv(1)


def test_a_frame_that_is_too_long_is_cut(start: Start, floor: str) -> None:
    server = start(floor, "--max-message", "100")
    echo = join(server, b"E")
    echo.sendall(frame(b"x" * 101))
    assert received_until_cut(echo) == 0


def test_a_reader_that_falls_behind_is_cut(start: Start, floor: str) -> None:
    server = start(floor)
    slow = join(server, b"S", 4096)
    quick = join(server, b"S")
    for _ in range(80):
        server.feed(MEBIBYTE)
        assert server.receive_frame(quick) == MEBIBYTE
    server.feed(b"end")
    assert server.receive_frame(quick) == b"end"
    assert received_until_cut(slow) < 80 << 20


def received_until_cut(connection: socket.socket) -> int:
    received = 0
    with suppress(ConnectionError):
        while part := connection.recv(1 << 16):
            received += len(part)
    return received
