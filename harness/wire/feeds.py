"""The feed into one of several servers: a publisher whose server dies goes to the next.

What it is given meanwhile waits, and is handed to the transport once there is one. What it had
handed to the dead one's is lost, and the audit shows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from harness.pattern import Seat, Send, Sent
from harness.wire.frames import framing_send
from harness.wire.link import Link, address, linked
from harness.wire.reconnecting import full_jitter, kept_connected


class Held:
    """What is sent while there is a connection, and kept while there is none."""

    def __init__(self, sent: Sent) -> None:
        """Call ``sent`` with each message as it goes to a transport."""
        self._sent = sent
        self._held: list[bytes] = []
        self._link: Link | None = None
        self._write: Send = self._held.append

    def open(self, link: Link) -> None:
        """Send through ``link`` from now on; first what was kept."""
        self._link = link
        self._write = framing_send(link.transport, self._sent)
        for message in self._held:
            self._write(message)
        self._held.clear()

    def send(self, message: bytes) -> None:
        """Send, or keep if the connection is gone."""
        if self._link is None or self._link.transport.is_closing():
            self._held.append(message)
        else:
            self._write(message)


@asynccontextmanager
async def publish_to_feeds(seat: Seat, sent: Sent, urls: Sequence[str]) -> AsyncIterator[Send]:
    """Publish to the feed at one of ``urls``: by this publisher's index, then the next in turn.

    Raises:
        OSError: the first feed does not accept connections.
    """
    held = Held(sent)

    @asynccontextmanager
    async def connect(turn: int) -> AsyncIterator[asyncio.Future[None]]:
        at = address(urls[(seat.index + turn) % len(urls)])
        async with linked(at, lambda: Link(seat.note)) as link:
            held.open(link)
            yield link.lost

    async with kept_connected(connect, failures=(OSError,), wait_s=full_jitter(seat)):
        yield held.send
