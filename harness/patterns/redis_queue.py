"""A work queue in a Redis list: LPUSH at one end; BRPOP, RPOP or BLMOVE at the other (``--pop``).

``BRPOP`` and ``RPOP`` take a message out of Redis for good: a consumer that dies takes along what
it was working on. ``BLMOVE`` moves it to a list of the consumer's own, and ``LREM`` removes it
there once the work is done. Who takes a dead consumer's place moves what that list holds back
into the queue, where it is next.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, cast

import hiredis
from redis.asyncio import Redis

from harness.library import redis_jobs as library
from harness.library.redis import publish_in_turn
from harness.pattern import BROKER, Client, Deliver, Endpoints, Pattern, Seat, Send, Sent
from harness.patterns.poll_grid import Grid
from harness.patterns.stored_redis import stored_redis
from harness.queueing import Pop
from harness.wire import redis_jobs as wire
from harness.wire.redis_lasting import publish_confirmed
from harness.wire.redis_place import redis_cli
from harness.wire.resp import (
    RespLink,
    command,
    publish_pipelined,
    queue,
    refused,
    run_token,
)
from harness.workload import ClientKind, Exchange, Ingress, Workload

_LEFTOVERS_LIVE_S = 3600
"""How long what is left stays in a Redis that is not ours, should we not get to remove it."""


def _publish_feed(seat: Seat, sent: Sent) -> AbstractAsyncContextManager[Send]:
    key = queue(seat.endpoints["redis"])
    if seat.accepted is not None:
        return publish_confirmed(seat, sent, seat.accepted, b"LPUSH", key)
    expire = command(b"EXPIRE", key, b"%d" % _LEFTOVERS_LIVE_S)
    return publish_pipelined(seat, sent, b"LPUSH", key, afterwards=expire)


def _publish_native(seat: Seat, sent: Sent) -> AbstractAsyncContextManager[Send]:
    key = queue(seat.endpoints["redis"])

    async def push(client: Redis, message: bytes) -> None:
        await client.lpush(key, message)

    async def expire(client: Redis) -> None:
        await client.expire(key, _LEFTOVERS_LIVE_S)

    return publish_in_turn(seat, sent, push, afterwards=expire)


def _brpop_wire(seat: Seat) -> wire.Taking:
    # No time limit: leaving closes the connection, and with it ends the wait at the server.
    pop = command(b"BRPOP", queue(seat.endpoints["redis"]), b"0")
    return wire.Taking(fetch=lambda: pop, read=lambda reply: (reply[1], b""))  # after the key


def _rpop_wire(seat: Seat) -> wire.Taking:
    pop = command(b"RPOP", queue(seat.endpoints["redis"]))
    return wire.Taking(
        fetch=lambda: pop,
        read=lambda reply: None if reply is None else (reply, b""),
        poll_after=Grid.of(seat, time.monotonic_ns()).after,
    )


def _lmove_wire(seat: Seat) -> wire.Taking:
    url = seat.endpoints["redis"]
    key, mine = queue(url), _taken_by(seat)
    move = command(b"BLMOVE", key, mine, b"RIGHT", b"LEFT", b"0")
    bring_back = command(b"LMOVE", mine, key, b"LEFT", b"RIGHT")

    async def recover(link: RespLink) -> None:
        while (reply := (await link.ask(bring_back))[0]) is not None:
            if isinstance(reply, hiredis.ReplyError):
                raise refused(url, reply)

    def read(message: Any) -> wire.Job:
        return message, command(b"LREM", mine, b"1", message)

    return wire.Taking(begin=recover, fetch=lambda: move, read=read)


def _brpop_library(seat: Seat) -> library.Taking:
    key = queue(seat.endpoints["redis"])

    async def pop(client: Redis) -> library.Job:
        popped = cast(tuple[bytes, bytes], await client.brpop(key, timeout=0))
        return popped[1], None

    return library.Taking(fetch=pop)


def _rpop_library(seat: Seat) -> library.Taking:
    key = queue(seat.endpoints["redis"])

    async def pop(client: Redis) -> library.Job | None:
        message = cast(bytes | None, await client.rpop(key))
        return None if message is None else (message, None)

    return library.Taking(fetch=pop, poll_after=Grid.of(seat, time.monotonic_ns()).after)


def _lmove_library(seat: Seat) -> library.Taking:
    key, mine = queue(seat.endpoints["redis"]).decode(), _taken_by(seat).decode()

    async def recover(client: Redis) -> None:
        while await client.lmove(mine, key, "LEFT", "RIGHT") is not None:
            pass

    async def move(client: Redis) -> library.Job:
        moving = client.blmove(key, mine, timeout=0, src="RIGHT", dest="LEFT")
        message = cast(str, await moving)  # bytes, which redis-py's types do not know of
        return cast(bytes, message), lambda: cast(Awaitable[Any], client.lrem(mine, 1, message))

    return library.Taking(begin=recover, fetch=move)


_WIRE: Mapping[Pop, Callable[[Seat], wire.Taking]] = {
    Pop.BRPOP: _brpop_wire,
    Pop.RPOP: _rpop_wire,
    Pop.LMOVE: _lmove_wire,
}
_LIBRARY: Mapping[Pop, Callable[[Seat], library.Taking]] = {
    Pop.BRPOP: _brpop_library,
    Pop.RPOP: _rpop_library,
    Pop.LMOVE: _lmove_library,
}


def _consume_wire(seat: Seat, deliver: Deliver) -> AbstractAsyncContextManager[None]:
    return wire.consume(seat, deliver, _WIRE[seat.workload.pop](seat))


def _consume_library(seat: Seat, deliver: Deliver) -> AbstractAsyncContextManager[None]:
    return library.consume(seat, deliver, _LIBRARY[seat.workload.pop](seat))


def _taken_by(seat: Seat) -> bytes:
    """Name the list of what this consumer works on; a successor of it has the same."""
    return b"%b:%d" % (queue(seat.endpoints["redis"]), seat.index)


def _keys(workload: Workload) -> tuple[str, ...]:
    taken = range(workload.subscribers) if workload.pop is Pop.LMOVE else ()
    return ("abec:queue:{run}", *(f"abec:queue:{{run}}:{index}" for index in taken))


_POPS = {
    Pop.BRPOP: (("BRPOP", "abec:queue:{run}", "0"),),
    Pop.RPOP: (("RPOP", "abec:queue:{run}"),),
    Pop.LMOVE: (
        ("BLMOVE", "abec:queue:{run}", "abec:queue:{run}:0", "RIGHT", "LEFT", "0"),
        ("LMOVE", "abec:queue:{run}:0", "abec:queue:{run}", "LEFT", "RIGHT"),
        ("LREM", "abec:queue:{run}:0", "1", "message"),
    ),
}


def _waiting(endpoints: Endpoints, workload: Workload) -> Sequence[tuple[bytes, ...]]:
    run = run_token(endpoints["redis"])
    return [(b"LLEN", key.format(run=run).encode()) for key in _keys(workload)]


def _example(endpoints: Endpoints) -> Sequence[str]:
    ask, key = redis_cli(endpoints["redis"]), queue(endpoints["redis"]).decode()
    return (f"{ask} LPUSH {key} hello", f"{ask} BRPOP {key} 0")


REDIS_QUEUE = Pattern(
    name="redis_queue",
    block=BROKER,
    exchanges=frozenset({Exchange.WORK_QUEUE}),
    path="LPUSH → Redis list → BRPOP, RPOP or BLMOVE (--pop)",
    guarantees="messages wait for a consumer without limit; brpop and rpop: at most once, one that "
    "dies takes along what it had popped; lmove: at least once, its successor does that again",
    stack="redis",
    servers=lambda workload: stored_redis(
        workload,
        _keys(workload),
        ("LPUSH", "abec:queue:{run}", "message"),
        ("EXPIRE", "abec:queue:{run}", "3600"),
        *_POPS[workload.pop],
    ),
    publish={Ingress.FEED: _publish_feed, Ingress.NATIVE: _publish_native},
    clients={
        ClientKind.WIRE: Client(subscribe=_consume_wire),
        ClientKind.LIBRARY: Client(subscribe=_consume_library),
    },
    floor="floor@no-loop",
    poll_interval_s=lambda workload: workload.poll_interval if workload.pop is Pop.RPOP else 0.0,
    polls_until_empty=True,
    stores=True,
    pops=frozenset(Pop),
    waiting=_waiting,
    example=_example,
)
