"""Length-prefixed frames over TCP: the feed of every broadcast server, and the floor.

A frame is the message's length, 4 bytes big-endian, and the message. On the floor's port the
client's first byte is its role; a subscriber and a worker are confirmed by an empty frame.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from struct import Struct

from harness.pattern import Deliver, Note, Seat, Send, Sent
from harness.wire.link import Link, address, linked
from harness.workload import Exchange

MAX_MESSAGE_BYTES = 2 << 20
ROLE_SUBSCRIBER = b"S"
ROLE_WORKER = b"W"
ROLE_ECHO = b"E"

_LENGTH = Struct(">I")
PREFIX_BYTES = _LENGTH.size


def frame_length(prefix: bytes) -> int:
    """Read the length of the message that follows ``prefix``.

    Raises:
        ValueError: no message is that long; most likely the stream is out of step.
    """
    length: int = _LENGTH.unpack(prefix)[0]
    if length > MAX_MESSAGE_BYTES:
        raise _too_long(length)
    return length


def _too_long(length: int) -> ValueError:
    return ValueError(
        f"a frame of {length:,} bytes, limit {MAX_MESSAGE_BYTES:,}: "
        f"the peer does not speak length-prefixed frames, or is out of step"
    )


class FrameParser:
    """Cuts a stream of bytes into messages; does no input or output."""

    __slots__ = ("_missing", "_pieces")

    def __init__(self) -> None:
        # The beginning of a frame, in the pieces it came in: they are joined once, when the
        # frame is whole, so that a long message is not copied again for every piece.
        self._pieces: list[bytes] = []
        self._missing = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take what the socket gave, give the messages that are whole now, in order.

        Raises:
            ValueError: a length above ``MAX_MESSAGE_BYTES``.
        """
        if self._pieces:
            self._pieces.append(data)
            self._missing -= len(data)
            if self._missing > 0:
                return []
            data = b"".join(self._pieces)
            self._pieces.clear()
        size = len(data)
        messages: list[bytes] = []
        unpack = _LENGTH.unpack_from
        start = 0
        while (end := start + PREFIX_BYTES) <= size:
            body = end
            (length,) = unpack(data, start)
            if length > MAX_MESSAGE_BYTES:
                raise _too_long(length)
            end += length
            if end > size:
                break
            messages.append(data[body:end])
            start = end
        if start < size:
            self._pieces.append(data[start:])
            self._missing = end - size
        return messages


class FrameLink(Link):
    """A connection that delivers each frame it reads; ``confirmed`` is the first, empty one."""

    def __init__(self, note: Note, deliver: Deliver, *, confirms: bool) -> None:
        """Deliver every message; with ``confirms``, the first frame sets ``confirmed``."""
        super().__init__(note)
        self.confirmed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._feed = FrameParser().feed
        self._deliver = deliver
        self._take: Deliver = self._confirm if confirms else deliver

    def data_received(self, data: bytes) -> None:
        """Deliver what is whole."""
        for message in self._feed(data):
            self._take(message)

    def _confirm(self, first: bytes) -> None:
        if first:
            raise ValueError(f"the floor began with {first[:40]!r} instead of an empty frame")
        self._take = self._deliver
        if not self.confirmed.done():
            self.confirmed.set_result(None)


def framing_send(transport: asyncio.WriteTransport, sent: Sent) -> Send:
    """Make the ``Send`` that writes each message as one frame, in one write."""
    write, is_closing = transport.write, transport.is_closing
    pack = _LENGTH.pack

    def send(message: bytes) -> None:
        # uvloop raises on a write to a lost connection; what is lost shows in the audit.
        if not is_closing():
            write(pack(len(message)) + message)
            sent(message)

    return send


@asynccontextmanager
async def publish_to_feed(seat: Seat, sent: Sent) -> AsyncIterator[Send]:
    """Publish to the role ``feed``: the lean ingress of every server that is ours.

    Raises:
        OSError: the feed does not accept connections.
    """
    async with linked(address(seat.endpoints["feed"]), lambda: Link(seat.note)) as link:
        yield framing_send(link.transport, sent)


def floor_role(exchange: Exchange) -> bytes:
    """Give the first byte that a receiver of ``exchange`` sends to the floor's port."""
    return ROLE_WORKER if exchange is Exchange.WORK_QUEUE else ROLE_SUBSCRIBER


@asynccontextmanager
async def subscribe_to_floor(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    """Receive from the role ``tcp``: as a worker in a work queue, as a subscriber otherwise.

    Raises:
        OSError: the floor does not accept connections, or ended this one unconfirmed.
    """

    def make() -> FrameLink:
        return FrameLink(seat.note, deliver, confirms=True)

    async with linked(address(seat.endpoints["tcp"]), make) as link:
        link.transport.write(floor_role(seat.workload.exchange))
        await link.answer(link.confirmed)
        yield


@asynccontextmanager
async def call_floor(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    """Send to the echo of the role ``tcp``; replies come back in order.

    Raises:
        OSError: the floor does not accept connections.
    """

    def make() -> FrameLink:
        return FrameLink(seat.note, deliver, confirms=False)

    async with linked(address(seat.endpoints["tcp"]), make) as link:
        link.transport.write(ROLE_ECHO)
        yield framing_send(link.transport, sent)
