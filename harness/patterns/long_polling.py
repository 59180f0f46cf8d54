"""Long polling: the subscriber's request waits at the server for the next message.

``GET /messages?after=CURSOR&wait=SECONDS`` answers as soon as there is something newer, with all
of it. The next request follows each answer at once; what is published in between is in the log,
and comes with the next answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harness.given_server import HTTP
from harness.library.background import background
from harness.library.http import noting_loss, publish_over_http
from harness.library.message_log import reading_log
from harness.pattern import EDGE, Client, Deliver, Endpoints, Pattern, Seat, joined
from harness.patterns.reference_server import LOG_KEEPS, fed, reference_server
from harness.wire.http import LogReader, Response, http_link
from harness.wire.place import Place
from harness.wire.posts import post_as_member, post_messages
from harness.workload import ClientKind, Exchange, Ingress

WAIT_S = 25
"""How long a request may wait: below the 30 s after which proxies commonly give up."""


@asynccontextmanager
async def _subscribe_wire(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    place = Place.of(seat.endpoints.at("subscribe", "/messages"))
    async with http_link(seat, place) as link:
        log = LogReader(seat.note, deliver)

        def ask() -> None:
            link.get(place.asking(b"after=%d&wait=%d" % (log.cursor, WAIT_S)), answered)

        def answered(response: Response) -> None:
            log.take(*response)
            ask()

        log.take(*await link.answer_to(place.target))
        ask()
        yield


@asynccontextmanager
async def _subscribe_library(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    async with reading_log(seat, deliver) as ask:

        async def ask_for_ever() -> None:
            with noting_loss(seat.note):
                while True:
                    await ask(wait=WAIT_S)

        async with background(ask_for_ever()):
            yield


def _example(endpoints: Endpoints) -> tuple[str, ...]:
    url = endpoints["http"]
    return (
        f"curl -i '{url}/messages?after=0&wait={WAIT_S}'   # answers with the first message",
        f"curl -d 'a message' {url}/messages",
    )


def _pattern(name: str, stack: str) -> Pattern:
    return Pattern(
        name=name,
        block=EDGE,
        exchanges=frozenset({Exchange.BROADCAST, Exchange.GROUP}),
        path=f"subscriber's GET /messages?after=CURSOR&wait={WAIT_S} waits for the next message",
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
        speaks=HTTP,
        encrypts=True,
        example=_example,
    )


LONG_POLLING = _pattern("long_polling", "uvicorn")
ON_AIOHTTP = _pattern("long_polling@aiohttp", "aiohttp")
