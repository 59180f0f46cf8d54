"""Starting, ending, and ports that cannot be had."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

if TYPE_CHECKING:
    from tests.servers.conftest import Start


def test_sigterm_ends_an_idle_server(start: Start, every: str) -> None:
    assert start(every).stop() < 2


def test_sigterm_ends_open_streams(start: Start, sse: str) -> None:
    server = start(sse)
    stream = server.stream()
    assert server.stop() < 2
    assert server.event_of(stream) == {}


def test_sigterm_ends_a_waiting_long_poll(start: Start, polling: str) -> None:
    server = start(polling)
    waiting = server.http()
    waiting.request("GET", "/messages?after=0&wait=30")
    assert server.silent(waiting.sock, 0.1)
    assert server.stop() < 2
    assert server.answer(waiting) == (200, b"", 0)


def test_sigterm_closes_websockets(start: Start, websocket: str) -> None:
    server = start(websocket)
    modes = ("subscribe", "publish", "echo")
    connections = [connect(server.websocket_url(mode)) for mode in modes]
    assert server.stop() < 2
    for connection in connections:
        with connection, pytest.raises(ConnectionClosed) as closed:
            connection.recv(10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code in (1001, 1012)


def test_sigterm_ends_floor_connections(start: Start, floor: str) -> None:
    server = start(floor)
    connections = [server.connect() for _ in range(3)]
    for connection, role in zip(connections, (b"S", b"W", b"E"), strict=True):
        connection.sendall(role)
    server.feed(b"x")
    assert server.receive(connections[0], 4)
    assert server.stop() < 2


def test_sigterm_ends_readers_that_do_not_read(start: Start, sse: str) -> None:
    server = start(sse)
    stuck = server.stuck(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
    assert not server.silent(stuck, 10)
    witness = server.stream()
    for _ in range(12):
        server.feed(b"x" * (1 << 20))
        assert server.event_of(witness)["data"]
    assert server.stop() < 2


def test_sigterm_ends_websockets_that_do_not_read(start: Start, websocket: str) -> None:
    server = start(websocket)
    stuck = server.stuck(
        b"GET /ws?mode=subscribe HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    assert not server.silent(stuck, 10)
    with connect(server.websocket_url("subscribe"), max_size=None) as witness:
        for _ in range(12):
            server.feed(b"x" * (1 << 20))
            assert witness.recv(10)
    assert server.stop() < 2


@pytest.mark.parametrize("option", ["--port", "--feed-port"])
def test_a_port_in_use_is_one_line_and_exit_code_2(every: str, option: str) -> None:
    module, *more = every.split()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = subprocess.run(
            [sys.executable, "-m", f"servers.{module}", *more, option, port],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr == (
        f"servers.{module}: {option} {port}: cannot listen on 127.0.0.1 "
        "(Address already in use); choose another, or 0 for any free port\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("--port", "x"),
        ("--port", "70000"),
        ("--heartbeat", "0"),
        ("--queue-messages", "0"),
        ("--nothing",),
    ],
)
def test_bad_options_are_refused(arguments: tuple[str, ...]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "servers.floor_no_loop", *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert arguments[0] in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_feed_survives_nonsense(start: Start, every: str) -> None:
    server = start(every, "--max-message", "1000")
    nonsense = server.connect(1)
    nonsense.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert not nonsense.recv(1)
    server.feed(b"fine")
