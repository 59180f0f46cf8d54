"""One pipelined connection to Redis: commands go out at once, their replies come back in order.

Lean like the servers around it, and for their reason: with redis-py each of K gateways on one
core would spend more on reading a message than on handing it to its subscribers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast
from urllib.parse import urlsplit

import hiredis

from servers.redis_place import redis_place

Replied = Callable[[Any], object]
"""Takes the reply to one command."""


_MOST_MOVES = 5
"""A cluster at rest names the right node at once."""


class RedisLost(Exception):
    """Redis refused a command, or its connection ended."""


class SlotMoved(RedisLost):
    """Another node of the cluster has the slot (``MOVED SLOT HOST:PORT``)."""

    def __init__(self, refusal: str) -> None:
        super().__init__(f"Redis answered {refusal}")
        self.host, _, self.port = refusal.split()[2].rpartition(":")
        """The host is empty where it is that of the node which answered."""


class RedisLink(asyncio.Protocol):
    """A connection; made by ``redis_link``."""

    def __init__(self) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Raises ``RedisLost`` once nothing more can come."""
        self.pushed: Replied | None = None
        """Takes what comes without having been asked for: the messages of a subscription."""
        self._owed: deque[Replied | None] = deque()
        self._reader = hiredis.Reader()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Fail whoever waits."""
        self.fail(RedisLost(f"the connection to Redis ended: {error or 'closed'}"))

    def data_received(self, data: bytes) -> None:
        """Hand on each reply that is whole."""
        gets, owed = self._reader.gets, self._owed
        self._reader.feed(data)
        while (reply := gets()) is not False:
            if isinstance(reply, hiredis.ReplyError):
                moved = str(reply).startswith("MOVED ")
                self.fail(SlotMoved(str(reply)) if moved else RedisLost(f"Redis answered {reply}"))
                self._transport.abort()
                return
            if owed:
                replied = owed.popleft()
                if replied is not None:
                    replied(reply)
            elif self.pushed is not None:
                self.pushed(reply)

    def send(self, *words: bytes, replied: Replied | None = None) -> None:
        """Write one command; ``replied`` gets its reply, which is dropped otherwise."""
        if not self._transport.is_closing():
            self._owed.append(replied)
            self._transport.write(_packed(words))

    def send_among_pushed(self, *words: bytes) -> None:
        """Write one command of a subscription, whose reply comes to ``pushed``."""
        if not self._transport.is_closing():
            self._transport.write(_packed(words))

    async def ask(self, *words: bytes) -> Any:
        """Write one command and wait for its reply.

        Raises:
            RedisLost: it was refused, or the connection ended.
        """
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.send(*words, replied=answer.set_result)
        await asyncio.wait((answer, self.lost), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            self.lost.result()
        return answer.result()

    def close(self) -> None:
        """End the connection; that is no loss."""
        self.lost.cancel()
        self._transport.close()

    def fail(self, error: RedisLost) -> None:
        """Say that nothing more can come."""
        if not self.lost.done():
            self.lost.set_exception(error)


@asynccontextmanager
async def redis_link(url: str) -> AsyncIterator[RedisLink]:
    """Connect to the Redis at ``url`` and authenticate; leaving closes.

    Raises:
        OSError: nothing accepts connections there, or nobody that is believed.
        RedisLost: it refuses the password or the database.
    """
    place = redis_place(url)
    loop = asyncio.get_running_loop()
    if isinstance(place.address, str):
        _, link = await loop.create_unix_connection(RedisLink, place.address)
    else:
        _, link = await loop.create_connection(RedisLink, *place.address, ssl=place.tls)
    try:
        if place.account:
            await link.ask(b"AUTH", *(word.encode() for word in place.account))
        if place.database:
            await link.ask(b"SELECT", place.database.encode())
        yield link
    finally:
        link.close()


@asynccontextmanager
async def redis_link_after(url: str, *words: bytes) -> AsyncIterator[tuple[RedisLink, str]]:
    """Connect to the Redis that takes a command, give it, and give the link with its URL.

    That is the one at ``url``, or the node of its cluster that has the slot of the command's key.

    Raises:
        OSError: nothing accepts connections there.
        RedisLost: it refuses the password, the database or the command.
    """
    for _ in range(_MOST_MOVES):
        async with redis_link(url) as link:
            try:
                await link.ask(*words)
            except SlotMoved as moved:
                url = _at(url, moved)
                continue
            yield link, url
            return
    raise RedisLost(f"{_MOST_MOVES} nodes of the cluster, one after another, named another one")


def _at(url: str, moved: SlotMoved) -> str:
    parts = urlsplit(url)
    login, at, _ = parts.netloc.rpartition("@")
    host = moved.host or parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return parts._replace(netloc=f"{login}{at}{host}:{moved.port}").geturl()


def _packed(words: Sequence[bytes]) -> bytes:
    bulks = b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
    return b"*%d\r\n%b" % (len(words), bulks)


def run_token(url: str) -> str:
    """Read what tells this run's keys from those of others: the URL's query ``run``, or 0."""
    return redis_place(url).run
