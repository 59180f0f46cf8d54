"""Redis commands as requests, as an application sends them: redis-py with hiredis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from harness.library.background import background
from harness.library.redis import in_its_words, noting_loss, redis_client
from harness.pattern import Deliver, Seat, Send, Sent
from harness.wire.redis_call import DAMAGED, DELETE_S, NOT_REFILLED, WRONG_REPLY, require_done
from harness.wire.redis_commands import DONE, Keys, Words


@asynccontextmanager
async def calling_by_library(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    """Connect, make the keys, and give the ``Send``; leaving in any way deletes the keys.

    Commands that wait are sent together, as many as the pipeline may hold, and the next ones
    after all of their replies; what they took away is put back in between.

    Raises:
        BadInput: the server refuses the making of keys.
        redis.exceptions.RedisError: the server does not answer, or refuses the password.
    """
    keys = Keys(seat.endpoints["redis"], seat.workload, seat.index)
    spec, turn, depth = keys.spec, iter(keys), seat.workload.pipeline
    waiting: asyncio.Queue[bytes] = asyncio.Queue()
    whole = True

    def check(reply: Any, key: bytes, message: bytes) -> None:
        if isinstance(reply, RedisError):
            seat.note(in_its_words(reply))
        elif not whole:
            seat.note(NOT_REFILLED)
            deliver(DAMAGED)
        elif spec.right(reply, key, keys.value(key)):
            deliver(message)
        else:
            seat.note(f"{WRONG_REPLY} to {spec.words[0].decode()}")
            deliver(DAMAGED)

    async def work(client: Redis) -> None:
        nonlocal whole
        with noting_loss(seat.note):
            while True:
                batch = [(await waiting.get(), next(turn))]
                while len(batch) < depth and not waiting.empty():
                    batch.append((waiting.get_nowait(), next(turn)))
                commands = [keys.filled(spec.words, key, message) for message, key in batch]
                for message, _ in batch:
                    sent(message)
                for reply, (message, key) in zip(await ask(client, commands), batch, strict=True):
                    check(reply, key, message)
                back = [keys.filled(spec.put_back, key, message) for message, key in batch]
                replies = await ask(
                    client, [keys.fill()] if spec.empties else list(filter(None, back))
                )
                for reply in replies:
                    if isinstance(reply, RedisError):
                        seat.note(in_its_words(reply))
                whole = not spec.empties or replies == [DONE]

    async with redis_client(seat) as client:
        if fill := keys.fill():
            require_done(await ask(client, [fill]))
        try:
            async with background(work(client)):
                yield waiting.put_nowait
        finally:
            if delete := keys.delete():
                with suppress(RedisConnectionError, TimeoutError):
                    async with asyncio.timeout(DELETE_S):
                        await ask(client, [delete])


async def ask(client: Redis, commands: Sequence[Words]) -> list[Any]:
    """Send commands, several as one pipeline; an error that the server answers is a reply.

    Raises:
        redis.exceptions.ConnectionError: the connection ended.
    """
    if len(commands) > 1:
        pipeline = client.pipeline(transaction=False)
        for words in commands:
            pipeline.execute_command(*words)
        replies: list[Any] = await pipeline.execute(raise_on_error=False)
        return replies
    try:
        return [await client.execute_command(*words) for words in commands]  # type: ignore[no-untyped-call]
    except RedisConnectionError:
        raise
    except RedisError as error:
        return [error]
