"""The floor: raw TCP with length-prefixed frames, what any pattern is a multiple of.

One relay on the loop that the edge servers run on, one without an event loop for the brokers.
"""

from __future__ import annotations

import asyncio
from asyncio import IncompleteReadError, StreamReader, StreamWriter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from harness.library.background import background
from harness.pattern import (
    BROKER,
    DISCONNECTED,
    EDGE,
    Client,
    Deliver,
    Endpoints,
    Pattern,
    Seat,
    Send,
    Sent,
    ServerSpec,
)
from harness.wire.frames import (
    PREFIX_BYTES,
    ROLE_ECHO,
    call_floor,
    floor_role,
    frame_length,
    framing_send,
    publish_to_feed,
    subscribe_to_floor,
)
from harness.wire.link import address
from harness.workload import ClientKind, Exchange, Ingress


@asynccontextmanager
async def _streams(url: str) -> AsyncIterator[tuple[StreamReader, StreamWriter]]:
    reader, writer = await asyncio.open_connection(*address(url))
    try:
        yield reader, writer
    finally:
        writer.close()
        try:
            # Who reads has noted already that the other side ended the connection.
            with suppress(ConnectionError):
                await writer.wait_closed()
        except asyncio.CancelledError:
            writer.transport.abort()
            raise


async def _read_frame(reader: StreamReader) -> bytes:
    return await reader.readexactly(frame_length(await reader.readexactly(PREFIX_BYTES)))


async def _read_all(seat: Seat, reader: StreamReader, deliver: Deliver) -> None:
    try:
        while True:
            deliver(await _read_frame(reader))
    except (IncompleteReadError, ConnectionError):
        seat.note(DISCONNECTED)


@asynccontextmanager
async def _publish_native(seat: Seat, sent: Sent) -> AsyncIterator[Send]:
    async with (
        _streams(seat.endpoints["feed"]) as (reader, writer),
        # Nothing comes back but the end of the connection.
        background(_read_all(seat, reader, deliver=_refuse)),
    ):
        yield framing_send(writer.transport, sent)


@asynccontextmanager
async def _subscribe_library(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    async with _streams(seat.endpoints["tcp"]) as (reader, writer):
        writer.write(floor_role(seat.workload.exchange))
        await _read_frame(reader)  # the confirmation
        async with background(_read_all(seat, reader, deliver)):
            yield


@asynccontextmanager
async def _call_library(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    async with _streams(seat.endpoints["tcp"]) as (reader, writer):
        writer.write(ROLE_ECHO)
        async with background(_read_all(seat, reader, deliver)):
            yield framing_send(writer.transport, sent)


def _refuse(message: bytes) -> None:
    raise ValueError(f"the feed answered {message[:40]!r}; it is one-way")


def _example(endpoints: Endpoints) -> Sequence[str]:
    tcp, feed = urlsplit(endpoints["tcp"]), urlsplit(endpoints["feed"])
    return (
        f"(printf S; sleep 3600) | nc {tcp.hostname} {tcp.port} | xxd",
        f"printf '\\0\\0\\0\\5hello' | nc -q 1 {feed.hostname} {feed.port}",
    )


def _floor(name: str, block: str, stack: str, module: str) -> Pattern:
    spec = ServerSpec(
        name=name,
        argv=("{python}", "-m", module, "--host", "127.0.0.1", "--port", "0", "--feed-port", "0"),
        roles=("tcp", "feed"),
    )
    return Pattern(
        name=name,
        block=block,
        # No relay makes a journey: most of it is a worker's. To a group it writes faster than the
        # one load core that publishes, too, can read.
        exchanges=frozenset(Exchange) - {Exchange.JOURNEY, Exchange.GROUP},
        path="frame → TCP relay → frame",
        guarantees="none: who is away misses messages, a slow reader fills the relay's memory",
        stack=stack,
        servers=lambda _workload: (spec,),
        publish={Ingress.FEED: publish_to_feed, Ingress.NATIVE: _publish_native},
        clients={
            ClientKind.WIRE: Client(subscribe=subscribe_to_floor, call=call_floor),
            ClientKind.LIBRARY: Client(subscribe=_subscribe_library, call=_call_library),
        },
        floor=name,
        example=_example,
    )


FLOOR = _floor("floor", EDGE, "uvloop", "servers.floor")
NO_LOOP = _floor("floor@no-loop", BROKER, "epoll", "servers.floor_no_loop")
