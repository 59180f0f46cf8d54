"""RESP: packing against hiredis' own packer, links against a real Redis."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import quote, urlsplit

import hiredis
import pytest
import redis
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import BadInput
from harness.pattern import Endpoints, RedisSpec, Seat
from harness.process.servers import started
from harness.wire.redis_place import without_query
from harness.wire.resp import (
    PING,
    channel,
    command,
    command_about,
    greeting,
    linked_to_redis,
    publish_pipelined,
    queue,
    run_token,
)
from harness.workload import Workload

Run = Callable[[Coroutine[Any, Any, None]], None]
WORDS = st.lists(st.binary(max_size=30), min_size=1, max_size=5)


@given(WORDS)
def test_commands_are_packed_as_hiredis_packs_them(words: list[bytes]) -> None:
    pack: Any = hiredis.pack_command  # its type stub allows one word
    assert command(*words) == pack(tuple(words))
    assert command_about(*words[:-1])(words[-1]) == pack(tuple(words))


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("redis://:secret@127.0.0.1:1234/0?run=7f3a", "7f3a"),
        ("redis://127.0.0.1:1234?db=1&run=7f3a", "7f3a"),
        ("redis://127.0.0.1:1234", "0"),
    ],
)
def test_a_run_has_keys_of_its_own(url: str, token: str) -> None:
    assert run_token(url) == token
    assert channel(url) == f"abec:main:{token}".encode()
    assert queue(url) == f"abec:queue:{token}".encode()


def test_other_programs_get_the_url_without_the_run() -> None:
    assert without_query("redis://:pass@localhost:7/2?run=1") == "redis://:pass@localhost:7/2"


@pytest.mark.parametrize(
    ("url", "first"),
    [
        ("redis://127.0.0.1", []),
        ("redis://127.0.0.1/0", []),
        ("redis://127.0.0.1/3", [(b"SELECT", b"3")]),
        ("redis://:p%40ss%2Fword@127.0.0.1", [(b"AUTH", b"p@ss/word")]),
        ("redis://ann:pw@127.0.0.1/1", [(b"AUTH", b"ann", b"pw"), (b"SELECT", b"1")]),
    ],
)
def test_the_greeting_follows_from_the_url(url: str, first: list[tuple[bytes, ...]]) -> None:
    assert greeting(url) == [*(command(*words) for words in first), PING]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "unix://:secret@/run/redis.sock?db=cache",
            "--redis unix:///run/redis.sock: cache is no database number; for example 0",
        ),
        (
            "redis://:secret@127.0.0.1/cache",
            "--redis redis://127.0.0.1/cache: cache is no database number; for example 0",
        ),
    ],
)
def test_urls_that_cannot_be_used_are_refused_without_showing_the_password(
    url: str, message: str
) -> None:
    with pytest.raises(BadInput) as caught:
        greeting(url)
    assert str(caught.value) == message


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Start a Redis with a password, and with so little memory that it can be filled."""
    spec = RedisSpec(config=(("maxmemory", "8mb"), ("maxmemory-policy", "noeviction")))
    with started((spec,), Workload()) as running:
        yield running.endpoints["redis"]


@pytest.fixture
def admin(url: str) -> Iterator[redis.Redis]:
    """Look at the same Redis from aside; leave it empty."""
    with redis.Redis.from_url(without_query(url)) as client:
        yield client
        client.flushall()


def run(test: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(test, 20))


def seat_at(url: str, notes: list[str]) -> Seat:
    return Seat(
        endpoints=Endpoints(urls={"redis": url}), workload=Workload(), index=0, note=notes.append
    )


def ignore(_reply: object) -> None:
    """Take a reply that does not matter."""


@pytest.mark.parametrize(
    ("account", "problem"),
    [
        ("", "wants a password; give redis://:PASSWORD@{at}"),
        (":wrong@", "refuses that password; give redis://:PASSWORD@{at}"),
    ],
)
def test_a_password_that_is_missing_or_wrong_is_bad_input(
    url: str, account: str, problem: str
) -> None:
    at = urlsplit(url).netloc.rpartition("@")[2]

    async def test() -> None:
        with pytest.raises(BadInput) as caught:
            async with linked_to_redis(seat_at(f"redis://{account}{at}/0", []), ignore):
                pytest.fail("entered")
        assert str(caught.value) == f"--redis redis://{at}/0: {problem.format(at=at)}"

    run(test())


def test_a_user_with_a_quoted_password_and_a_database(url: str, admin: redis.Redis) -> None:
    password = "p@ss/w:rd?"
    admin.acl_setuser(
        "ann", enabled=True, passwords=[f"+{password}"], keys=["*"], commands=["+@all"]
    )
    at = urlsplit(url).netloc.rpartition("@")[2]
    notes: list[str] = []

    async def test() -> None:
        seat = seat_at(f"redis://ann:{quote(password, safe='')}@{at}/3", notes)
        async with publish_pipelined(seat, ignore, b"LPUSH", b"key") as send:
            send(b"message")

    run(test())
    assert notes == []
    assert not admin.exists("key")
    admin.select(3)
    assert admin.lrange("key", 0, -1) == [b"message"]


def test_an_account_that_may_not_subscribe_is_told_so(url: str, admin: redis.Redis) -> None:
    admin.acl_setuser("bob", enabled=True, passwords=["+pw"], commands=["+ping"])
    at = urlsplit(url).netloc.rpartition("@")[2]

    async def test() -> None:
        subscribe = command(b"SUBSCRIBE", b"abec:main:0")
        with pytest.raises(BadInput, match=r"answered .*no permissions.*; use a server and an acc"):
            async with linked_to_redis(seat_at(f"redis://bob:pw@{at}", []), ignore, subscribe):
                pytest.fail("entered")

    run(test())


def test_replies_that_follow_the_last_command_at_once_are_not_lost(url: str) -> None:
    taken: list[object] = []

    async def test() -> None:
        commands = [command(b"ECHO", b"first"), command(b"ECHO", b"second")]
        async with linked_to_redis(seat_at(url, []), taken.append, commands[0]) as link:
            assert taken == []
            for _ in range(3):
                link.transport.write(commands[1] * 1000)
            await link.settle()

    run(test())
    assert taken == [b"second"] * 3000


def test_leaving_waits_until_all_is_answered(url: str, admin: redis.Redis) -> None:
    messages = [b"%06d" % number for number in range(20_000)]
    sent: list[bytes] = []
    notes: list[str] = []
    afterwards = command(b"EXPIRE", b"key", b"3600")

    async def test() -> None:
        async with publish_pipelined(
            seat_at(url, notes), sent.append, b"RPUSH", b"key", afterwards=afterwards
        ) as send:
            for message in messages:
                send(message)

    run(test())
    assert admin.lrange("key", 0, -1) == messages == sent
    assert 3500 < admin.ttl("key") <= 3600
    assert notes == []


def test_what_redis_refuses_is_noted_in_its_words(url: str, admin: redis.Redis) -> None:
    notes: list[str] = []

    async def test() -> None:
        async with publish_pipelined(seat_at(url, notes), ignore, b"LPUSH", b"key") as send:
            for _ in range(16):
                send(bytes(1 << 20))

    run(test())
    assert notes
    assert {note.partition(" ")[0] for note in notes} == {"OOM"}
    assert admin.llen("key") == 16 - len(notes)


def test_a_redis_that_dies_ends_the_wait_and_is_noted() -> None:
    notes: list[str] = []

    async def test() -> None:
        with started((RedisSpec(),), Workload()) as running:
            async with AsyncExitStack() as stack:
                send = await stack.enter_async_context(
                    publish_pipelined(
                        seat_at(running.endpoints["redis"], notes), ignore, b"LPUSH", b"key"
                    )
                )
                running.children[0].kill()
                send(b"lost")
                await stack.aclose()

    run(test())
    assert notes == ["disconnected"]
