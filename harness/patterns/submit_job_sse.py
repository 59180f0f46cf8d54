"""Submit, and be sent the verdict as an event of a stream that stays open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harness.library.http import posting
from harness.pattern import Deliver, Endpoints, Seat, Send, Sent
from harness.patterns.judge_service import ACCEPTED, submission, submit_by_hand, way_to_wait
from harness.patterns.sse import reading_events
from harness.wire.http import http_link
from harness.wire.posts import ignore
from harness.wire.posts import posting as wire_posting
from harness.wire.sse import event_link


@asynccontextmanager
async def _wire(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    stream = f"/events?channel={seat.index}".encode()
    async with event_link(seat, deliver, stream), http_link(seat) as submitting:
        path = submission(seat.index).encode()
        yield wire_posting(submitting, path, ACCEPTED, sent, ignore)


@asynccontextmanager
async def _library(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    async with (
        reading_events(seat, f"/events?channel={seat.index}", deliver),
        posting(seat, submission(seat.index), sent, lambda _answer: None, drain=False) as send,
    ):
        yield send


def _example(endpoints: Endpoints) -> tuple[str, ...]:
    return (f"curl -N '{endpoints['http']}/events?channel=7'", submit_by_hand(endpoints))


PATTERN = way_to_wait(
    "sse",
    "API writes an event into the user's open stream",
    wire=_wire,
    library=_library,
    example=_example,
)
