"""One of several WebSocket gateways, joined by a backplane in Redis.

The contract's ``/ws?mode=subscribe`` and ``mode=publish``, on the default stack with the hub of
the reference server. With ``--backplane streams`` a frame is the message's id in the stream, a
line's end and the message. ``after=ID`` goes on behind that entry; without it, the first frame
holds the id alone behind which the subscriber stands. A reader whose entry the stream has dropped
is closed with code 1013.

Roles: http, feed.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from servers.asgi import (
    Handler,
    Receive,
    Routes,
    Scope,
    Send,
    application,
    broadcast_routes,
    close_on_disconnect,
    close_websocket,
    deliver_frames,
    query_of,
)
from servers.backplane import BehindStream, CaughtUp, Stream, Take, channel, stream
from servers.contract import EVICTED, TRY_AGAIN_LATER, as_text
from servers.gateway_tally import Tally
from servers.hub import Hub
from servers.job_queue import add_redis
from servers.redis_link import RedisLost
from servers.serving import Options, argument_parser, options_of, publishing, run
from servers.uvicorn_stack import serve

_ID = re.compile(r"\d{1,20}-\d{1,20}", re.ASCII)


class Joined(NamedTuple):
    """What a gateway has of its backplane."""

    publish: Take
    """Hands it a message."""
    lost: asyncio.Future[None]
    """Raises ``RedisLost`` once nothing more can come."""
    caught_up: CaughtUp
    stream: Stream | None
    """Where subscribers can go on from an id."""


@asynccontextmanager
async def joined(backplane: str, url: str, take: Take) -> AsyncIterator[Joined]:
    """Join a backplane; ``take`` gets what it brings.

    Raises:
        OSError, RedisLost: there is no Redis, or it does not allow this.
    """
    if backplane in ("pubsub", "sharded"):
        async with channel(url, take, sharded=backplane == "sharded") as through:
            yield Joined(through.publish, through.lost, through.caught_up, None)
    elif backplane == "streams":
        async with stream(url, take) as along:
            yield Joined(along.publish, along.lost, along.caught_up, along)
    else:
        yield Joined(take, asyncio.get_running_loop().create_future(), _at_once, None)


def websocket_routes(hub: Hub, options: Options, publish: Take) -> Routes:
    """Make the contract's handlers of WebSockets, whose messages go to the backplane first."""

    def enter(message: bytes, _channel: str) -> int:
        publish(message)
        return 0

    routes = broadcast_routes(hub, options.heartbeat, options.max_message, enter)
    return {
        ("WS publish", "/ws"): routes["WS publish", "/ws"],
        ("WS subscribe", "/ws"): routes["WS subscribe", "/ws"],
    }


async def _at_once() -> None:
    """Nothing can be behind where nothing joins."""


def counted(handler: Handler, tally: Tally, caught_up: CaughtUp) -> Handler:
    """Count each subscriber for as long as ``handler`` has it, once nothing is behind."""

    async def subscriber(scope: Scope, receive: Receive, send: Send) -> None:
        await caught_up()
        tally.subscribers(1)
        try:
            await handler(scope, receive, send)
        finally:
            tally.subscribers(-1)

    return subscriber


def resuming(hub: Hub, along: Stream) -> Handler:
    """Make the handler of subscribers who can go on from an id."""

    async def subscribe(scope: Scope, receive: Receive, send: Send) -> None:
        # Between these two lines nothing is taken: what is queued follows ``position``.
        subscription = hub.channel().subscribe(as_text)
        position = along.position
        watch = asyncio.create_task(close_on_disconnect(receive, subscription))
        after = query_of(scope).get("after", "")
        try:
            if _ID.fullmatch(after):
                missed = await along.between(after.encode(), position)
                first = [as_text(0, message) for message in missed]
            else:
                first = [f"{position.decode()}\n"]
        except BehindStream:
            subscription.close()
            watch.cancel()
            await send({"type": "websocket.accept"})
            await close_websocket(send, TRY_AGAIN_LATER, EVICTED)
            return
        subscription.pending[:0] = first
        await deliver_frames(send, subscription, watch)

    return subscribe


async def main(options: Options, place: int, backplane: str, redis: str) -> None:
    """Run the gateway until SIGTERM, or until its backplane is lost.

    Raises:
        OSError, RedisLost: there is no backplane, or it went away.
    """
    hub = Hub(options.bounds)
    to_subscribers = hub.channel().publish
    tally = Tally(place)

    def take(message: bytes) -> None:
        tally.message()
        to_subscribers(message)

    async with joined(backplane, redis, take) as plane:
        routes = websocket_routes(hub, options, plane.publish)
        if plane.stream is not None:
            routes["WS subscribe", "/ws"] = resuming(hub, plane.stream)
        subscribe = counted(routes["WS subscribe", "/ws"], tally, plane.caught_up)
        routes["WS subscribe", "/ws"] = subscribe
        serving = asyncio.create_task(
            serve(application(routes), hub, publishing(plane.publish), options)
        )
        await asyncio.wait((serving, plane.lost), return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            # Without it a gateway would go on as if nothing were published.
            plane.lost.result()
        await serving


def _parser() -> argparse.ArgumentParser:
    parser = argument_parser("gateway", "One of several WebSocket gateways on one backplane.")
    add = parser.add_argument
    add_redis(add)
    add("--place", type=int, default=0, help="which of the gateways it is, from 0")
    joining = ("none", "pubsub", "streams", "sharded")
    add("--backplane", choices=joining, default="pubsub", help="what joins them")
    return parser


if __name__ == "__main__":
    arguments = _parser().parse_args()
    try:
        run(
            "gateway",
            main(options_of(arguments), arguments.place, arguments.backplane, arguments.redis),
        )
    except (RedisLost, OSError) as error:
        sys.stderr.write(f"servers.gateway: {error}\n")
        raise SystemExit(1) from None
