"""Submit, and be sent the verdict as an event of a stream that stays open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harness.pattern import Deliver, Endpoints, Seat, Send, Sent
from harness.patterns.judge_service import (
    submit_by_hand,
    submitting,
    submitting_by_library,
    way_to_wait,
)
from harness.patterns.sse import reading_events
from harness.wire.http import http_link
from harness.wire.sse import event_link


@asynccontextmanager
async def _wire(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    stream = f"/events?channel={seat.index}"
    async with event_link(seat, deliver, stream), http_link(seat) as posts:
        yield submitting(posts, seat, sent)


@asynccontextmanager
async def _library(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    async with (
        reading_events(seat, f"/events?channel={seat.index}", deliver),
        submitting_by_library(seat, sent) as send,
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
