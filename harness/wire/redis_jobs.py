"""A consumer of jobs over RESP: takes one, works on it, delivers it, acknowledges, takes the next.

The acknowledgement travels with the request for the next job: no job waits for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import hiredis

from harness.pattern import Deliver, Seat
from harness.timerfd import Alarm
from harness.wire.redis_lasting import Begin, lasting
from harness.wire.resp import RespLink

_NS = 1_000_000_000

Job = tuple[bytes, bytes]
"""A message, and the packed commands that acknowledge it; their replies are numbers."""


async def _nothing(_link: RespLink) -> None:
    """Begin a connection without a command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """How a consumer takes jobs."""

    fetch: Callable[[], bytes]
    """Pack the command that takes the next job."""
    read: Callable[[Any], Job | None]
    """Read its reply; None if there was no job."""
    begin: Begin = _nothing
    """What comes first on each connection: bring back what was taken and not acknowledged."""
    poll_after: Callable[[int], int] | None = None
    """When to ask again after there was no job, in ns of CLOCK_MONOTONIC; None: at once."""


@asynccontextmanager
async def consume(seat: Seat, deliver: Deliver, taking: Taking) -> AsyncIterator[None]:
    """Take jobs until left; leaving closes the connection, and with it ends a wait at the server.

    Raises:
        OSError: nothing accepts connections there, or ended this one.
        BadInput: the server refuses the password, the database or a command.
    """
    with ExitStack() as stack:
        consumer = _Consumer(seat, deliver, taking)
        if seat.workload.work or taking.poll_after is not None:
            consumer.alarm = stack.enter_context(Alarm(consumer.ring))
        async with lasting(seat, consumer.take, consumer.begin):
            yield


class _Consumer:
    """One consumer: idle, waiting for a reply, or working on a job."""

    alarm: Alarm
    """Ends the work on a job, or the wait for the next poll."""

    def __init__(self, seat: Seat, deliver: Deliver, taking: Taking) -> None:
        self._deliver = deliver
        self._note, self._works_on = seat.note, seat.begin
        self._work_ns = round(seat.workload.work * _NS)
        self._taking = taking
        self._fetch, self._read = taking.fetch, taking.read
        self._job: Job | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._link: RespLink

    async def begin(self, link: RespLink) -> None:
        """Ask for the first job on a new connection, once the one of the old is done."""
        await self._idle.wait()
        self._link = link
        await self._taking.begin(link)
        link.transport.write(self._fetch())

    def take(self, reply: Any) -> None:
        """Read a reply: a job, none, or the answer to an acknowledgement."""
        if isinstance(reply, int):
            return
        if isinstance(reply, hiredis.ReplyError):
            self._note(str(reply))
            return
        job = self._read(reply)
        if job is None:
            self._pause()
            return
        self._works_on(job[0])
        if self._work_ns:
            self._job = job
            self._idle.clear()
            self.alarm.at(time.monotonic_ns() + self._work_ns)
        else:
            self._finish(job)

    def ring(self) -> None:
        """Finish the job that is being worked on, or poll."""
        job, self._job = self._job, None
        if job is not None:
            self._finish(job)
            self._idle.set()
        else:
            self._write(self._fetch())

    def _finish(self, job: Job) -> None:
        message, acknowledgement = job
        self._deliver(message)
        self._write(acknowledgement + self._fetch())

    def _pause(self) -> None:
        poll_after = self._taking.poll_after
        if poll_after is None:
            self._write(self._fetch())
        else:
            self.alarm.at(poll_after(time.monotonic_ns()))

    def _write(self, commands: bytes) -> None:
        transport = self._link.transport
        if not transport.is_closing():
            transport.write(commands)
