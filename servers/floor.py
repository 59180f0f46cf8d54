"""The floor of the edge block: raw TCP relay, worker round robin and echo on uvloop.

Roles: tcp, feed. A client's first byte says what it is: ``S`` subscriber, ``W`` worker,
``E`` echo. A message that finds no worker, or whose worker goes away, is lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import cast

from servers.framing import EMPTY_FRAME, FrameReader, FrameTooLong
from servers.serving import (
    BACKLOG,
    Frames,
    Options,
    announce,
    argument_parser,
    listen,
    open_feed,
    options_of,
    run,
    stop_signal,
    url,
)

MOST_UNSENT = 64 << 20
"""Bytes that may wait for a slow subscriber or worker before it is cut."""

logger = logging.getLogger(__name__)

MakeEcho = Callable[[asyncio.Transport], asyncio.Protocol]


class Relay:
    """Who is connected, and what each of them gets."""

    __slots__ = ("_subscribers", "_workers")

    def __init__(self) -> None:
        self._subscribers: dict[asyncio.Transport, None] = {}
        self._workers: deque[asyncio.Transport] = deque()

    def relay(self, frames: bytes, ends: list[int]) -> None:
        """Send some frames: all to every subscriber, each to the worker whose turn it is."""
        workers = self._workers
        if workers:
            start = 0
            for end in ends:
                workers[0].write(frames[start:end])
                workers.rotate(-1)
                start = end
        if self._subscribers:
            whole = frames[: ends[-1]]
            for transport in self._subscribers:
                transport.write(whole)

    def join(self, transport: asyncio.Transport, role: bytes) -> None:
        """Register a subscriber or worker, and tell it."""
        if role == b"W":
            self._workers.append(transport)
        else:
            self._subscribers[transport] = None
        transport.write(EMPTY_FRAME)

    def leave(self, transport: asyncio.Transport) -> None:
        """Send nothing more to ``transport``."""
        self._subscribers.pop(transport, None)
        if transport in self._workers:
            self._workers.remove(transport)


class Newcomer(asyncio.Protocol):
    """A connection that has not said yet what it is."""

    def __init__(self, relay: Relay, make_echo: MakeEcho) -> None:
        self._relay = relay
        self._make_echo = make_echo

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        role, rest = data[:1], data[1:]
        transport = self._transport
        if role == b"E":
            echo = self._make_echo(transport)
            transport.set_protocol(echo)
            if rest:
                echo.data_received(rest)
        elif role in (b"S", b"W"):
            transport.set_protocol(_Receiver(transport, self._relay))
            transport.set_write_buffer_limits(MOST_UNSENT)
            self._relay.join(transport, role)
        else:
            logger.error("tcp: the first byte is %r, not S, W or E; connection closed", role)
            transport.abort()


class _Receiver(asyncio.Protocol):
    """A subscriber or worker: written to by the relay, never read."""

    def __init__(self, transport: asyncio.Transport, relay: Relay) -> None:
        self._transport = transport
        self._relay = relay

    def pause_writing(self) -> None:
        """Cut a reader that fell behind by ``MOST_UNSENT`` bytes."""
        logger.warning("tcp: a reader fell behind by %d bytes; connection cut", MOST_UNSENT)
        # Later, because the relay is writing to its subscribers right now.
        asyncio.get_running_loop().call_soon(self._transport.abort)

    def connection_lost(self, _error: Exception | None) -> None:
        self._relay.leave(self._transport)


class Echo(asyncio.Protocol):
    """Sends each frame back once it is whole."""

    __slots__ = ("_reader", "_transport")

    def __init__(self, transport: asyncio.Transport, max_message: int) -> None:
        self._transport = transport
        self._reader = FrameReader(max_message)

    def data_received(self, data: bytes) -> None:
        try:
            frames, ends = self._reader.cut(data)
        except FrameTooLong as error:
            logger.error("tcp: %s; connection closed", error)
            self._transport.abort()
            return
        if ends:
            self._transport.write(frames[: ends[-1]])


async def serve(relay: Relay, make_echo: MakeEcho, frames: Frames, options: Options) -> None:
    """Serve the floor's protocol, and the feed into ``frames``, until SIGTERM.

    Raises:
        CannotListen: a port is taken.
    """
    stop = stop_signal()
    listener = listen(options)
    feed, feed_url = await open_feed(options, frames)
    server = await asyncio.get_running_loop().create_server(
        lambda: Newcomer(relay, make_echo), sock=listener, backlog=BACKLOG
    )
    announce(url("tcp", listener), feed_url)
    await stop.wait()
    server.close()
    feed.close()


async def main(options: Options) -> None:
    """Run the server until SIGTERM."""
    relay = Relay()
    await serve(relay, lambda transport: Echo(transport, options.max_message), relay.relay, options)


if __name__ == "__main__":
    parser = argument_parser("floor", "Raw TCP relay, worker round robin and echo.")
    run("floor", main(options_of(parser.parse_args())))
