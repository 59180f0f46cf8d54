"""Submit, and wait for the answer, which is the verdict: what a queue is meant to avoid.

The API holds the request until the verdict comes, for 30 s at most, as proxies commonly do; then
it answers 504, and whatever the workers find out later reaches nobody. One connection a user.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from harness.library.http import posting
from harness.pattern import Deliver, Endpoints, Seat, Send, Sent
from harness.patterns.judge_service import submission, way_to_wait
from harness.wire.http import Response, UnexpectedAnswer, http_link
from harness.wire.posts import posting_in_turn

WAIT_S = 30
GATEWAY_TIMEOUT = 504
TIMED_OUT = "timed out"
"""Noted where a request was given up, and its verdict with it."""


def _path(seat: Seat) -> str:
    return f"{submission(seat.index)}&wait={WAIT_S}"


@asynccontextmanager
async def _wire(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    def answered(response: Response) -> None:
        if response.status == 200:
            deliver(response.body)
        elif response.status == GATEWAY_TIMEOUT:
            seat.note(TIMED_OUT)
        else:
            raise UnexpectedAnswer(
                f"POST /submissions was answered with {response.status}: {response.body[:200]!r}"
            )

    async with http_link(seat) as link:
        yield posting_in_turn(partial(link.post, _path(seat).encode()), sent, answered)


@asynccontextmanager
async def _library(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    given_up = {GATEWAY_TIMEOUT: TIMED_OUT}
    async with posting(seat, _path(seat), sent, deliver, drain=False, noted=given_up) as send:
        yield send


def _example(endpoints: Endpoints) -> tuple[str, ...]:
    url = f"{endpoints['http']}{submission(7)}&wait={WAIT_S}"
    return (f"curl -i -d 'a submission' '{url}'",)


PATTERN = way_to_wait(
    "sync",
    "answer to the POST",
    wire=_wire,
    library=_library,
    example=_example,
    patience_s=WAIT_S,
    guarantees=(
        f"the answer is the verdict, or 504 after {WAIT_S} s; then the job may still be worked "
        "on, and nobody learns of it; a worker that dies takes along the job it held"
    ),
)
