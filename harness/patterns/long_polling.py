"""Long polling: the subscriber's request waits at the server for the next message.

``GET /messages?after=CURSOR&wait=SECONDS`` answers as soon as there is something newer, with all
of it. The next request follows each answer at once; what is published in between is in the log,
and comes with the next answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harness.library.background import background
from harness.library.http import cursor_of, http_session, noting_loss, publish_over_http
from harness.pattern import EDGE, Client, Deliver, Endpoints, Pattern, Seat, ServerSpec
from harness.wire.frames import publish_to_feed
from harness.wire.http import LogReader, Response, http_link
from harness.workload import ClientKind, Exchange, Ingress, Workload

WAIT_S = 25
"""How long a request may wait: below the 30 s after which proxies commonly give up."""


@asynccontextmanager
async def _subscribe_wire(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    async with http_link(seat) as link:
        log = LogReader(seat.note, deliver)

        def ask() -> None:
            link.get(b"/messages?after=%d&wait=%d" % (log.cursor, WAIT_S), answered)

        def answered(response: Response) -> None:
            log.take(*response)
            ask()

        log.take(*await link.answer_to(b"/messages"))
        ask()
        yield


@asynccontextmanager
async def _subscribe_library(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    async with http_session(seat) as session:
        log = LogReader(seat.note, deliver)

        async def ask(**parameters: int) -> None:
            async with session.get("/messages", params=parameters) as answer:
                log.take(answer.status, cursor_of(answer), await answer.read())

        async def ask_for_ever() -> None:
            with noting_loss(seat.note):
                while True:
                    await ask(after=log.cursor, wait=WAIT_S)

        await ask()
        async with background(ask_for_ever()):
            yield


def _example(endpoints: Endpoints) -> tuple[str, ...]:
    url = endpoints["http"]
    return (
        f"curl -i '{url}/messages?after=0&wait={WAIT_S}'   # answers with the first message",
        f"curl -d 'a message' {url}/messages",
    )


def _pattern(name: str, stack: str) -> Pattern:
    server = f"{stack}_stack"

    def servers(_workload: Workload) -> tuple[ServerSpec, ...]:
        argv = ("{python}", "-m", f"servers.{server}", "--port", "0", "--feed-port", "0")
        return (ServerSpec(name=server, argv=argv, roles=("http", "feed")),)

    return Pattern(
        name=name,
        block=EDGE,
        exchanges=frozenset({Exchange.BROADCAST}),
        path=f"subscriber's GET /messages?after=CURSOR&wait={WAIT_S} waits for the next message",
        guarantees=(
            "nothing is lost while the server's log (65,536 messages, 256 MiB a channel) reaches "
            "back to the reader's cursor, also over reconnections; a reader further behind gets "
            "410 and the cursor to go on from"
        ),
        stack=stack,
        servers=servers,
        publish={Ingress.FEED: publish_to_feed, Ingress.NATIVE: publish_over_http},
        clients={
            ClientKind.WIRE: Client(subscribe=_subscribe_wire),
            ClientKind.LIBRARY: Client(subscribe=_subscribe_library),
        },
        example=_example,
    )


LONG_POLLING = _pattern("long_polling", "uvicorn")
ON_AIOHTTP = _pattern("long_polling@aiohttp", "aiohttp")
