"""A work queue in a Redis list: LPUSH at one end, BRPOP at the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast

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
)
from harness.wire.resp import (
    command,
    linked_to_redis,
    publish_pipelined,
    queue,
    without_query,
)
from harness.workload import ClientKind, Exchange, Ingress

_LEFTOVERS_LIVE_S = 3600
"""How long what nobody consumed stays in a Redis that is not ours to flush."""


def _publish_feed(seat: Seat, sent: Sent) -> AbstractAsyncContextManager[Send]:
    key = queue(seat.endpoints["redis"])
    expire = command(b"EXPIRE", key, b"%d" % _LEFTOVERS_LIVE_S)
    return publish_pipelined(seat, sent, b"LPUSH", key, afterwards=expire)


def _publish_native(seat: Seat, sent: Sent) -> AbstractAsyncContextManager[Send]:
    key = queue(seat.endpoints["redis"])

    async def push(client: Redis, message: bytes) -> None:
        await client.lpush(key, message)

    async def expire(client: Redis) -> None:
        await client.expire(key, _LEFTOVERS_LIVE_S)

    return publish_in_turn(seat, sent, push, afterwards=expire)


@asynccontextmanager
async def _consume_wire(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    # No time limit: leaving closes the connection, and with it ends the wait at the server.
    pop = command(b"BRPOP", queue(seat.endpoints["redis"]), b"0")

    def take(reply: Any) -> None:
        if isinstance(reply, hiredis.ReplyError):
            seat.note(str(reply))
            return
        deliver(reply[1])  # after the key
        write(pop)

    async with linked_to_redis(seat, take) as link:
        write = link.transport.write
        write(pop)
        yield


@asynccontextmanager
async def _consume_library(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    key = queue(seat.endpoints["redis"])

    async with redis_client(seat) as client:

        async def consume() -> None:
            with noting_loss(seat.note):
                while True:
                    popped = cast(tuple[bytes, bytes] | None, await client.brpop(key, timeout=1))
                    if popped is not None:
                        deliver(popped[1])

        async with background(consume()):
            yield


def _example(endpoints: Endpoints) -> Sequence[str]:
    url, key = without_query(endpoints["redis"]), queue(endpoints["redis"]).decode()
    return (f"redis-cli -u {url} LPUSH {key} hello", f"redis-cli -u {url} BRPOP {key} 0")


REDIS_QUEUE = Pattern(
    name="redis_queue",
    block=BROKER,
    exchanges=frozenset({Exchange.WORK_QUEUE}),
    path="LPUSH → Redis list → BRPOP",
    guarantees="at most once: messages wait for a consumer without limit, but one that dies "
    "takes along what it had popped",
    stack="redis",
    servers=lambda _workload: (RedisSpec(),),
    publish={Ingress.FEED: _publish_feed, Ingress.NATIVE: _publish_native},
    clients={
        ClientKind.WIRE: Client(subscribe=_consume_wire),
        ClientKind.LIBRARY: Client(subscribe=_consume_library),
    },
    floor="floor@no-loop",
    example=_example,
)
