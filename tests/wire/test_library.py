"""What the library clients share: the queue before a send that waits, and reading events."""

import asyncio
from contextlib import AsyncExitStack, nullcontext, suppress

import pytest
from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol

from harness.library.http import read_events
from harness.library.outbox import outbox


async def test_leaving_with_drain_transmits_the_queue_in_order() -> None:
    transmitted: list[bytes] = []

    async def transmit(message: bytes) -> None:
        await asyncio.sleep(0)
        transmitted.append(message)

    async with outbox(transmit, nullcontext(), drain=True) as send:
        for message in (b"one", b"two", b"three"):
            send(message)
        assert transmitted == []
    assert transmitted == [b"one", b"two", b"three"]


async def test_leaving_without_drain_drops_the_queue() -> None:
    started = asyncio.Event()

    async def transmit(_message: bytes) -> None:
        started.set()
        await asyncio.get_running_loop().create_future()

    async with outbox(transmit, nullcontext(), drain=False) as send:
        send(b"one")
        send(b"two")
        await started.wait()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_lost_connection_ends_the_queue_without_harm() -> None:
    async def transmit(_message: bytes) -> None:
        raise ConnectionResetError

    async with outbox(transmit, suppress(ConnectionResetError), drain=True) as send:
        send(b"one")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        send(b"two")


async def test_any_other_error_comes_out_of_leaving() -> None:
    async def transmit(_message: bytes) -> None:
        raise KeyError("a fault of ours")

    with pytest.raises(KeyError, match="a fault of ours"):
        async with outbox(transmit, suppress(ConnectionResetError), drain=True) as send:
            send(b"one")


async def test_a_drain_that_is_cut_short_leaves_no_task() -> None:
    async def transmit(_message: bytes) -> None:
        await asyncio.get_running_loop().create_future()

    stack = AsyncExitStack()
    send = await stack.enter_async_context(outbox(transmit, nullcontext(), drain=True))
    send(b"one")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(stack.aclose(), 0.05)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_events_are_read_line_by_line() -> None:
    loop = asyncio.get_running_loop()
    stream = StreamReader(BaseProtocol(loop), 1 << 21, loop=loop)
    stream.feed_data(b": heartbeat\n\n:\nid: 1\ndata: one\n\ndata: a\r\ndata:b\r\n\r\nid: 2\n\n")
    stream.feed_data(b"event: evicted\ndata: reader fell behind\n\ndata: incomplete")
    stream.feed_eof()
    assert [event async for event in read_events(stream)] == [
        (b"", b"one"),
        (b"", b"a\nb"),
        (b"evicted", b"reader fell behind"),
    ]
