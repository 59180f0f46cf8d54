"""A connection that is made anew whenever it ends, after a random wait.

The wait is drawn evenly from 0 to a ceiling that doubles with each failure ("full jitter", M.
Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015): the clients of a server that
died come back spread out, and not all at its neighbour's door in the same millisecond. What is to
be sent meanwhile waits. What was handed to a connection that is lost is lost, as the audit shows.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from harness.pattern import Returned, Seat, Send

FIRST_CEILING_S = 0.5
_LAST_CEILING_S = 2.0

Connect = Callable[[int], AbstractAsyncContextManager[asyncio.Future[None]]]
"""Connects for the n-th time, from 0; what entering gives is done once the connection is gone."""


class Held:
    """What is sent while there is a connection, and kept while there is none."""

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._send: Send = self._held.append
        self._gone: Callable[[], bool] = lambda: True

    def open(self, send: Send, gone: Callable[[], bool]) -> None:
        """Send by ``send`` until its connection is ``gone``; first what was kept."""
        self._send, self._gone = send, gone
        for message in self._held:
            send(message)
        self._held.clear()

    def send(self, message: bytes) -> None:
        """Send, or keep if the connection is gone."""
        if self._gone():
            self._held.append(message)
        else:
            self._send(message)


WaitS = Callable[[int], float]
"""Draws the seconds before the n-th attempt in a row, from 0."""


def full_jitter(seat: Seat) -> WaitS:
    """Make the waits of one client; no two clients of a run draw the same."""
    draw = random.Random(f"{seat.workload.seed}/{seat.index}").uniform
    return lambda attempt: draw(0.0, min(_LAST_CEILING_S, FIRST_CEILING_S * 2.0**attempt))


@asynccontextmanager
async def kept_connected(
    connect: Connect,
    *,
    failures: tuple[type[Exception], ...],
    wait_s: WaitS,
    returned: Returned = lambda _lost_ns, _back_ns: None,
) -> AsyncIterator[None]:
    """Hold a connection, and make another when it ends, until left.

    ``failures`` are what ``connect`` raises when there is nobody to connect to: the first time
    that comes out of entering, later it means another attempt. Anything else comes out of leaving.
    """
    leaving = asyncio.Event()
    entered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    keeping = asyncio.create_task(_keep(connect, failures, wait_s, returned, entered, leaving))
    try:
        await asyncio.wait((entered, keeping), return_when=asyncio.FIRST_COMPLETED)
        if not entered.done():
            keeping.result()
        yield
        leaving.set()
        await keeping
    finally:
        keeping.cancel()
        await asyncio.wait((keeping,))


async def _keep(
    connect: Connect,
    failures: tuple[type[Exception], ...],
    wait_s: WaitS,
    returned: Returned,
    entered: asyncio.Future[None],
    leaving: asyncio.Event,
) -> None:
    left = asyncio.create_task(leaving.wait())
    lost_ns = 0
    turn = attempt = 0
    try:
        while not leaving.is_set():
            try:
                async with connect(turn) as gone:
                    if entered.done():
                        returned(lost_ns, time.monotonic_ns())
                    else:
                        entered.set_result(None)
                    attempt = 0
                    await asyncio.wait((gone, left), return_when=asyncio.FIRST_COMPLETED)
                    lost_ns = time.monotonic_ns()
            except failures:
                if not entered.done():
                    raise
            turn += 1
            await asyncio.wait((left,), timeout=wait_s(attempt))
            attempt += 1
    finally:
        left.cancel()
