"""WebSocket alone, on the ``websockets`` library's asyncio server.

Roles: http, feed. The library serves no HTTP but the handshake, so there is ``GET /health`` and
``/ws``, and no ``POST /messages``. With ``--broadcast`` each message goes to all subscribers by
``websockets.broadcast()``, which writes to their transports at once, without a queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from inspect import signature
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, broadcast
from websockets.asyncio.server import serve as websockets_serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from servers.contract import (
    BAD_MESSAGE,
    BAD_MODE,
    EVICTED,
    GOING_AWAY,
    MODES,
    NO_MESSAGE,
    TRY_AGAIN_LATER,
    as_bytes,
    is_message,
)
from servers.hub import MAIN_CHANNEL, Closed, Evicted, Hub, Subscription
from servers.serving import (
    BACKLOG,
    GRACE_S,
    Options,
    announce,
    argument_parser,
    listen,
    open_feed,
    options_of,
    publishing,
    run,
    stop_signal,
    url,
)
from servers.tls import tls_context, tls_options

_BYTES_QUEUED_FOR_A_MESSAGE = 1024
"""broadcast() has no queue to count messages in: its bound counts so many bytes for one."""
_BROADCASTS_BYTES = "text" in signature(broadcast).parameters
"""Whether bytes can go out as text frames, as since websockets 17; before, those were ``str``."""


class _Connection(ServerConnection):
    """A connection that says when it is lost, also while its handler waits for a message."""

    mode = ""
    channel = MAIN_CHANNEL
    subscription: Subscription[bytes] | None = None
    on_lost: Callable[[], object] | None = None

    if "text" not in signature(ServerConnection.send).parameters:
        # Before websockets 14 a text frame was a str. No coroutine of ours around the library's.
        def send(self, message: Any, text: bool | None = None) -> Any:
            return super().send(message.decode() if text else message)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.on_lost is not None:
            self.on_lost()


class _Queues:
    """Delivery by the hub: a bounded queue and a sending handler for each subscriber."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.publish = hub.publish

    def join(self, connection: _Connection) -> None:
        subscription = self._hub.channel(connection.channel).subscribe(as_bytes)
        connection.subscription = subscription
        connection.on_lost = subscription.close

    async def deliver(self, connection: _Connection) -> None:
        assert connection.subscription is not None
        take = connection.subscription.take
        send = connection.send
        try:
            while True:
                for message in await take():
                    await send(message, text=True)
        except Evicted:
            await connection.close(TRY_AGAIN_LATER, EVICTED)
        except Closed:
            await connection.close(GOING_AWAY)


class _Broadcast:
    """Delivery by ``websockets.broadcast()``: straight into the transports' write buffers."""

    def __init__(self, most_unsent: int) -> None:
        self._most_unsent = most_unsent
        self._unchecked = 0
        self._groups: dict[str, set[_Connection]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def publish(self, message: bytes, channel: str = MAIN_CHANNEL) -> None:
        group = self._groups.get(channel)
        if group:
            if _BROADCASTS_BYTES:
                broadcast(group, message, text=True)
            else:
                broadcast(group, message.decode())
            self._unchecked += len(message)
            # Often enough for the bound, and not at each message.
            if self._unchecked > self._most_unsent >> 2:
                self._unchecked = 0
                self._evict_the_slow()

    def join(self, connection: _Connection) -> None:
        group = self._groups.setdefault(connection.channel, set())
        group.add(connection)
        connection.on_lost = lambda: group.discard(connection)

    async def deliver(self, connection: _Connection) -> None:
        await connection.wait_closed()

    def _evict_the_slow(self) -> None:
        for group in self._groups.values():
            for connection in tuple(group):
                if connection.transport.get_write_buffer_size() > self._most_unsent:
                    group.discard(connection)
                    closing = asyncio.create_task(connection.close(TRY_AGAIN_LATER, EVICTED))
                    self._closing.add(closing)
                    closing.add_done_callback(self._closing.discard)


def _process_request(connection: ServerConnection, request: Request) -> Response | None:
    assert isinstance(connection, _Connection)
    target = urlsplit(request.path)
    if target.path == "/health":
        return connection.respond(HTTPStatus.OK, "ok")
    if target.path != "/ws":
        return connection.respond(HTTPStatus.NOT_FOUND, f"{target.path}: no such path; use /ws")
    query = parse_qs(target.query)
    connection.mode = query.get("mode", [""])[-1]
    connection.channel = query.get("channel", [MAIN_CHANNEL])[-1]
    if connection.mode not in MODES:
        return connection.respond(HTTPStatus.BAD_REQUEST, BAD_MODE)
    return None


async def _echo(connection: ServerConnection) -> None:
    send = connection.send
    async for message in connection:
        await send(message)


async def _publish(connection: _Connection, publish: Callable[[bytes, str], Any]) -> None:
    channel = connection.channel
    async for received in connection:
        message = received.encode() if isinstance(received, str) else received
        if not is_message(message):
            await connection.close(NO_MESSAGE, BAD_MESSAGE)
            return
        publish(message, channel)


async def _join(connection: _Connection, delivery: _Queues | _Broadcast) -> None:
    async def deliver() -> None:
        with suppress(ConnectionClosed):
            await delivery.deliver(connection)

    delivering = asyncio.create_task(deliver())
    try:
        await _publish(connection, delivery.publish)
    finally:
        delivering.cancel()


async def main(options: Options, *, by_broadcast: bool) -> None:
    """Run the server until SIGTERM."""
    tls = tls_context(options)
    stop = stop_signal()
    hub = Hub(options.bounds)
    delivery: _Queues | _Broadcast = (
        _Broadcast(options.queue_messages * _BYTES_QUEUED_FOR_A_MESSAGE)
        if by_broadcast
        else _Queues(hub)
    )

    def process_response(
        connection: ServerConnection, _request: Request, response: Response
    ) -> None:
        # Registered before the handshake's answer leaves, and only if it is a good one.
        assert isinstance(connection, _Connection)
        if connection.mode in ("subscribe", "join") and response.status_code == 101:
            delivery.join(connection)

    async def handle(connection: ServerConnection) -> None:
        assert isinstance(connection, _Connection)
        try:
            if connection.mode == "echo":
                await _echo(connection)
            elif connection.mode == "publish":
                await _publish(connection, delivery.publish)
            elif connection.mode == "join":
                await _join(connection, delivery)
            else:
                await delivery.deliver(connection)
        except ConnectionClosed:
            return

    listener = listen(options)
    feed, feed_url = await open_feed(options, publishing(delivery.publish))
    server = await websockets_serve(
        handle,
        sock=listener,
        ssl=tls,
        backlog=BACKLOG,
        process_request=_process_request,
        process_response=process_response,
        create_connection=_Connection,
        compression="deflate" if options.deflate else None,
        max_size=options.max_message,
        # No stack pings WebSockets here: the defaults differ (20 s, 20 s, never).
        ping_interval=None,
    )
    announce(url(options.scheme, listener), feed_url)
    await stop.wait()
    feed.close()
    connections = tuple(server.connections)
    # With 1001, GOING_AWAY; since websockets 16 another code could be asked for.
    server.close()
    hub.close()
    await asyncio.wait((asyncio.create_task(server.wait_closed()),), timeout=GRACE_S)
    # Whoever does not read what is left to send would keep the library waiting for 10 s.
    for connection in connections:
        connection.transport.abort()
    await server.wait_closed()


if __name__ == "__main__":
    parser = tls_options(
        argument_parser("websockets_library", "WebSocket on the websockets library.")
    )
    parser.add_argument(
        "--broadcast", action="store_true", help="deliver by websockets.broadcast()"
    )
    arguments = parser.parse_args()
    run("websockets_library", main(options_of(arguments), by_broadcast=arguments.broadcast))
