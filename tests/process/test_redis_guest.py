"""A Redis that is not ours: what it would refuse is known beforehand, what is its own stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
import redis

from harness.errors import BadInput
from harness.pattern import Endpoints, RedisSpec
from harness.process.redis_guest import refusal, rehearse, remove
from harness.process.servers import started
from harness.queueing import Pop
from harness.registry import load
from harness.scaling import Backplane
from harness.wire.redis_commands import SPECS, Keys
from harness.workload import Exchange, RedisCommand, Workload

JOBS = Workload(exchange=Exchange.WORK_QUEUE, subscribers=2)
CALLS = Workload(exchange=Exchange.REQUEST_REPLY)
ASKED = [
    replace(CALLS, command=command)
    for command in RedisCommand
    if not SPECS[command].empties  # which is never asked of a Redis that is not ours
]
PUSH = ("LPUSH", "abec:queue:{run}", "message")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with started((RedisSpec(),), Workload()) as running:
        yield running.endpoints["redis"].partition("?")[0]


@pytest.fixture
def admin(url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(url, decode_responses=True) as client:
        yield client
        client.config_set("maxmemory", 0)
        client.flushall()


def redis_of(name: str, workload: Workload = JOBS) -> RedisSpec:
    (spec,) = (one for one in load(name).servers(workload) if isinstance(one, RedisSpec))
    return spec


def as_user(url: str, admin: redis.Redis, *rules: str) -> str:
    admin.execute_command("ACL", "SETUSER", "ann", "reset", "on", ">pw", "~*", *rules)
    return f"redis://ann:pw@{urlsplit(url).netloc.rpartition('@')[2]}/0?run=7f3a"


@pytest.mark.parametrize("pop", Pop)
@pytest.mark.parametrize("name", ["redis_queue", "redis_stream"])
def test_what_is_allowed_is_rehearsed_without_a_trace(
    url: str, admin: redis.Redis, name: str, pop: Pop
) -> None:
    (spec,) = load(name).servers(replace(JOBS, pop=pop))
    assert isinstance(spec, RedisSpec)
    rehearse(f"{url}?run=7f3a", spec.rehearsal)
    assert admin.keys() == []


def test_journeys_and_commands_are_rehearsed_without_a_trace(url: str, admin: redis.Redis) -> None:
    rehearse(f"{url}?run=7f3a", redis_of("submit_job_sse").rehearsal)
    for asked in ASKED:
        rehearse(f"{url}?run=7f3a", redis_of("redis_command", asked).rehearsal)
    assert admin.keys() == []


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.command)
def test_what_the_scripts_of_a_command_call_is_rehearsed(asked: Workload) -> None:
    keys = Keys("redis://h?run=7f3a", asked, 0)
    scripts = b"".join(word for words in (keys.fill(), keys.delete()) for word in words)
    called = {word.decode() for word in re.findall(rb"redis\.call\('(\w+)'", scripts)}
    rehearsed = {words[0] for words in redis_of("redis_command", asked).rehearsal}
    assert called | ({"EVAL"} if called else set()) | {asked.command} <= rehearsed


GET, HDEL = (replace(CALLS, command=RedisCommand(name)) for name in ("GET", "HDEL"))


@pytest.mark.parametrize(
    ("name", "asked", "forbidden"),
    [
        ("redis_queue", JOBS, "lpush"),
        ("redis_queue", JOBS, "brpop"),
        ("redis_stream", JOBS, "xautoclaim"),
        ("submit_job_sync", JOBS, "brpop"),
        ("redis_command", GET, "get"),
        ("redis_command", GET, "unlink"),
        ("redis_command", HDEL, "hset"),
    ],
)
def test_a_command_that_the_account_may_not_give_is_named(
    url: str, admin: redis.Redis, name: str, asked: Workload, forbidden: str
) -> None:
    spec = redis_of(name, asked)
    with pytest.raises(BadInput) as caught:
        rehearse(as_user(url, admin, "+@all", f"-{forbidden}"), spec.rehearsal)
    told = str(caught.value)
    assert f"refuses {forbidden.upper()}: NOPERM" in told
    assert told.endswith("; give an account that may do this")
    assert "pw" not in told
    assert "\n" not in told


STREAMED = Workload(gateways=1, backplane=Backplane.STREAMS)


def of_gateways() -> RedisSpec:
    (spec,) = (
        one for one in load("websocket_scaled").servers(STREAMED) if isinstance(one, RedisSpec)
    )
    return spec


def test_gateways_on_a_stream_rehearse_without_a_trace(url: str, admin: redis.Redis) -> None:
    rehearse(f"{url}?run=7f3a", of_gateways().rehearsal)
    assert admin.keys() == []


@pytest.mark.parametrize(
    "forbidden", ["xadd", "expire", "xrevrange", "xread", "xrange", "xinfo|stream"]
)
def test_what_gateways_will_give_later_is_refused_beforehand(
    url: str, admin: redis.Redis, forbidden: str
) -> None:
    name = forbidden.partition("|")[0].upper()
    with pytest.raises(BadInput, match=f"refuses {name}: NOPERM"):
        rehearse(as_user(url, admin, "+@all", f"-{forbidden}"), of_gateways().rehearsal)


def test_memory_that_is_used_up_is_told(url: str, admin: redis.Redis) -> None:
    admin.config_set("maxmemory", 1)
    with pytest.raises(BadInput, match=r"refuses LPUSH: OOM .*; raise its maxmemory"):
        rehearse(f"{url}?run=7f3a", (PUSH,))
    admin.config_set("maxmemory", 0)
    assert admin.keys() == []


def test_only_the_keys_of_the_run_are_removed(url: str, admin: redis.Redis) -> None:
    admin.mset({f"foreign:{number}": number for number in range(10)})
    admin.lpush("abec:queue:7f3a", "left")
    admin.lpush("abec:queue:other", "theirs")
    remove(f"{url}?run=7f3a", ("abec:queue:{run}", "abec:queue:{run}:0"))
    assert not admin.exists("abec:queue:7f3a")
    assert admin.dbsize() == 11


def test_every_key_that_is_asked_about_is_removed_in_the_end() -> None:
    for pop in Pop:
        asked = replace(JOBS, pop=pop)
        pattern = load("redis_queue")
        (spec,) = pattern.servers(asked)
        assert isinstance(spec, RedisSpec)
        endpoints = Endpoints(urls={"redis": "redis://127.0.0.1?run=7f3a"})
        asked_about = {words[1].decode() for words in pattern.waiting(endpoints, asked)}
        assert asked_about == {key.format(run="7f3a") for key in spec.keys}


def test_an_unknown_refusal_keeps_its_words() -> None:
    assert refusal("ERR no.") == "ERR no; use a server and an account that allow this"
