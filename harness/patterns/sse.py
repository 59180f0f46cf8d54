"""Server-sent events: one answer that never ends, an event for each message.

``GET /events`` is answered with ``text/event-stream``; the subscriber is registered before the
header is sent, so that whoever has the header misses nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from harness.given_server import HTTP
from harness.library.background import background
from harness.library.http import http_session, noting_loss, publish_over_http, read_events
from harness.pattern import (
    DISCONNECTED,
    EDGE,
    EVICTED,
    Client,
    Deliver,
    Endpoints,
    Pattern,
    Seat,
    joined,
)
from harness.patterns.reference_server import fed, reference_server
from harness.wire.posts import post_as_member, post_messages
from harness.wire.sse import MESSAGE_NAMES, event_link
from harness.workload import ClientKind, Exchange, Ingress


@asynccontextmanager
async def _subscribe_wire(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    async with event_link(seat, deliver):
        yield


@asynccontextmanager
async def reading_events(seat: Seat, path: str, deliver: Deliver) -> AsyncIterator[None]:
    """Read the role ``subscribe``, or else ``path``, with the library; deliver each message."""
    async with (
        http_session(seat) as session,
        session.get(
            seat.endpoints.at("subscribe", path),
            headers={"Accept": "text/event-stream"},
            raise_for_status=True,
        ) as answer,
    ):

        async def read() -> None:
            with noting_loss(seat.note):
                async with aclosing(read_events(answer.content)) as events:
                    async for name, data in events:
                        if name in MESSAGE_NAMES:
                            deliver(data)
                        elif name == b"evicted":
                            seat.note(EVICTED)
                            return
                        elif seat.arrived is not None:
                            seat.arrived(data)
                seat.note(DISCONNECTED)

        async with background(read()):
            yield


@asynccontextmanager
async def _subscribe_library(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    async with reading_events(seat, "/events", deliver):
        yield


def _example(endpoints: Endpoints) -> tuple[str, ...]:
    url = endpoints["http"]
    return (
        f"curl -N {url}/events",
        f"curl -d 'a message' {url}/messages",
        f"curl -N -H 'Last-Event-ID: 0' {url}/events   # resumes after that event",
    )


def _pattern(name: str, stack: str, server: str) -> Pattern:
    return Pattern(
        name=name,
        block=EDGE,
        exchanges=frozenset({Exchange.BROADCAST, Exchange.GROUP}),
        path="server writes an event into the open answer to GET /events",
        guarantees=(
            "in order and nothing dropped within a connection; a reader whose queue (65,536 "
            "messages, 256 MiB) overflows gets the event 'evicted' and is disconnected; whoever "
            "reconnects with Last-Event-ID goes on from the server's log"
        ),
        stack=stack,
        servers=lambda _workload: (reference_server(server),),
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


SSE = _pattern("sse", "uvicorn", "uvicorn_stack")
ON_AIOHTTP = _pattern("sse@aiohttp", "aiohttp", "aiohttp_stack")
ON_SSE_STARLETTE = _pattern("sse@sse-starlette", "sse-starlette", "sse_starlette")
