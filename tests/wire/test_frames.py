"""Frames: the parser against every way to cut a stream, the feed against a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from harness.pattern import DISCONNECTED, Endpoints, Seat
from harness.wire.frames import (
    MAX_MESSAGE_BYTES,
    FrameParser,
    call_floor,
    publish_to_feed,
    subscribe_to_floor,
)
from harness.workload import Exchange, Workload
from servers.framing import frame

MESSAGES = st.lists(st.binary(max_size=40), max_size=8)
Run = Callable[[Coroutine[Any, Any, None]], None]


@given(MESSAGES, st.data())
def test_any_cutting_of_the_stream_gives_the_same_messages(
    messages: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(map(frame, messages))
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12).map(sorted))
    parser = FrameParser()
    parsed = []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        parsed += parser.feed(stream[begin:end])
    assert parsed == messages


def test_a_message_is_given_as_soon_as_its_last_byte_is_there() -> None:
    parser = FrameParser()
    stream = frame(b"first") + frame(b"second")
    assert [len(parser.feed(stream[at : at + 1])) for at in range(len(stream))] == (
        [0] * 8 + [1] + [0] * 9 + [1]
    )


def test_the_longest_message_passes_and_one_byte_more_is_refused() -> None:
    assert FrameParser().feed(frame(bytes(MAX_MESSAGE_BYTES))) == [bytes(MAX_MESSAGE_BYTES)]
    with pytest.raises(ValueError, match=r"a frame of 2,097,153 bytes, limit 2,097,152"):
        FrameParser().feed((MAX_MESSAGE_BYTES + 1).to_bytes(4, "big"))


def test_text_that_is_no_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="does not speak length-prefixed frames"):
        FrameParser().feed(b"HTTP/1.1 400 Bad Request\r\n\r\n")


class Peer(asyncio.Protocol):
    """The other end: keeps what it reads, and its transport for the test to use."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.read = bytearray()
        self.closed = asyncio.get_running_loop().create_future()
        self.opened = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.opened.set_result(None)

    def data_received(self, data: bytes) -> None:
        self.read += data

    def connection_lost(self, error: Exception | None) -> None:
        self.closed.set_result(error)


@asynccontextmanager
async def listening(role: str, exchange: Exchange = Exchange.BROADCAST) -> AsyncIterator[Any]:
    """Give the peer of the one connection that will be made, the seat, and what it noted."""
    peer = Peer()
    server = await asyncio.get_running_loop().create_server(lambda: peer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    notes: list[str] = []
    yield (
        peer,
        Seat(
            endpoints=Endpoints(urls={role: f"tcp://127.0.0.1:{port}"}),
            workload=Workload(exchange=exchange),
            index=0,
            note=notes.append,
        ),
        notes,
    )
    server.close()
    await server.wait_closed()


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Run a test on the loop of the standard library, and on the one that measures."""
    factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop

    def on_that_loop(test: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(asyncio.wait_for(test, 20))

    return on_that_loop


def test_leaving_the_feed_drains_what_a_slow_server_has_not_read_yet(run: Run) -> None:
    messages = [bytes([65 + at]) * (1 << 20) for at in range(24)]

    async def test() -> None:
        sent: list[bytes] = []
        async with listening("feed") as (peer, seat, notes):
            async with publish_to_feed(seat, sent.append) as send:
                await peer.opened
                peer.transport.pause_reading()
                for message in messages:
                    send(message)
                assert sent == messages
                leaving = asyncio.get_running_loop().call_later(0.05, peer.transport.resume_reading)
            assert leaving.when() <= asyncio.get_running_loop().time()
            assert await peer.closed is None
            assert FrameParser().feed(bytes(peer.read)) == messages
            assert notes == []

    run(test())


def test_a_drain_that_is_cut_short_closes_the_connection(run: Run) -> None:
    async def test() -> None:
        async with listening("feed") as (peer, seat, notes), AsyncExitStack() as stack:
            send = await stack.enter_async_context(publish_to_feed(seat, lambda _message: None))
            await peer.opened
            peer.transport.pause_reading()
            for _ in range(24):
                send(bytes(1 << 20))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(stack.aclose(), 0.1)
            peer.transport.resume_reading()
            await peer.closed
            assert len(peer.read) < 24 << 20
            assert notes == []

    run(test())


def test_a_feed_that_ends_is_noted_and_sending_goes_on_without_harm(run: Run) -> None:
    async def test() -> None:
        sent: list[bytes] = []
        gone = asyncio.Event()
        async with listening("feed") as (peer, seat, _):
            noting = Seat(
                endpoints=seat.endpoints,
                workload=seat.workload,
                index=0,
                note=lambda cause: gone.set() if cause == DISCONNECTED else None,
            )
            async with publish_to_feed(noting, sent.append) as send:
                await peer.opened
                peer.transport.abort()
                await gone.wait()
                send(b"lost")
                assert sent == []

    run(test())


@pytest.mark.parametrize(
    ("exchange", "role"),
    [(Exchange.BROADCAST, b"S"), (Exchange.WORK_QUEUE, b"W")],
    ids=["subscriber", "worker"],
)
def test_the_floor_is_entered_once_it_confirms(run: Run, exchange: Exchange, role: bytes) -> None:
    async def test() -> None:
        delivered: list[bytes] = []
        async with listening("tcp", exchange) as (peer, seat, _), AsyncExitStack() as stack:
            entering = asyncio.create_task(
                stack.enter_async_context(subscribe_to_floor(seat, delivered.append))
            )
            await peer.opened
            assert not entering.done()
            peer.transport.write(frame(b"") + frame(b"first"))
            await entering
            assert peer.read == role
            assert delivered == [b"first"]

    run(test())


def test_a_floor_that_closes_instead_of_confirming_is_an_error(run: Run) -> None:
    async def test() -> None:
        async with listening("tcp") as (peer, seat, _):
            entering = asyncio.create_task(
                AsyncExitStack().enter_async_context(subscribe_to_floor(seat, print))
            )
            await peer.opened
            peer.transport.close()
            with pytest.raises(ConnectionResetError, match=r"^127\.0\.0\.1:\d+ ended the conn"):
                await entering

    run(test())


def test_a_call_writes_its_role_and_whole_frames(run: Run) -> None:
    async def test() -> None:
        sent: list[bytes] = []
        async with listening("tcp") as (peer, seat, _):
            async with call_floor(seat, sent.append, print) as send:
                send(b"one")
                send(b"two")
            await peer.closed
            assert bytes(peer.read) == b"E" + frame(b"one") + frame(b"two")
            assert sent == [b"one", b"two"]

    run(test())


def test_nothing_listening_is_an_os_error(run: Run) -> None:
    async def test() -> None:
        async with listening("feed") as (_, seat, _):
            pass
        with pytest.raises(ConnectionRefusedError):
            async with publish_to_feed(seat, print):
                pytest.fail("entered")

    run(test())
