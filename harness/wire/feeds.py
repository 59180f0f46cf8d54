"""The feed into one of several servers: a publisher whose server dies goes to the next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from harness.pattern import Seat, Send, Sent
from harness.wire.frames import framing_send
from harness.wire.link import Link, address, linked
from harness.wire.reconnecting import Held, full_jitter, kept_connected


@asynccontextmanager
async def publish_to_feeds(seat: Seat, sent: Sent, urls: Sequence[str]) -> AsyncIterator[Send]:
    """Publish to the feed at one of ``urls``: by this publisher's index, then the next in turn.

    Raises:
        OSError: the first feed does not accept connections.
    """
    held = Held()

    @asynccontextmanager
    async def connect(turn: int) -> AsyncIterator[asyncio.Future[None]]:
        at = address(urls[(seat.index + turn) % len(urls)])
        async with linked(at, lambda: Link(seat.note)) as link:
            held.open(framing_send(link.transport, sent), link.transport.is_closing)
            yield link.lost

    async with kept_connected(connect, failures=(OSError,), wait_s=full_jitter(seat)):
        yield held.send
