"""A connection to Redis that is made again where Redis is killed on purpose, and started again."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import hiredis

from harness.errors import BadInput
from harness.library.background import background
from harness.pattern import Accepted, Seat, Send, Sent
from harness.queueing import Victim
from harness.wire.resp import RespLink, Take, command_about, linked_to_redis

_AGAIN_S = 0.02
"""Between two attempts to connect."""

Begin = Callable[[RespLink], Awaitable[None]]
"""What a connection begins with, each time that it is made."""


@asynccontextmanager
async def lasting(seat: Seat, take: Take, begin: Begin) -> AsyncIterator[None]:
    """Connect and ``begin``; every later reply goes to ``take``.

    Only where Redis is to be killed, connect and ``begin`` again whenever the connection is lost.

    Raises:
        OSError: nothing accepts connections there, or ended this one.
        BadInput: the server refuses the password, the database or a command.
    """
    if seat.workload.kill is not Victim.REDIS:
        async with linked_to_redis(seat, take) as link:
            await begin(link)
            yield
        return
    begun = asyncio.Event()

    async def keep() -> None:
        while True:
            try:
                async with linked_to_redis(seat, take) as link:
                    await begin(link)
                    begun.set()
                    await asyncio.wait((link.lost,))
            except (OSError, BadInput):  # gone, or still reading its files
                if not begun.is_set():
                    raise
            await asyncio.sleep(_AGAIN_S)

    async with background(keep()) as keeping:
        first = asyncio.ensure_future(begun.wait())
        await asyncio.wait((first, keeping), return_when=asyncio.FIRST_COMPLETED)
        first.cancel()
        if not keeping.done():
            yield


@asynccontextmanager
async def publish_confirmed(
    seat: Seat, sent: Sent, accepted: Accepted, *words: bytes
) -> AsyncIterator[Send]:
    """Publish each message as the last word of a command, and tell which of them are confirmed.

    A message that is due while there is no connection is not sent; one whose confirmation is
    lost with the connection is not sent again.

    Raises:
        OSError: nothing accepts connections there.
        BadInput: the server refuses the password or the database.
    """
    about = command_about(*words)
    unconfirmed: deque[bytes] = deque()
    links: list[RespLink] = []

    def take(reply: Any) -> None:
        message = unconfirmed.popleft()
        if isinstance(reply, hiredis.ReplyError):
            seat.note(str(reply))
        else:
            accepted(message)

    async def begin(link: RespLink) -> None:
        unconfirmed.clear()
        links[:] = [link]

    def send(message: bytes) -> None:
        transport = links[0].transport
        if not transport.is_closing():
            unconfirmed.append(message)
            transport.write(about(message))
            sent(message)

    async with lasting(seat, take, begin):
        yield send
        with suppress(ConnectionResetError):
            if not links[0].transport.is_closing():
                await links[0].settle()
