"""WebSocket as an application speaks it: the asyncio client of the ``websockets`` library.

Releases of it are compared (``abec versions``), so that those from 13 on have to do.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from inspect import signature
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from harness.library.background import background
from harness.library.outbox import outbox
from harness.pattern import DISCONNECTED, EVICTED, Deliver, Seat, Send, Sent
from harness.wire.http import UnexpectedAnswer
from harness.wire.trust import trusted
from harness.wire.websocket import no_upgrade, websocket_url

MAX_MESSAGE_BYTES = 2 << 20

_TRY_AGAIN_LATER = 1013
_BROKEN = frozenset({1002, 1007, 1009})
"""What the library says to a server that breaks the protocol, is not UTF-8 or sends too much."""
_CLOSE_S = 1
"""How long the other side may take over the closing handshake."""
_DIRECT: dict[str, Any] = {"proxy": None} if "proxy" in signature(connect).parameters else {}
"""No proxy, whatever the environment says; before websockets 15 there was none."""


class _Connection(ClientConnection):
    if "text" not in signature(ClientConnection.send).parameters:
        # Before websockets 14 a text frame was a str, and messages are bytes everywhere else.
        def send(self, message: Any, text: bool | None = None) -> Any:
            return super().send(message.decode() if text else message)

        async def recv(self, decode: bool | None = None) -> Any:
            received = await super().recv()
            return received.encode() if decode is False and isinstance(received, str) else received


@asynccontextmanager
async def websocket(seat: Seat, mode: str, deliver: Deliver) -> AsyncIterator[ClientConnection]:
    """Open a WebSocket at the role ``http`` and deliver what it brings; leaving closes it.

    ``mode`` is ``subscribe``, perhaps with ``&channel=NAME`` behind it, ``publish`` or ``echo``.

    Raises:
        OSError: nothing accepts connections there, or the connection ended unanswered.
        UnexpectedAnswer: the server opens no WebSocket, or breaks the protocol later.
    """
    connection = await _connection(seat, websocket_url(seat, mode))
    try:

        async def read() -> None:
            receive = connection.recv
            try:
                while True:
                    deliver(await receive(decode=False))
            except ConnectionClosed as end:
                if end.rcvd is None and end.sent is not None and end.sent.code in _BROKEN:
                    raise UnexpectedAnswer(f"the server broke the protocol: {end}") from end
                evicted = end.rcvd is not None and end.rcvd.code == _TRY_AGAIN_LATER
                seat.note(EVICTED if evicted else DISCONNECTED)

        async with background(read()):
            yield connection
        await connection.close()
    finally:
        # An error leaves the closing handshake out, and the harness's deadline cuts it short:
        # the library waits without limit for a server that does not read.
        connection.transport.abort()
        await connection.wait_closed()


async def _connection(seat: Seat, url: str) -> ClientConnection:
    try:
        return await connect(
            re.sub("^http", "ws", url),
            ssl=trusted(seat, url),
            compression="deflate" if seat.workload.deflate else None,
            max_size=MAX_MESSAGE_BYTES,
            # As the servers: no pings, which under load would end connections.
            ping_interval=None,
            close_timeout=_CLOSE_S,
            create_connection=_Connection,
            **_DIRECT,
        )
    except InvalidStatus as error:
        raise no_upgrade(error.response.status_code, bytes(error.response.body or b"")) from error
    except InvalidMessage as error:
        if isinstance(error.__cause__, EOFError):
            raise ConnectionResetError("the connection ended instead of an answer") from error
        raise


@asynccontextmanager
async def sending(
    seat: Seat, mode: str, sent: Sent, deliver: Deliver, *, drain: bool
) -> AsyncIterator[Send]:
    """Open a WebSocket and send each message as a text frame, in order."""
    async with websocket(seat, mode, deliver) as connection:

        async def transmit(message: bytes) -> None:
            sent(message)
            await connection.send(message, text=True)

        # That the connection is lost is noted by its reader.
        async with outbox(transmit, suppress(ConnectionClosed), drain=drain) as send:
            yield send


@asynccontextmanager
async def publish_over_websocket(seat: Seat, sent: Sent) -> AsyncIterator[Send]:
    """Publish as an application does: one text frame a message."""
    async with sending(seat, "publish", sent, _ignore, drain=True) as send:
        yield send


def _ignore(_message: bytes) -> None:
    """Nothing comes back to a publisher."""
