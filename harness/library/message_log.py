"""The server's log of messages as an application reads it: one ``GET /messages`` after another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Protocol

from harness.library.http import cursor_of, http_session
from harness.pattern import Deliver, Seat
from harness.wire.http import LogReader


class Ask(Protocol):
    """Ask once for what is newer, and wait for the answer, whose messages are delivered."""

    def __call__(self, **parameters: int) -> Awaitable[None]:
        """Add ``parameters`` to the query, as ``wait=25``."""


@asynccontextmanager
async def reading_log(seat: Seat, deliver: Deliver, **of_channel: int) -> AsyncIterator[Ask]:
    """Connect and stand at the log's end: each call of what this gives reads on from there.

    ``of_channel`` is what every query holds besides, as ``channel=7``.

    Raises:
        OSError: nothing accepts connections there.
        UnexpectedAnswer: the server does not keep to its contract.
    """
    async with http_session(seat) as session:
        log = LogReader(seat.note, deliver)
        url = seat.endpoints.at("subscribe", "/messages")

        async def get(**parameters: int) -> None:
            query = {**of_channel, **parameters}
            async with session.get(url, params=query) as answer:
                log.take(answer.status, cursor_of(answer), await answer.read())

        await get()
        yield lambda **parameters: get(after=log.cursor, **parameters)
