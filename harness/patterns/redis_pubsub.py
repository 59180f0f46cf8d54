"""Redis publish/subscribe: PUBLISH to a channel, SUBSCRIBE to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import hiredis
from redis.asyncio import Redis

from harness.library.background import background
from harness.library.redis import noting_loss, publish_in_turn, redis_client
from harness.pattern import (
    BROKER,
    Client,
    Deliver,
    Endpoints,
    Pattern,
    RedisSpec,
    Seat,
    Send,
    Sent,
    joined,
)
from harness.wire.redis_place import redis_cli
from harness.wire.resp import (
    channel,
    command,
    linked_to_redis,
    publish_pipelined,
)
from harness.workload import ClientKind, Exchange, Ingress

_REHEARSAL = (("PUBLISH", "abec:main:{run}", "message"),)


def _publish_feed(seat: Seat, sent: Sent) -> AbstractAsyncContextManager[Send]:
    return publish_pipelined(seat, sent, b"PUBLISH", channel(seat.endpoints["redis"]))


def _publish_native(seat: Seat, sent: Sent) -> AbstractAsyncContextManager[Send]:
    to = channel(seat.endpoints["redis"])

    async def publish(client: Redis, message: bytes) -> None:
        await client.publish(to, message)

    return publish_in_turn(seat, sent, publish)


@asynccontextmanager
async def _subscribe_wire(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    def take(reply: Any) -> None:
        if isinstance(reply, hiredis.ReplyError):
            seat.note(str(reply))
            return
        deliver(reply[2])  # after the word "message" and the channel

    subscribe = command(b"SUBSCRIBE", channel(seat.endpoints["redis"]))
    async with linked_to_redis(seat, take, subscribe):
        yield


@asynccontextmanager
async def _subscribe_library(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    async with redis_client(seat) as client, client.pubsub() as subscription:

        async def read() -> None:
            with noting_loss(seat.note):
                async for event in subscription.listen():
                    deliver(event["data"])

        await subscription.subscribe(channel(seat.endpoints["redis"]))
        await subscription.get_message(timeout=None)  # the server's confirmation
        async with background(read()):
            yield


def _example(endpoints: Endpoints) -> Sequence[str]:
    ask, name = redis_cli(endpoints["redis"]), channel(endpoints["redis"]).decode()
    return (f"{ask} SUBSCRIBE {name}", f"{ask} PUBLISH {name} hello")


REDIS_PUBSUB = Pattern(
    name="redis_pubsub",
    block=BROKER,
    exchanges=frozenset({Exchange.BROADCAST, Exchange.GROUP}),
    path="PUBLISH → Redis channel → SUBSCRIBE",
    guarantees="at most once: a reader that is away misses messages; a slow one is cut off at "
    "Redis' output-buffer limit, which is lifted in the Redis started here",
    stack="redis",
    servers=lambda _workload: (RedisSpec(rehearsal=_REHEARSAL),),
    publish={Ingress.FEED: _publish_feed, Ingress.NATIVE: _publish_native},
    clients={
        ClientKind.WIRE: Client(
            subscribe=_subscribe_wire, join=joined(_subscribe_wire, _publish_feed)
        ),
        ClientKind.LIBRARY: Client(
            subscribe=_subscribe_library, join=joined(_subscribe_library, _publish_native)
        ),
    },
    floor="floor@no-loop",
    example=_example,
)
