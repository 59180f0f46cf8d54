"""REST: a request and its answer, ``POST /echo`` on one keep-alive connection a caller.

At a server that does not know our messages, each stands for one request with the user's own body;
its answer counts where its status is the one expected, whatever it says.

HTTP/1.1 answers in order, so a connection carries one request at a time. Further messages wait
their turn in the client, as they do in any connection pool; that wait is the pool wait.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harness.given_server import HTTP
from harness.library import http
from harness.pattern import EDGE, Client, Deliver, Endpoints, Pattern, Seat, Send, Sent
from harness.patterns.reference_server import reference_server
from harness.wire.http import http_link
from harness.wire.place import Place
from harness.wire.posts import SUCCESS, asking, posting
from harness.workload import ClientKind, Exchange


@asynccontextmanager
async def _call_wire(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    place = Place.of(seat.endpoints.at("call", "/echo"))
    async with http_link(seat, place) as link:
        if seat.workload.opaque:
            yield asking(link, place.target, seat, sent, deliver)
        else:
            yield posting(
                link, place.target, SUCCESS if seat.workload.elsewhere else (200,), sent, deliver
            )


@asynccontextmanager
async def _call_library(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    if seat.workload.opaque:
        side = http.asking(seat, sent, deliver)
    else:
        side = http.posting(seat, "/echo", sent, deliver, drain=False, role="call")
    async with side as send:
        yield send


def _example(endpoints: Endpoints) -> tuple[str, ...]:
    return (f"curl -i -d 'a message' {endpoints['http']}/echo",)


def _pattern(name: str, stack: str) -> Pattern:
    return Pattern(
        name=name,
        block=EDGE,
        exchanges=frozenset({Exchange.REQUEST_REPLY}),
        path="caller sends POST /echo and waits for its answer; one request a connection",
        guarantees=(
            "every request is answered or fails visibly; whether one that failed was carried "
            "out, the caller cannot know"
        ),
        stack=stack,
        servers=lambda _workload: (reference_server(f"{stack}_stack"),),
        publish={},
        clients={
            ClientKind.WIRE: Client(call=_call_wire),
            ClientKind.LIBRARY: Client(call=_call_library),
        },
        speaks=HTTP,
        encrypts=True,
        example=_example,
    )


REST = _pattern("rest", "uvicorn")
ON_AIOHTTP = _pattern("rest@aiohttp", "aiohttp")
