"""Submit, then ask every poll interval whether there is a verdict, until there is.

The polls are due on the user's own clock: a fixed grid whose offset is seeded and different for
each user, and which no submission starts. A verdict waits half an interval on average. Who waits
for nothing asks for nothing; a poll goes out only after the answer to the one before.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harness.library.background import background
from harness.library.http import noting_loss
from harness.library.message_log import reading_log
from harness.pattern import Deliver, Endpoints, Seat, Send, Sent
from harness.patterns.judge_service import (
    Owed,
    submit_by_hand,
    submitting,
    submitting_by_library,
    way_to_wait,
)
from harness.patterns.poll_grid import Grid
from harness.timerfd import Alarm
from harness.wire.http import LogReader, Response, http_link


@asynccontextmanager
async def _wire(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    target = f"/messages?channel={seat.index}".encode()
    grid = Grid.of(seat, time.monotonic_ns())
    polling = False

    def ask() -> None:
        nonlocal polling
        if not polling:
            polling = True
            alarm.at(grid.after(time.monotonic_ns()))

    def poll() -> None:
        link.get(b"%b&after=%d" % (target, log.cursor), answered)

    def answered(response: Response) -> None:
        nonlocal polling
        polling = False
        log.take(*response)
        if owed.count > 0:
            ask()

    owed = Owed(deliver, ask)
    log = LogReader(seat.note, owed.deliver)
    async with http_link(seat) as link, http_link(seat) as posts:
        log.take(*await link.answer_to(target))
        with Alarm(poll) as alarm:
            yield submitting(posts, seat, sent, owed.accepted)


@asynccontextmanager
async def _library(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    grid = Grid.of(seat, time.monotonic_ns())
    waiting, due = asyncio.Event(), asyncio.Event()
    owed = Owed(deliver, waiting.set)

    async def poll() -> None:
        with noting_loss(seat.note):
            while True:
                await waiting.wait()
                alarm.at(grid.after(time.monotonic_ns()))
                await due.wait()
                due.clear()
                await ask()
                if owed.count <= 0:
                    waiting.clear()

    async with reading_log(seat, owed.deliver, channel=seat.index) as ask:
        with Alarm(due.set) as alarm:
            async with (
                background(poll()),
                submitting_by_library(seat, sent, owed.accepted) as send,
            ):
                yield send


def _example(endpoints: Endpoints) -> tuple[str, ...]:
    url = endpoints["http"]
    return (submit_by_hand(endpoints), f"curl -i '{url}/messages?channel=7&after=0'")


PATTERN = way_to_wait(
    "polling",
    "user asks GET /messages every poll interval",
    wire=_wire,
    library=_library,
    example=_example,
    poll_interval_s=lambda workload: workload.poll_interval,
)
