"""A consumer of jobs with redis-py: takes one, works, delivers, acknowledges, takes the next."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from harness.library.background import background
from harness.library.redis import AGAIN_S, in_its_words, redis_client
from harness.pattern import DISCONNECTED, Deliver, Seat
from harness.queueing import Victim
from harness.timerfd import Alarm

_NS = 1_000_000_000

Job = tuple[bytes, Callable[[], Awaitable[Any]] | None]
"""A message, and what acknowledges it; None: taking it was all."""


async def _nothing(_client: Redis) -> None:
    """Begin a connection without a command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """How a consumer takes jobs."""

    fetch: Callable[[Redis], Awaitable[Job | None]]
    """Take the next job; None if there was none."""
    begin: Callable[[Redis], Awaitable[None]] = _nothing
    """What comes first on each connection: bring back what was taken and not acknowledged."""
    poll_after: Callable[[int], int] | None = None
    """When to ask again after there was no job, in ns of CLOCK_MONOTONIC; None: at once."""


@asynccontextmanager
async def consume(seat: Seat, deliver: Deliver, taking: Taking) -> AsyncIterator[None]:
    """Take jobs until left; leaving cancels a wait at the server.

    Raises:
        redis.exceptions.RedisError: the server does not answer, or refuses the password.
    """
    due = asyncio.Event()
    work_ns = round(seat.workload.work * _NS)

    async def until(when_ns: int) -> None:
        due.clear()
        alarm.at(when_ns)
        await due.wait()

    async def take_one() -> None:
        job = await taking.fetch(client)
        if job is None:
            if taking.poll_after is not None:
                await until(taking.poll_after(time.monotonic_ns()))
            return
        message, acknowledge = job
        seat.begin(message)
        if work_ns:
            await until(time.monotonic_ns() + work_ns)
        deliver(message)
        if acknowledge is not None:
            await acknowledge()

    async def keep_taking() -> None:
        lost = False
        while True:
            try:
                if lost:
                    await taking.begin(client)
                    lost = False
                while True:
                    await take_one()
            except ResponseError as error:
                seat.note(in_its_words(error))
                return
            except RedisConnectionError:
                if not lost:
                    seat.note(DISCONNECTED)
                if seat.workload.kill is not Victim.REDIS:
                    return
                lost = True
                await asyncio.sleep(AGAIN_S)

    async with redis_client(seat) as client:
        await taking.begin(client)
        with Alarm(due.set) as alarm:
            async with background(keep_taking()):
                yield
