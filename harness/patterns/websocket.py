"""WebSocket: frames both ways on one connection, a text frame for each message.

``/ws?mode=subscribe`` brings every message; the subscriber is registered before the handshake
is answered. ``/ws?mode=echo`` sends each frame back; calls are pipelined freely.
``/ws?mode=join`` brings every message and publishes each frame: a member needs no second one.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harness import given_server
from harness.library.websocket import publish_over_websocket, sending, websocket
from harness.pattern import EDGE, Client, Deliver, Endpoints, Pattern, Seat, Send, Sent, ServerSpec
from harness.patterns.reference_server import fed, reference_server
from harness.wire.websocket import publish_frames, websocket_link, websocket_send
from harness.workload import ClientKind, Exchange, Ingress, Workload


@asynccontextmanager
async def _subscribe_wire(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    async with websocket_link(seat, "subscribe", deliver):
        yield


@asynccontextmanager
async def _call_wire(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    async with websocket_link(seat, "echo", deliver) as link:
        yield websocket_send(link, sent)


@asynccontextmanager
async def _subscribe_library(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    async with websocket(seat, "subscribe", deliver):
        yield


@asynccontextmanager
async def _call_library(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    async with sending(seat, "echo", sent, deliver, drain=False) as send:
        yield send


@asynccontextmanager
async def _join_wire(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    async with websocket_link(seat, "join", deliver) as link:
        yield websocket_send(link, sent)


@asynccontextmanager
async def _join_library(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    async with sending(seat, "join", sent, deliver, drain=False) as send:
        yield send


def _pattern(name: str, stack: str, server: str, *, broadcast_only: bool = False) -> Pattern:
    exchanges = {Exchange.BROADCAST, Exchange.GROUP}
    if not broadcast_only:
        exchanges.add(Exchange.REQUEST_REPLY)
    # The library's server can also write to all subscribers at once, without queues.
    options = ("--broadcast",) if broadcast_only else ()

    def servers(workload: Workload) -> tuple[ServerSpec, ...]:
        compression = ("--deflate",) if workload.deflate else ()
        return (reference_server(server, *options, *compression),)

    def example(endpoints: Endpoints) -> tuple[str, ...]:
        url = re.sub("^http", "ws", endpoints["http"]) + "/ws"
        lines = (
            f"websocat '{url}?mode=subscribe'",
            f"echo 'a message' | websocat '{url}?mode=publish'",
        )
        return lines if broadcast_only else (*lines, f"websocat '{url}?mode=echo'")

    return Pattern(
        name=name,
        block=EDGE,
        exchanges=frozenset(exchanges),
        path="server sends a text frame over the open WebSocket; calls and what members say go "
        "the same way",
        guarantees=(
            "in order and nothing dropped within a connection; a reader whose queue (65,536 "
            "messages, 256 MiB) overflows is closed with code 1013; what was published while "
            "it was away is gone"
        ),
        stack=stack,
        servers=servers,
        publish={Ingress.FEED: fed(publish_frames), Ingress.NATIVE: publish_over_websocket},
        clients={
            ClientKind.WIRE: Client(
                subscribe=_subscribe_wire,
                call=None if broadcast_only else _call_wire,
                join=_join_wire,
            ),
            ClientKind.LIBRARY: Client(
                subscribe=_subscribe_library,
                call=None if broadcast_only else _call_library,
                join=_join_library,
            ),
        },
        speaks=given_server.WEBSOCKET,
        compresses=True,
        encrypts=True,
        example=example,
    )


WEBSOCKET = _pattern("websocket", "uvicorn", "uvicorn_stack")
ON_AIOHTTP = _pattern("websocket@aiohttp", "aiohttp", "aiohttp_stack")
ON_WEBSOCKETS = _pattern("websocket@websockets", "websockets", "websockets_library")
ON_WEBSOCKETS_BROADCAST = _pattern(
    "websocket@websockets-broadcast", "websockets", "websockets_library", broadcast_only=True
)
