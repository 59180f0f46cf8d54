"""A work queue in a Redis stream: XADD; a consumer group reads, acknowledges, and inherits.

``XREADGROUP`` gives a message to one consumer of the group, in whose name it stays until ``XACK``.
What has been in somebody's name for ``idle_s`` belongs to a consumer that died: every consumer
looks for such messages (``XAUTOCLAIM``) twice in that time, and does them again. An acknowledged
message is deleted (``XDEL``), or else the stream would only ever grow.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, cast

import hiredis
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from harness.library import redis_jobs as library
from harness.library.redis import publish_in_turn
from harness.pattern import BROKER, Client, Endpoints, Pattern, Seat, Send, Sent
from harness.patterns.stored_redis import stored_redis
from harness.wire import redis_jobs as wire
from harness.wire.redis_lasting import publish_confirmed
from harness.wire.redis_place import redis_cli
from harness.wire.resp import RespLink, command, publish_pipelined, refused, stream
from harness.workload import ClientKind, Exchange, Ingress, Workload

_GROUP = b"consumers"
_FIELD = b"message"
_FIRST = b"0-0"
_SHORTEST_IDLE_S = 0.5
_TIMES_WORK = 4
"""So many times its work a message may be in somebody's name before that one is taken for dead."""
_LEFTOVERS_LIVE_S = 3600
"""How long the stream stays in a Redis that is not ours, should we not get to remove it."""
_KEY = "abec:stream:{run}"


def idle_s(workload: Workload) -> float:
    """Give how long a message is in a consumer's name before others claim it."""
    return max(_SHORTEST_IDLE_S, _TIMES_WORK * workload.work)


def _publish_feed(seat: Seat, sent: Sent) -> AbstractAsyncContextManager[Send]:
    key = stream(seat.endpoints["redis"])
    words = (b"XADD", key, b"*", _FIELD)
    if seat.accepted is not None:
        return publish_confirmed(seat, sent, seat.accepted, *words)
    expire = command(b"EXPIRE", key, b"%d" % _LEFTOVERS_LIVE_S)
    return publish_pipelined(seat, sent, *words, afterwards=expire)


def _publish_native(seat: Seat, sent: Sent) -> AbstractAsyncContextManager[Send]:
    key = stream(seat.endpoints["redis"])

    async def add(client: Redis, message: bytes) -> None:
        await client.xadd(key, {_FIELD: message})

    async def expire(client: Redis) -> None:
        await client.expire(key, _LEFTOVERS_LIVE_S)

    return publish_in_turn(seat, sent, add, afterwards=expire)


class _Claims:
    """When to look for what others left behind, and from which entry on."""

    def __init__(self, seat: Seat) -> None:
        self.idle_ms = round(1000 * idle_s(seat.workload))
        self.every_ms = self.idle_ms // 2
        self.cursor = _FIRST
        self._due_ns = 0

    @property
    def due(self) -> bool:
        """Whether it is time."""
        return time.monotonic_ns() >= self._due_ns

    def looked(self, cursor: bytes) -> None:
        """Go on at ``cursor``, which is the first entry again after the last one was looked at."""
        self.cursor = cursor
        if cursor == _FIRST:
            self._due_ns = time.monotonic_ns() + self.every_ms * 1_000_000


def _taking_wire(seat: Seat) -> wire.Taking:
    url = seat.endpoints["redis"]
    key, me, claims = stream(url), _name(seat), _Claims(seat)
    wait = (b"COUNT", b"1", b"BLOCK", b"%d" % claims.every_ms)
    read_next = command(b"XREADGROUP", b"GROUP", _GROUP, me, *wait, b"STREAMS", key, b">")
    create = command(b"XGROUP", b"CREATE", key, _GROUP, b"0", b"MKSTREAM")

    async def join(link: RespLink) -> None:
        (reply,) = await link.ask(create)
        if isinstance(reply, hiredis.ReplyError) and not _exists(reply):
            raise refused(url, reply)

    def fetch() -> bytes:
        if not claims.due:
            return read_next
        idle, start = b"%d" % claims.idle_ms, claims.cursor
        return command(b"XAUTOCLAIM", key, _GROUP, me, idle, start, b"COUNT", b"1")

    def read(reply: Any) -> wire.Job | None:
        if reply is None:  # nobody added anything for so long
            return None
        if isinstance(reply[0], bytes):  # XAUTOCLAIM: where to go on, and what was claimed
            claims.looked(reply[0])
            entries = reply[1]
        else:
            entries = reply[0][1]
        if not entries:
            return None
        ((name, (_, message)),) = entries
        return message, command(b"XACK", key, _GROUP, name) + command(b"XDEL", key, name)

    return wire.Taking(begin=join, fetch=fetch, read=read)


def _taking_library(seat: Seat) -> library.Taking:
    key, me, claims = stream(seat.endpoints["redis"]), _name(seat), _Claims(seat)

    async def join(client: Redis) -> None:
        try:
            await client.xgroup_create(key, _GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not _exists(error):
                raise

    async def take(client: Redis) -> library.Job | None:
        entries: Sequence[Any]
        if claims.due:
            cursor, entries, *_ = await client.xautoclaim(
                key, _GROUP, me, claims.idle_ms, start_id=claims.cursor, count=1
            )
            claims.looked(cursor)
        else:
            reading = client.xreadgroup(
                _GROUP.decode(), me.decode(), {key: ">"}, count=1, block=claims.every_ms
            )
            entries = _entries(await reading)
        if not entries:
            return None
        ((name, fields),) = entries
        return fields[_FIELD], _done(client, key, name)

    return library.Taking(begin=join, fetch=take)


def _done(client: Redis, key: bytes, name: bytes) -> Callable[[], Awaitable[Any]]:
    async def acknowledge() -> None:
        async with client.pipeline(transaction=False) as both:
            both.xack(key, _GROUP, name)
            both.xdel(key, name)
            await both.execute()

    return acknowledge


def _entries(reply: Any) -> Sequence[Any]:
    """Read the one stream's entries out of what redis-py gives: by RESP 2 pairs, by 3 a dict."""
    if not reply:
        return ()
    if isinstance(reply, dict):
        (batches,) = reply.values()
        return cast(Sequence[Any], batches[0])
    return cast(Sequence[Any], reply[0][1])


def _exists(error: object) -> bool:
    return str(error).startswith("BUSYGROUP")


def _name(seat: Seat) -> bytes:
    """Name this consumer within the group; a successor of it has the same name."""
    return b"consumer-%d" % seat.index


def _waiting(endpoints: Endpoints, _workload: Workload) -> Sequence[tuple[bytes, ...]]:
    return [(b"XLEN", stream(endpoints["redis"]))]


def _example(endpoints: Endpoints) -> Sequence[str]:
    ask, key = redis_cli(endpoints["redis"]), stream(endpoints["redis"]).decode()
    group = _GROUP.decode()
    return (
        f"{ask} XGROUP CREATE {key} {group} 0 MKSTREAM",
        f"{ask} XADD {key} '*' message hello",
        f"{ask} XREADGROUP GROUP {group} me COUNT 1 STREAMS {key} '>'",
    )


REDIS_STREAM = Pattern(
    name="redis_stream",
    block=BROKER,
    exchanges=frozenset({Exchange.WORK_QUEUE}),
    path="XADD → Redis stream → XREADGROUP, XACK, XAUTOCLAIM",
    guarantees="at least once: messages wait for a consumer without limit, and what one that died "
    "had not acknowledged is done again by another",
    stack="redis",
    servers=lambda workload: stored_redis(
        workload,
        (_KEY,),
        ("XADD", _KEY, "*", "message", "message"),
        ("EXPIRE", _KEY, "3600"),
        ("XGROUP", "CREATE", _KEY, "consumers", "0", "MKSTREAM"),
        ("XREADGROUP", "GROUP", "consumers", "me", "COUNT", "1", "STREAMS", _KEY, ">"),
        ("XAUTOCLAIM", _KEY, "consumers", "me", "500", "0-0", "COUNT", "1"),
        ("XACK", _KEY, "consumers", "0-0"),
        ("XDEL", _KEY, "0-0"),
    ),
    publish={Ingress.FEED: _publish_feed, Ingress.NATIVE: _publish_native},
    clients={
        ClientKind.WIRE: Client(
            subscribe=lambda seat, deliver: wire.consume(seat, deliver, _taking_wire(seat))
        ),
        ClientKind.LIBRARY: Client(
            subscribe=lambda seat, deliver: library.consume(seat, deliver, _taking_library(seat))
        ),
    },
    floor="floor@no-loop",
    stores=True,
    waiting=_waiting,
    example=_example,
)
