"""Submit, then leave a request at the server that is answered when there is a verdict.

It waits 25 s at most, and the next one follows at once while a verdict is owed. What comes in
between is in the user's channel, and is had with the next answer.
"""

from __future__ import annotations

import asyncio
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
from harness.patterns.long_polling import WAIT_S
from harness.wire.http import LogReader, Response, http_link


@asynccontextmanager
async def _wire(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    target = f"/messages?channel={seat.index}".encode()
    asking = False

    def ask() -> None:
        nonlocal asking
        if not asking:
            asking = True
            link.get(b"%b&after=%d&wait=%d" % (target, log.cursor, WAIT_S), answered)

    def answered(response: Response) -> None:
        nonlocal asking
        asking = False
        log.take(*response)
        if owed.count > 0:
            ask()

    owed = Owed(deliver, ask)
    log = LogReader(seat.note, owed.deliver)
    async with http_link(seat) as link, http_link(seat) as posts:
        log.take(*await link.answer_to(target))
        yield submitting(posts, seat, sent, owed.accepted)


@asynccontextmanager
async def _library(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    waiting = asyncio.Event()
    owed = Owed(deliver, waiting.set)

    async def ask_while_owed() -> None:
        with noting_loss(seat.note):
            while True:
                await waiting.wait()
                await ask(wait=WAIT_S)
                if owed.count <= 0:
                    waiting.clear()

    async with (
        reading_log(seat, owed.deliver, channel=seat.index) as ask,
        background(ask_while_owed()),
        submitting_by_library(seat, sent, owed.accepted) as send,
    ):
        yield send


def _example(endpoints: Endpoints) -> tuple[str, ...]:
    url = endpoints["http"]
    return (
        f"curl -i '{url}/messages?channel=7&after=0&wait={WAIT_S}'   # answers with the verdict",
        submit_by_hand(endpoints),
    )


PATTERN = way_to_wait(
    "long_polling",
    f"user's GET /messages&wait={WAIT_S} waits for it",
    wire=_wire,
    library=_library,
    example=_example,
)
