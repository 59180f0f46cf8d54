"""Submit by POST, and be sent the verdict as a frame on a WebSocket that stays open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from harness.library.websocket import websocket
from harness.pattern import Deliver, Endpoints, Seat, Send, Sent
from harness.patterns.judge_service import (
    submit_by_hand,
    submitting,
    submitting_by_library,
    way_to_wait,
)
from harness.wire.http import http_link
from harness.wire.websocket import websocket_link


@asynccontextmanager
async def _wire(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    mode = f"subscribe&channel={seat.index}"
    async with websocket_link(seat, mode, deliver), http_link(seat) as posts:
        yield submitting(posts, seat, sent)


@asynccontextmanager
async def _library(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    async with (
        websocket(seat, f"subscribe&channel={seat.index}", deliver),
        submitting_by_library(seat, sent) as send,
    ):
        yield send


def _example(endpoints: Endpoints) -> tuple[str, ...]:
    url = f"ws://{urlsplit(endpoints['http']).netloc}/ws?mode=subscribe&channel=7"
    return (f"websocat '{url}'", submit_by_hand(endpoints))


PATTERN = way_to_wait(
    "websocket",
    "API sends a frame over the user's open WebSocket",
    wire=_wire,
    library=_library,
    example=_example,
)
