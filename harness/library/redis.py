"""redis-py with hiredis, as an application uses it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import (
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from harness.library.outbox import outbox
from harness.pattern import DISCONNECTED, Note, Seat, Send, Sent
from harness.wire.redis_place import for_redis_py

AGAIN_S = 0.02
"""Between two attempts where Redis is killed on purpose, and started again."""


_CODES = {NoPermissionError: "NOPERM", OutOfMemoryError: "OOM", ReadOnlyError: "READONLY"}


def in_its_words(error: RedisError) -> str:
    """Give an error as Redis said it: redis-py takes the first word off some."""
    code = next((code for kind, code in _CODES.items() if isinstance(error, kind)), "")
    return f"{code} {error}".lstrip()


@contextmanager
def noting_loss(note: Note) -> Iterator[None]:
    """End the body with the connection, and note that it is lost."""
    try:
        yield
    except RedisConnectionError:
        note(DISCONNECTED)


@asynccontextmanager
async def redis_client(seat: Seat) -> AsyncIterator[Redis]:
    """Connect to the role ``redis``; leaving closes its connections.

    Raises:
        redis.exceptions.RedisError: the server does not answer, or refuses the password.
    """
    client = Redis.from_url(
        for_redis_py(seat.endpoints["redis"]),
        # A stall is the system's result; it must not become an error of ours after 5 s.
        socket_timeout=None,
        # A command that is tried again can deliver twice, and would hide a server's death.
        retry=Retry(NoBackoff(), 0),
    )
    try:
        await client.ping()
        yield client
    finally:
        await client.aclose()


@asynccontextmanager
async def publish_in_turn(
    seat: Seat,
    sent: Sent,
    publish: Callable[[Redis, bytes], Awaitable[None]],
    afterwards: Callable[[Redis], Awaitable[None]] | None = None,
) -> AsyncIterator[Send]:
    """Publish with ``publish``, each message after the one before was answered.

    Messages wait in this process meanwhile: that is the pool wait, and part of the result.
    Leaving waits for all of them, and ends with ``afterwards``. A message that the server
    refuses is noted with the server's words. Where somebody asks which messages are accepted,
    one whose answer is lost with the connection is published again.

    Raises:
        redis.exceptions.RedisError: the server does not answer, or refuses the password.
    """
    async with redis_client(seat) as client:

        async def transmit(message: bytes) -> None:
            sent(message)
            try:
                await answered(message)
            except ResponseError as error:
                seat.note(in_its_words(error))

        async def answered(message: bytes) -> None:
            accepted = seat.accepted
            if accepted is None:
                await publish(client, message)
                return
            while True:
                try:
                    await publish(client, message)
                except RedisConnectionError:
                    await asyncio.sleep(AGAIN_S)
                else:
                    accepted(message)
                    return

        async with outbox(transmit, noting_loss(seat.note), drain=True) as send:
            yield send
        if afterwards is not None:
            # All messages are out; whether the server still lives, others note.
            with suppress(RedisConnectionError):
                await afterwards(client)
