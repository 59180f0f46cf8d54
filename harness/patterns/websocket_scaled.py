"""WebSockets on several gateways behind a load balancer, joined by a backplane in Redis.

Subscribers come to a gateway through the balancer, or in turn without one. The feed's publishers
connect to gateways in turn, native ones go through the balancer. Whoever loses a connection makes
another after a random wait; over a stream, subscribers go on from the last id they have.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import replace
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed

from harness.library.background import background
from harness.library.outbox import outbox
from harness.library.websocket import websocket
from harness.pattern import (
    EDGE,
    EVICTED,
    AnyServerSpec,
    Client,
    Deliver,
    Endpoints,
    Pattern,
    Program,
    RedisSpec,
    Seat,
    Send,
    Sent,
    ServerSpec,
)
from harness.scaling import Backplane, Balancer
from harness.wire.feeds import publish_to_feeds
from harness.wire.reconnecting import Held, full_jitter, kept_connected
from harness.wire.websocket import Unavailable, websocket_link
from harness.workload import ClientKind, Exchange, Ingress, Workload

_NOBODY_THERE = (OSError, Unavailable)
"""Why to try again. Whoever answers something else than the protocol is a failure to be told."""
_STREAM = "abec:backplane:{run}"
_REHEARSAL = {
    Backplane.NONE: (),
    Backplane.PUBSUB: (("PUBLISH", "abec:main:{run}", "message"),),
    Backplane.STREAMS: (
        ("XADD", _STREAM, "MAXLEN", "~", "65536", "*", "m", "1"),
        ("EXPIRE", _STREAM, "7200"),
        ("XREVRANGE", _STREAM, "+", "-", "COUNT", "1"),
        ("XREAD", "COUNT", "1000", "BLOCK", "0", "STREAMS", _STREAM, "0-0"),
        ("XRANGE", _STREAM, "0-0", "0-0"),
        ("XINFO", "STREAM", _STREAM),
    ),
    Backplane.SHARDED: (("SPUBLISH", "abec:main:{run}", "message"),),
}
_NODES = 3
"""Of the cluster for ``sharded``: the fewest of which a majority can agree."""


class Position:
    """How far one subscriber has come: frames of a stream begin with their id."""

    def __init__(self, seat: Seat, deliver: Deliver) -> None:
        self._id = b""
        self._note = seat.note
        self._deliver = deliver
        self.deliver = self._take if seat.workload.backplane.resumes else deliver

    @property
    def mode(self) -> str:
        """What to ask a gateway for: everything from now on, or behind the last id."""
        return f"subscribe&after={self._id.decode()}" if self._id else "subscribe"

    def note(self, cause: str) -> None:
        """Note a loss; whoever was evicted cannot go on from where it was."""
        if cause == EVICTED:
            self._id = b""
        self._note(cause)

    def _take(self, frame: bytes) -> None:
        self._id, _, message = frame.partition(b"\n")
        if message:  # the first frame holds the id alone
            self._deliver(message)


def _at_a_gateway(seat: Seat, turn: int) -> Seat:
    """Give the seat whose role ``http`` is where its connection for the n-th time goes."""
    workload, urls = seat.workload, seat.endpoints.urls
    if workload.balancer is not Balancer.NONE:
        return seat
    place = (seat.index + turn) % workload.gateways
    return replace(
        seat, endpoints=replace(seat.endpoints, urls={**urls, "http": urls[f"gateway{place}"]})
    )


@asynccontextmanager
async def _subscribe_wire(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    position = Position(seat, deliver)
    noting = replace(seat, note=position.note)

    @asynccontextmanager
    async def connect(turn: int) -> AsyncIterator[asyncio.Future[None]]:
        at = _at_a_gateway(noting, turn)
        async with websocket_link(at, position.mode, position.deliver) as link:
            yield link.lost

    async with kept_connected(
        connect, failures=_NOBODY_THERE, wait_s=full_jitter(seat), returned=seat.returned
    ):
        yield


@asynccontextmanager
async def _subscribe_library(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    position = Position(seat, deliver)
    noting = replace(seat, note=position.note)

    @asynccontextmanager
    async def connect(turn: int) -> AsyncIterator[asyncio.Future[None]]:
        at = _at_a_gateway(noting, turn)
        async with (
            websocket(at, position.mode, position.deliver) as connection,
            background(connection.wait_closed()) as gone,
        ):
            yield gone

    async with kept_connected(
        connect, failures=_NOBODY_THERE, wait_s=full_jitter(seat), returned=seat.returned
    ):
        yield


def _publish_feed(seat: Seat, sent: Sent) -> AbstractAsyncContextManager[Send]:
    urls = [seat.endpoints[f"feed{place}"] for place in range(seat.workload.gateways)]
    return publish_to_feeds(seat, sent, urls)


@asynccontextmanager
async def _publish_native(seat: Seat, sent: Sent) -> AsyncIterator[Send]:
    held = Held()

    @asynccontextmanager
    async def connect(turn: int) -> AsyncIterator[asyncio.Future[None]]:
        async with websocket(_at_a_gateway(seat, turn), "publish", _ignore) as connection:

            async def transmit(message: bytes) -> None:
                sent(message)
                with suppress(ConnectionClosed):
                    await connection.send(message, text=True)

            async with (
                background(connection.wait_closed()) as gone,
                outbox(transmit, nullcontext(), drain=True) as send,
            ):
                held.open(send, gone.done)
                yield gone

    async with kept_connected(connect, failures=_NOBODY_THERE, wait_s=full_jitter(seat)):
        yield held.send


def _ignore(_message: bytes) -> None:
    """Nothing comes back to a publisher."""


def _servers(workload: Workload) -> tuple[AnyServerSpec, ...]:
    places = range(workload.gateways)
    joins = workload.backplane is not Backplane.NONE
    gateways = tuple(
        ServerSpec(
            name=f"gateway{place}",
            argv=(
                *("{python}", "-m", "servers.gateway", "--port", "0", "--feed-port", "0"),
                *("--place", str(place), "--backplane", str(workload.backplane)),
            ),
            roles=(f"gateway{place}", f"feed{place}"),
            needs_redis=joins,
        )
        for place in places
    )
    redis = RedisSpec(
        rehearsal=_REHEARSAL[workload.backplane],
        keys=(_STREAM,) if workload.backplane is Backplane.STREAMS else (),
        nodes=_NODES if workload.backplane is Backplane.SHARDED else 1,
    )
    return (*((redis,) if joins else ()), *gateways, *_balancers(workload))


def _balancers(workload: Workload) -> tuple[ServerSpec, ...]:
    kind = workload.balancer
    if kind is Balancer.NONE:
        return ()
    balancer = ServerSpec(
        name="balancer",
        argv=("{python}", "-m", "servers.balancer", str(kind), "{program}"),
        roles=("http",),
        program=Program(name=str(kind), option="--balancer"),
        before=tuple(f"gateway{place}" for place in range(workload.gateways)),
    )
    return (balancer,)


def _example(endpoints: Endpoints) -> tuple[str, ...]:
    entry = endpoints.urls.get("http") or endpoints["gateway0"]
    url = f"ws://{urlsplit(entry).netloc}/ws"
    return (
        f"websocat '{url}?mode=subscribe'",
        f"echo 'a message' | websocat '{url}?mode=publish'",
    )


WEBSOCKET_SCALED = Pattern(
    name="websocket_scaled",
    block=EDGE,
    exchanges=frozenset({Exchange.BROADCAST}),
    path="gateway → Redis → every gateway → balancer → a text frame over the open WebSocket",
    guarantees=(
        "in order within a gateway's life; whoever loses its gateway misses what is published "
        "until it is connected again (pubsub, sharded), or nothing while the stream (65,536 "
        "messages) reaches back to its last id (streams)"
    ),
    stack="uvicorn",
    servers=_servers,
    publish={Ingress.FEED: _publish_feed, Ingress.NATIVE: _publish_native},
    clients={
        ClientKind.WIRE: Client(subscribe=_subscribe_wire),
        ClientKind.LIBRARY: Client(subscribe=_subscribe_library),
    },
    options=frozenset({"gateways", "backplane", "balancer"}),
    only_by_name=True,
    example=_example,
)
