"""Consumers of a Redis queue: leaving while they wait, and bringing back what one left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest
import redis

from harness.load.loop import LoadLoop
from harness.pattern import Endpoints, RedisSpec, Seat
from harness.process.servers import started
from harness.queueing import Pop
from harness.registry import load
from harness.wire.redis_place import without_query
from harness.wire.resp import queue, stream
from harness.workload import ClientKind, Exchange, Workload

JOBS = Workload(exchange=Exchange.WORK_QUEUE, poll_interval=0.005)
WAYS = [("redis_queue", pop) for pop in Pop] + [("redis_stream", Pop.BRPOP)]
BOTH = pytest.mark.parametrize("kind", ClientKind)
ALL = pytest.mark.parametrize(("name", "pop"), WAYS)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with started((RedisSpec(),), Workload()) as running:
        yield running.endpoints["redis"]


@pytest.fixture
def admin(url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(without_query(url)) as client:
        yield client
        client.flushall()


def run(test: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=LoadLoop) as runner:
        runner.run(asyncio.wait_for(test, 20))


def consumer(
    name: str, kind: ClientKind, workload: Workload, url: str, deliver: Callable[[bytes], None]
) -> AbstractAsyncContextManager[None]:
    subscribe = load(name).clients[kind].subscribe
    assert subscribe is not None
    endpoints = Endpoints(urls={"redis": url})
    return subscribe(Seat(endpoints=endpoints, workload=workload, index=0), deliver)


@BOTH
@ALL
def test_who_waits_for_a_job_can_leave(
    url: str, admin: redis.Redis, name: str, pop: Pop, kind: ClientKind
) -> None:
    async def test() -> None:
        for _ in range(3):
            async with asyncio.timeout(2):
                async with consumer(name, kind, replace(JOBS, pop=pop), url, len):
                    await asyncio.sleep(0)

    run(test())
    assert admin.llen(queue(url)) == 0


@BOTH
def test_what_a_dead_consumer_had_in_its_list_comes_first(
    url: str, admin: redis.Redis, kind: ClientKind
) -> None:
    admin.lpush(queue(url), "second")
    admin.lpush(queue(url) + b":0", "first")
    got: list[bytes] = []

    async def test() -> None:
        both = asyncio.Event()

        def deliver(message: bytes) -> None:
            got.append(message)
            if len(got) == 2:
                both.set()

        async with consumer("redis_queue", kind, replace(JOBS, pop=Pop.LMOVE), url, deliver):
            await both.wait()

    run(test())
    assert got == [b"first", b"second"]


@BOTH
def test_what_a_dead_consumer_had_read_from_a_stream_is_claimed(
    url: str, admin: redis.Redis, kind: ClientKind
) -> None:
    key = stream(url)
    admin.xgroup_create(key, "consumers", id="0", mkstream=True)
    admin.xadd(key, {"message": "left"})
    admin.xreadgroup("consumers", "dead", {key: ">"}, count=1)
    got: list[bytes] = []

    async def test() -> None:
        claimed = asyncio.Event()

        def deliver(message: bytes) -> None:
            got.append(message)
            claimed.set()

        async with consumer("redis_stream", kind, JOBS, url, deliver):
            await claimed.wait()
            while admin.xlen(key):  # noqa: ASYNC110 - it is acknowledged, and deleted
                await asyncio.sleep(0)

    run(test())
    assert got == [b"left"]


@BOTH
def test_a_job_is_delivered_when_its_work_is_done_and_kept_until_then(
    url: str, admin: redis.Redis, kind: ClientKind
) -> None:
    admin.lpush(queue(url), "job")
    asked = replace(JOBS, pop=Pop.LMOVE, work=0.05)
    seen: list[tuple[int, int]] = []

    async def test() -> None:
        done = asyncio.Event()

        def deliver(_message: bytes) -> None:
            seen.append((admin.llen(queue(url)), admin.llen(queue(url) + b":0")))
            done.set()

        async with consumer("redis_queue", kind, asked, url, deliver):
            await done.wait()
            while admin.llen(queue(url) + b":0"):  # noqa: ASYNC110
                await asyncio.sleep(0)

    run(test())
    assert seen == [(0, 1)]
