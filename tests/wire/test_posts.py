"""What a member's POST is answered with gives way to messages, and is still read with care."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from harness.pattern import Endpoints, Seat
from harness.wire.http import UnexpectedAnswer
from harness.wire.link import Link, linked
from harness.wire.posts import post_as_member
from harness.workload import Workload

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class Listening(Link):
    """Notes that a message came."""

    def __init__(self, came: list[bytes]) -> None:
        super().__init__(lambda _cause: None)
        self._came = came

    def data_received(self, data: bytes) -> None:
        self._came.append(data)


class Server:
    """Its ends of a member's connections; what it sends is there before the loop looks again."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        host, port = listener.getsockname()
        self.address: tuple[str, int] = host, port
        urls = {"http": f"http://{host}:{port}"}
        self.seat = Seat(endpoints=Endpoints(urls=urls), workload=Workload(), index=0)

    @contextmanager
    def end(self) -> Iterator[socket.socket]:
        end, _ = self._listener.accept()
        with end:
            yield end


@pytest.fixture
def server() -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Server(listener)


async def test_messages_are_read_before_the_answer_that_came_with_them(server: Server) -> None:
    came: list[bytes] = []
    known: list[int] = []
    second = asyncio.Event()

    def sent(message: bytes) -> None:
        known.append(len(came))
        if message == b"second":
            second.set()

    async with (
        post_as_member(server.seat, sent) as send,
        linked(server.address, lambda: Listening(came)),
    ):
        with server.end() as posts, server.end() as stream:
            send(b"first")
            send(b"second")  # goes, and is noted, when the first one is answered
            posts.send(ANSWER)
            stream.send(b"message")
            await second.wait()
    assert known == [0, 1]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"HTTP/1.1 500 Oops\r\ncontent-length: 2\r\n\r\nno", "answered with 500: b'no'"),
        (ANSWER + ANSWER, "204 without a request"),
    ],
)
async def test_an_answer_that_is_none_ends_the_run(server: Server, said: bytes, told: str) -> None:
    lost = asyncio.Event()

    async def post() -> None:
        seat = replace(server.seat, note=lambda _cause: lost.set())
        async with post_as_member(seat, lambda _message: None) as send:
            with server.end() as posts:
                send(b"message")
                posts.send(said)
                await lost.wait()

    with pytest.raises(UnexpectedAnswer, match=told):
        await post()
