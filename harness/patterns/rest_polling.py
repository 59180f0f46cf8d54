"""Short polling: the subscriber asks every ``poll_interval`` for what is newer.

``GET /messages?after=CURSOR`` answers at once with all newer messages, one a line, and the new
cursor in the header ``x-cursor``. A message waits half an interval on average for the next poll.

Polls are due on a fixed grid, whose offset is seeded and different for each subscriber. A poll
goes out only after the answer to the one before; grid points that pass meanwhile are skipped.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harness.given_server import HTTP
from harness.library.background import background
from harness.library.http import noting_loss, publish_over_http
from harness.library.message_log import reading_log
from harness.pattern import EDGE, Client, Deliver, Endpoints, Pattern, Seat, joined
from harness.patterns.poll_grid import Grid
from harness.patterns.reference_server import LOG_KEEPS, fed, reference_server
from harness.timerfd import Alarm
from harness.wire.http import LogReader, Response, http_link
from harness.wire.place import Place
from harness.wire.posts import post_as_member, post_messages
from harness.workload import ClientKind, Exchange, Ingress


@asynccontextmanager
async def _subscribe_wire(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    place = Place.of(seat.endpoints.at("subscribe", "/messages"))
    async with http_link(seat, place) as link:
        log = LogReader(seat.note, deliver)
        log.take(*await link.answer_to(place.target))
        grid = Grid.of(seat, time.monotonic_ns())
        waiting = overdue = False

        def poll() -> None:
            nonlocal waiting, overdue
            waiting, overdue = True, False
            link.get(place.asking(b"after=%d" % log.cursor), answered)
            alarm.at(grid.after(time.monotonic_ns()))

        def ring() -> None:
            nonlocal overdue
            if waiting:
                overdue = True
            else:
                poll()

        def answered(response: Response) -> None:
            nonlocal waiting
            waiting = False
            log.take(*response)
            if overdue:
                poll()

        with Alarm(ring) as alarm:
            alarm.at(grid.start_ns)
            yield


@asynccontextmanager
async def _subscribe_library(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    async with reading_log(seat, deliver) as ask:

        async def poll() -> None:
            with noting_loss(seat.note):
                while True:
                    await due.wait()
                    due.clear()
                    alarm.at(grid.after(time.monotonic_ns()))
                    await ask()

        grid = Grid.of(seat, time.monotonic_ns())
        due = asyncio.Event()
        with Alarm(due.set) as alarm:
            alarm.at(grid.start_ns)
            async with background(poll()):
                yield


def _example(endpoints: Endpoints) -> tuple[str, ...]:
    url = endpoints["http"]
    return (
        f"curl -i {url}/messages                   # the cursor to begin with, in x-cursor",
        f"curl -d 'a message' {url}/messages",
        f"curl -i '{url}/messages?after=0'         # all newer messages, one a line",
    )


def _pattern(name: str, stack: str) -> Pattern:
    return Pattern(
        name=name,
        block=EDGE,
        exchanges=frozenset({Exchange.BROADCAST, Exchange.GROUP}),
        path="subscriber asks GET /messages?after=CURSOR every poll interval",
        guarantees=LOG_KEEPS,
        stack=stack,
        servers=lambda _workload: (reference_server(f"{stack}_stack"),),
        publish={Ingress.FEED: fed(post_messages), Ingress.NATIVE: publish_over_http},
        clients={
            ClientKind.WIRE: Client(
                subscribe=_subscribe_wire, join=joined(_subscribe_wire, post_as_member)
            ),
            ClientKind.LIBRARY: Client(
                subscribe=_subscribe_library, join=joined(_subscribe_library, publish_over_http)
            ),
        },
        poll_interval_s=lambda workload: workload.poll_interval,
        speaks=HTTP,
        encrypts=True,
        example=_example,
    )


REST_POLLING = _pattern("rest_polling", "uvicorn")
ON_AIOHTTP = _pattern("rest_polling@aiohttp", "aiohttp")
