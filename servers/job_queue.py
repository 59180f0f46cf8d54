"""Two lists in Redis between an API and its workers: jobs one way, verdicts the other.

A job is one line ``NUMBER USER`` and the submission below it; its verdict comes back in the same
form. What was popped is gone from Redis: a worker that dies takes its job along.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from servers.redis_place import for_redis_py, redis_place

URL = "ABEC_REDIS_URL"
"""Where the URL is found: on a command line, everybody could read its password."""


class Job(NamedTuple):
    """One submission on its way, or its verdict."""

    number: int
    """The API's own, to know the job again."""
    user: str
    """Whose channel the verdict goes to; empty if a request waits for it."""
    submission: bytes


def packed(job: Job) -> bytes:
    """Write a job as it stands in the lists."""
    return b"%d %b\n%b" % (job.number, job.user.encode(), job.submission)


def unpacked(item: bytes) -> Job:
    """Read what ``packed`` wrote.

    Raises:
        ValueError: it wrote something else.
    """
    head, _, submission = item.partition(b"\n")
    number, _, user = head.partition(b" ")
    return Job(int(number), user.decode(), submission)


class JobQueue:
    """Both lists of one run, by its token, over one pool of connections."""

    def __init__(self, client: Redis, token: str) -> None:
        self._client = client
        self._jobs = f"abec:jobs:{token}"
        self._verdicts = f"abec:verdicts:{token}"

    async def submit(self, job: Job) -> None:
        """Queue a job; returns when Redis has it."""
        await self._client.lpush(self._jobs, packed(job))

    async def take(self) -> Job:
        """Wait for the next job and take it."""
        return await self._pop(self._jobs)

    async def hand_back(self, verdict: Job) -> None:
        """Queue a verdict for the API."""
        await self._client.lpush(self._verdicts, packed(verdict))

    async def verdict(self) -> Job:
        """Wait for the next verdict and take it."""
        return await self._pop(self._verdicts)

    async def forget(self) -> None:
        """Leave nothing of this run in a Redis that may not be ours."""
        with suppress(RedisError):  # it may be gone already
            await self._client.delete(self._jobs, self._verdicts)

    async def _pop(self, key: str) -> Job:
        popped = cast(tuple[bytes, bytes], await self._client.brpop(key, timeout=0))
        return unpacked(popped[1])


@asynccontextmanager
async def job_queue(url: str) -> AsyncIterator[JobQueue]:
    """Open the queue in the Redis at ``url``; its query's ``run`` is the token.

    Raises:
        redis.exceptions.RedisError: nobody answers there.
    """
    client = Redis.from_url(
        for_redis_py(url),
        socket_timeout=None,
        # A push that is tried again can queue a job twice.
        retry=Retry(NoBackoff(), 0),
    )
    try:
        await client.ping()
        queue = JobQueue(client, redis_place(url).run)
        yield queue
        await queue.forget()
    finally:
        await client.aclose()


def add_redis(add: Callable[..., argparse.Action]) -> None:
    """Add the option ``--redis`` to a parser."""
    add(
        "--redis",
        default=os.environ.get(URL, "redis://127.0.0.1:6379/0"),
        help=f"URL of the Redis; better given as {URL}, which nobody else can read",
    )
