"""/ws: subscribe, publish and echo, on every server that speaks it."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

if TYPE_CHECKING:
    from tests.servers.conftest import Start

LARGE = b"x" * (1 << 16)


def test_subscribers_get_text_frames(shared: Start, websocket: str) -> None:
    server = shared(websocket)
    url = server.websocket_url("subscribe")
    with connect(url) as one, connect(url) as other:
        server.feed(b"a", b"b")
        assert [one.recv(10), one.recv(10)] == ["a", "b"]
        assert [other.recv(10), other.recv(10)] == ["a", "b"]


def test_members_get_what_each_of_them_sends_their_own_included(
    shared: Start, websocket: str
) -> None:
    server = shared(websocket)
    url = server.websocket_url("join")
    with connect(url) as one, connect(url) as other:
        one.send("a")
        assert [one.recv(10), other.recv(10)] == ["a", "a"]
        other.send(b"b")
        assert [one.recv(10), other.recv(10)] == ["b", "b"]


def test_a_member_that_sends_no_message_is_told_and_the_others_stay(
    shared: Start, websocket: str
) -> None:
    server = shared(websocket)
    url = server.websocket_url("join")
    with connect(url) as one, connect(url) as other:
        one.send("two\nlines")
        with pytest.raises(ConnectionClosed) as closed:
            one.recv(10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
        other.send("still here")
        assert other.recv(10) == "still here"


def test_published_frames_reach_their_channel(shared: Start, websocket: str) -> None:
    server = shared(websocket)
    with (
        connect(server.websocket_url("subscribe")) as main,
        connect(server.websocket_url("subscribe", "side")) as side,
        connect(server.websocket_url("publish", "side")) as publisher,
        connect(server.websocket_url("publish")) as main_publisher,
    ):
        publisher.send("a")
        assert side.recv(10) == "a"
        main_publisher.send("b")
        assert main.recv(10) == "b"


def test_echo_gives_frames_back(shared: Start, websocket: str) -> None:
    server = shared(websocket)
    with connect(server.websocket_url("echo")) as echo:
        for message in ("a", "b" * 200, "é"):
            echo.send(message)
        assert [echo.recv(10) for _ in range(3)] == ["a", "b" * 200, "é"]


def test_a_mebibyte_passes(shared: Start, websocket: str) -> None:
    server = shared(websocket)
    message = "m" * (1 << 20)
    with (
        connect(server.websocket_url("subscribe"), max_size=None) as subscriber,
        connect(server.websocket_url("publish")) as publisher,
        connect(server.websocket_url("echo"), max_size=None) as echo,
    ):
        server.feed(message.encode())
        assert subscriber.recv(10) == message
        publisher.send(message)
        assert subscriber.recv(10) == message
        echo.send(message)
        assert echo.recv(10) == message


def test_what_is_no_message_closes_the_publisher(shared: Start, websocket: str) -> None:
    server = shared(websocket)
    with connect(server.websocket_url("publish")) as publisher:
        publisher.send("two\nlines")
        with pytest.raises(ConnectionClosed) as closed:
            publisher.recv(10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def test_an_unknown_mode_is_refused(shared: Start, websocket: str) -> None:
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(shared(websocket).websocket_url("listen")),
    ):
        pass
    assert refused.value.response.status_code == 400
    assert refused.value.response.body == b"mode: give subscribe, publish, join or echo"


def test_compression_is_offered_only_when_asked_for(start: Start, websocket: str) -> None:
    for options, compressed in (((), False), (("--deflate",), True)):
        server = start(websocket, *options)
        with connect(server.websocket_url("subscribe")) as subscriber:
            assert bool(subscriber.protocol.extensions) is compressed
            server.feed(b"a" * 1000)
            assert subscriber.recv(10) == "a" * 1000


def test_health(shared: Start, websocket: str) -> None:
    assert shared(websocket).ask("GET", "/health")[:2] == (200, b"ok")


def test_a_slow_subscriber_is_evicted_without_a_gap(start: Start, websocket: str) -> None:
    # With --broadcast a message counts for 1 KiB of the bound.
    server = start(websocket, "--queue-messages", "1000" if "broadcast" in websocket else "10")
    address = urlsplit(server.urls[0])
    with socket.socket() as small:
        small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        small.connect((address.hostname, address.port))
        with connect(server.websocket_url("subscribe"), sock=small, max_queue=1) as slow:
            messages = [b"%06d%b" % (i, LARGE) for i in range(400)]
            server.feed(*messages)
            received: list[str] = []
            with suppress(ConnectionClosed):
                received.extend(str(message[:6]) for message in slow)
            closed = slow.protocol.close_rcvd
    assert closed is not None
    assert (closed.code, closed.reason) == (1013, "evicted")
    assert received == [f"{i:06d}" for i in range(len(received))]
    assert 0 < len(received) < 400
