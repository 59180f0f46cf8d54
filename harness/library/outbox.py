"""Sending with a library whose ``send`` waits: a queue before it, so that ``Send`` never does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager

from harness.library.background import background
from harness.pattern import Send


@asynccontextmanager
async def outbox(
    transmit: Callable[[bytes], Awaitable[None]],
    ending: AbstractContextManager[object],
    *,
    drain: bool,
) -> AsyncIterator[Send]:
    """Queue messages and ``transmit`` them one after another, in order.

    ``ending`` takes the error by which the library says that the connection is lost; what is
    queued then is lost too, and the audit shows it. Any other error comes out of leaving.
    With ``drain``, leaving waits until the queue is empty; without, it drops what is queued.
    """
    queue: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def work() -> None:
        with ending:
            while (message := await queue.get()) is not None:
                await transmit(message)

    async with background(work()) as working:
        yield queue.put_nowait
        if drain:
            queue.put_nowait(None)
            await asyncio.wait((working,))
