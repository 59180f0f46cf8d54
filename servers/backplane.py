"""What joins gateways: each hands it the messages that enter there, and gets those of all.

A message comes back to the gateway that it entered too, and goes to its subscribers only then:
so all of them see the same order, and none sees a message that the others will never see.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from servers.redis_link import RedisLink, RedisLost, redis_link, redis_link_after, run_token

Take = Callable[[bytes], object]
"""Takes each message that the backplane brings, in its order."""

CaughtUp = Callable[[], Awaitable[None]]
"""Waits until everything has been taken that Redis had before: who subscribes then gets nothing
from before, and who comes from another gateway gets nothing twice."""

NOTHING = b"0-0"
"""The position of who has seen no entry of a stream."""
_MOST_KEPT = b"65536"
"""Entries that a stream keeps, at least: as many messages as a channel's log."""
_MOST_AT_ONCE = b"1000"
_LIVES_S = 7200
"""A stream that nobody writes to any more is gone after so long: twice the longest run."""
_RENEWED_S = 3600.0
"""Whoever writes for longer, as ``abec serve`` may, puts that off so often."""
_FIELD = b"m"


class BehindStream(Exception):
    """A reader asks for entries that the bounded stream has dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Redis publish/subscribe as a backplane: what is published while nobody reads is gone."""

    publish: Callable[[bytes], None]
    """Never waits; messages of one gateway keep their order."""
    lost: asyncio.Future[None]
    """Raises ``RedisLost`` once nothing more can come."""
    caught_up: CaughtUp


class _Words(NamedTuple):
    subscribe: bytes
    publish: bytes
    message: bytes
    ended: bytes


_PLAIN = _Words(b"SUBSCRIBE", b"PUBLISH", b"message", b"unsubscribe")
_SHARDED = _Words(b"SSUBSCRIBE", b"SPUBLISH", b"smessage", b"sunsubscribe")


@asynccontextmanager
async def channel(url: str, take: Take, *, sharded: bool = False) -> AsyncIterator[Channel]:
    """Join the channel of the run that ``url`` names; entering means that nothing is missed.

    A ``sharded`` one is at the node of the cluster that has its slot, as long as that node has it.

    Raises:
        OSError, RedisLost: there is no Redis, or it does not allow this.
    """
    name = f"abec:main:{run_token(url)}".encode()
    words = _SHARDED if sharded else _PLAIN
    async with (
        redis_link_after(url, words.subscribe, name) as (reading, its_url),
        redis_link(its_url) as writing,
    ):
        waiting: deque[asyncio.Future[None]] = deque()

        def pushed(push: Any) -> None:
            if push[0] == words.message:
                take(push[2])  # after that word and the channel
            elif push[0] == words.ended:
                reading.fail(RedisLost("the cluster moved the slot of the channel"))
            else:
                _resolve(waiting.popleft())

        async def caught_up() -> None:
            # The answer comes after all messages that were published before it was given.
            waiting.append(asyncio.get_running_loop().create_future())
            reading.send_among_pushed(b"PING")
            await waiting[-1]

        reading.pushed = pushed
        yield Channel(
            caught_up=caught_up,
            publish=lambda message: writing.send(words.publish, name, message),
            lost=_first_lost(reading, writing),
        )


class Stream:
    """A Redis stream as a backplane; made by ``stream``."""

    def __init__(self, key: bytes, reading: RedisLink, writing: RedisLink, take: Take) -> None:
        self.position = NOTHING
        """The id of the newest entry that was taken."""
        self.lost = _first_lost(reading, writing)
        self._key = key
        self._reading = reading
        self._writing = writing
        self._take = take
        self._waiting: list[asyncio.Future[None]] = []
        self._renew_at_s = 0.0

    def publish(self, message: bytes) -> None:
        """Append a message. Never waits; messages of one gateway keep their order.

        The stream is removed at the end of a run; should nobody be left to do so, it expires.
        """
        self._writing.send(b"XADD", self._key, b"MAXLEN", b"~", _MOST_KEPT, b"*", _FIELD, message)
        now_s = time.monotonic()
        if now_s >= self._renew_at_s:
            self._renew_at_s = now_s + _RENEWED_S
            self._writing.send(b"EXPIRE", self._key, b"%d" % _LIVES_S)

    async def between(self, after: bytes, until: bytes) -> Sequence[bytes]:
        """Give the messages after the entry ``after``, up to and with ``until``, with their ids.

        Raises:
            BehindStream: what followed ``after`` has been dropped in part.
        """
        if after == until:
            return ()
        # The entry itself is asked for too: while it is there, so is everything after it.
        entries = await self._writing.ask(b"XRANGE", self._key, after, until)
        if after != NOTHING:
            if not entries or entries[0][0] != after:
                raise BehindStream(after)
            del entries[0]
        elif await self._dropped():
            raise BehindStream(after)
        return [numbered(*entry) for entry in entries]

    async def start(self) -> None:
        """Stand behind the newest entry, then read for ever."""
        self.position = await self._newest()
        self._read_on()

    async def caught_up(self) -> None:
        """Wait until everything has been taken that the stream holds now."""
        newest = _ordered(await self._newest())
        while _ordered(self.position) < newest:
            self._waiting.append(asyncio.get_running_loop().create_future())
            await self._waiting[-1]

    async def _newest(self) -> bytes:
        newest = await self._writing.ask(b"XREVRANGE", self._key, b"+", b"-", b"COUNT", b"1")
        entry: bytes = newest[0][0] if newest else NOTHING
        return entry

    def _read_on(self) -> None:
        self._reading.send(
            *(b"XREAD", b"COUNT", _MOST_AT_ONCE, b"BLOCK", b"0"),
            *(b"STREAMS", self._key, self.position),
            replied=self._read,
        )

    def _read(self, reply: Any) -> None:
        for entry in reply[0][1] if reply else ():
            self.position = entry[0]
            self._take(numbered(*entry))
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            _resolve(waiter)
        self._read_on()

    async def _dropped(self) -> bool:
        reply = await self._writing.ask(b"XINFO", b"STREAM", self._key)
        facts = dict(zip(reply[::2], reply[1::2], strict=True))
        return bool(facts[b"entries-added"] > facts[b"length"])


@asynccontextmanager
async def stream(url: str, take: Take) -> AsyncIterator[Stream]:
    """Join the stream of the run that ``url`` names; ``take`` gets messages as ``numbered``.

    Raises:
        OSError, RedisLost: there is no Redis, or it does not allow this.
    """
    key = f"abec:backplane:{run_token(url)}".encode()
    async with redis_link(url) as reading, redis_link(url) as writing:
        joined = Stream(key, reading, writing, take)
        await joined.start()
        yield joined


def numbered(entry: bytes, fields: Sequence[bytes]) -> bytes:
    """Write an entry as subscribers get it: its id, a line's end, the message."""
    return b"%b\n%b" % (entry, fields[1])


def _ordered(entry: bytes) -> tuple[int, int]:
    """Give an id as something that can be compared."""
    milliseconds, _, number = entry.partition(b"-")
    return int(milliseconds), int(number)


def _resolve(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _first_lost(*links: RedisLink) -> asyncio.Future[None]:
    """Give a future that fails as soon as one of ``links`` is lost."""
    lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def tell(one: asyncio.Future[None]) -> None:
        if not one.cancelled() and not lost.done() and (error := one.exception()):
            lost.set_exception(error)

    for link in links:
        link.lost.add_done_callback(tell)
    return lost
