"""What cannot be asked is refused in one or two clear lines, before anything is started."""

from __future__ import annotations

import re
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from harness.errors import Exit
from harness.pattern import RedisSpec
from harness.process.redis import without_password
from harness.process.servers import started
from harness.workload import Workload

REFUSED = {
    "unknown command": (("rn",), r'command "rn": no such command; did you mean run\?'),
    "unknown pattern": (
        ("run", "websockt"),
        r'pattern "websockt": not registered; did you mean websocket\?',
    ),
    "stack that is the default": (
        ("run", "sse@uvicorn"),
        r'pattern "sse@uvicorn": not registered; did you mean sse\?',
    ),
    "unknown option": (("run", "sse", "--rat", "5"), r"--rat: no such option; did you mean --rate"),
    "unknown option of compare": (
        ("compare", "--scenari", "chat"),
        r"--scenari: no such option; did you mean --scenario\?",
    ),
    "option without its value": (("run", "sse", "--rate"), r"--rate: requires an argument"),
    "flush of a Redis that is not ours": (
        ("run", "redis_command", "--command", "FLUSHALL", "--redis", "redis://127.0.0.1:1"),
        r"--command FLUSHALL: only ever empties a Redis that the harness started",
    ),
    "all commands on a Redis that is not ours": (
        ("commands", "--redis", "redis://jo:secret@127.0.0.1:1"),
        r"--redis redis://127\.0\.0\.1:1: some commands empty a Redis, .* redis_command",
    ),
    "fewer keys than are on their way": (
        ("commands", "--keys", "5", "--pipeline", "8"),
        r"--keys 5: each connection \(1\) needs one key of its own more .* use 9 or more",
    ),
    "gateways that nothing joins": (
        ("run", "websocket_scaled", "--backplane", "none"),
        r"--backplane none: without one, a message stays at .* give --gateways 1 with it",
    ),
    "databases of a cluster": (
        (*("run", "websocket_scaled", "--backplane", "sharded"), "--redis", "redis://127.0.0.1/1"),
        r"--redis redis://127\.0\.0\.1/1: a cluster has no other database than 0; name none",
    ),
    "the only gateway killed": (
        ("run", "websocket_scaled", "--gateways", "1", "--kill", "gateway"),
        r"--kill gateway: its clients need another one .* give --gateways 2 or more",
    ),
    "a gateway where there is none": (
        ("run", "sse", "--kill", "gateway"),
        r"--kill gateway: sse has no gateways; websocket_scaled does",
    ),
    "another victim than a gateway": (
        ("run", "websocket_scaled", "--kill", "redis"),
        r"--kill redis: websocket_scaled has gateways to kill; give gateway",
    ),
    "what a balancer adds without one": (
        ("scale", "--balancer", "none"),
        r"--balancer none: what it adds is asked; name one, or leave it out",
    ),
    "no pattern": (("run",), r"PATTERN: name one or more"),
    "unknown scenario": (
        ("run", "--scenario", "chatt"),
        r"--scenario chatt: no such scenario and no \.toml file; did you mean chat\?",
    ),
    "rate of zero": (
        ("run", "sse", "--rate", "0"),
        r"--rate 0: must be above 0 messages per second; for example 500 or 2k",
    ),
    "negative rate": (("run", "sse", "--rate", "-5"), r"--rate -5: must be above 0"),
    "rate that is none": (("run", "sse", "--rate", "fast"), r"--rate fast: is no rate"),
    "unknown unit": (("run", "sse", "--duration", "5 weeks"), r"--duration 5 weeks: is no time"),
    "rate and concurrency": (
        ("run", "sse", "--rate", "5", "--concurrency", "5"),
        r"--concurrency 5: give either a rate \(open loop\) or a concurrency",
    ),
    "payload below the envelope": (
        ("run", "sse", "--payload", "16"),
        r"--payload 16: shorter than the smallest message, 64 bytes; use 64 or more",
    ),
    "payload above the largest": (("run", "sse", "--payload", "2MiB"), r"--payload 2097152: long"),
    "payload file that is missing": (
        ("run", "sse", "--payload-file", "none.txt"),
        r"--payload-file none\.txt: cannot be read: No such file",
    ),
    "more than loopback carries": (
        ("run", "sse", "--payload", "1MiB", "--rate", "1k", "--subscribers", "100"),
        r"--payload x --rate x --subscribers 104\.9 GB/s: no loopback carries more",
    ),
    "exchange that it cannot carry": (
        ("run", "sse", "--exchange", "work_queue"),
        r"sse with exchange work_queue: every subscriber gets every message; .* redis_queue does",
    ),
    "exchange that is none": (
        ("run", "sse", "--exchange", "multicast"),
        r"--exchange multicast: must be one of broadcast",
    ),
    "patterns without a common exchange": (
        ("run", "sse", "redis_queue"),
        r"patterns sse redis_queue: share no exchange",
    ),
    "compression that it does not know": (
        ("run", "sse", "--deflate"),
        r"--deflate: sse does not compress",
    ),
    "TLS that it does not know": (
        ("run", "redis_pubsub", "--tls"),
        r"--tls: redis_pubsub has no TLS",
    ),
    "TLS of what no reference server speaks": (
        ("tls", "redis_queue"),
        r"patterns redis_queue: has no TLS; long_polling, rest, rest_polling, sse, websocket",
    ),
    "too few connections to tell what one costs": (
        ("tls", "sse", "--connections", "5"),
        r"--connections 5: too few to tell; give 100 or more",
    ),
    "connecting by polls": (("tls", "rest_polling"), r"patterns rest_polling: polls while others"),
    "persistence of what stores nothing": (
        ("run", "redis_pubsub", "--persistence", "rdb"),
        r"--persistence rdb: redis_pubsub stores no message .*redis_queue and redis_stream do",
    ),
    "a kill without work": (
        ("run", "redis_queue", "--kill", "consumer", "--work", "0"),
        r"--work 0: a consumer that does nothing with a message holds none when it is killed",
    ),
    "a kill after the window": (
        ("run", "redis_queue", "--kill", "redis", "--kill-after", "9s"),
        r"--kill-after 9: must be 0 to less than the window's 5 seconds",
    ),
    "persistence of somebody's redis": (
        ("run", "redis_queue", "--redis", "redis://127.0.0.1:1", "--persistence", "rdb"),
        r"--persistence rdb: a Redis that abec did not start is neither configured nor killed",
    ),
    "runs that are no number": (("run", "sse", "--runs", "many"), r"--runs many: must be a whole"),
    "reruns that are none": (
        ("run", "sse", "--reruns", "-1"),
        r"--reruns -1: must be a whole number from 0 to 10",
    ),
    "objective without a unit": (
        ("run", "sse", "--assert", "p99<5"),
        r"--assert p99<5: 5 of what\? give a unit; for example 5ms",
    ),
    "objective on no metric": (
        ("run", "sse", "--assert", "p98<5ms"),
        r'--assert p98<5ms: no such metric "p98"; did you mean p9',
    ),
    "regress without a base": (("regress",), r"--base: name a commit, branch or tag"),
    "regress outside a checkout": (
        ("regress", "--base", "main"),
        r"asv\.conf\.json: .* a checkout of the suite",
    ),
    "budget below the first look": (
        ("regress", "--base", "main", "--budget", "1min"),
        r"--budget 1min: the first look of this gate takes about \d+ s; give more",
    ),
    "answer in no directory": (
        ("regress", "--base", "main", "--markdown", "none/answer.md"),
        r"--markdown none/answer\.md: its directory does not exist",
    ),
    "gate that is no file": (
        ("regress", "--base", "main", "--scenario", "gate.toml"),
        r"--scenario gate\.toml: cannot be read: No such file",
    ),
    "redis that does not answer": (
        ("run", "redis_pubsub", "--redis", "redis://127.0.0.1:1"),
        r"--redis redis://127\.0\.0\.1:1: no Redis answers there; start it or leave --redis out",
    ),
    "redis that is neither": (
        ("serve", "redis_queue", "--redis", "/nowhere/redis-server"),
        r"--redis /nowhere/redis-server: is neither a URL of redis://, rediss:// or unix:// nor",
    ),
    "doctor of a redis that does not answer": (
        ("doctor", "--redis", "redis://127.0.0.1:1"),
        r"--redis redis://127\.0\.0\.1:1: no Redis answers there",
    ),
    "serve without a pattern": (("serve",), r"PATTERN: name one of floor, "),
    "serve at no port": (("serve", "sse", "--port", "http"), r"--port http: must be 1 to 65535"),
    "serve redis at a port": (
        ("serve", "redis_queue", "--port", "8000"),
        r"--port 8000: redis_queue is served by Redis",
    ),
    "one file to compare": (
        ("compare", "a.json"),
        r"OLD\.json NEW\.json a\.json: give exactly two",
    ),
    "files that are missing": (("compare", "a.json", "b.json"), r"a\.json: no such file"),
    "files and an option": (
        ("compare", "a.json", "b.json", "--rate", "5"),
        r"--rate: means nothing to saved results",
    ),
    "saturation that is none": (
        ("compare", "sse", "--saturation-concurrency", "0"),
        r"--saturation-concurrency 0: must be 1",
    ),
    "negative round trip": (("run", "sse", "--rtt", "-5ms"), r"--rtt -0\.005: must be 0 to 2 sec"),
    "round trip to the moon": (("run", "sse", "--rtt", "11s"), r"--rtt 11: must be 0 to 2 seconds"),
    "jitter beyond the way": (
        ("run", "sse", "--rtt", "20ms", "--jitter", "11ms"),
        r"--jitter 0\.011: must be 0 to half of the round trip, here 0\.01s; give a longer --rtt",
    ),
    "bandwidth of nothing": (
        ("run", "sse", "--rtt", "20ms", "--bandwidth", "0MB/s"),
        r"--bandwidth 0MB/s: lets nothing through; leave it out to have no limit",
    ),
    "compare unknown pattern": (("compare", "ses"), r'pattern "ses": not registered; did you mean'),
    "init of no toml": (("init", "a.txt"), r"FILE a\.txt: must end in \.toml; for example a\.toml"),
}


@pytest.mark.parametrize(("arguments", "message"), REFUSED.values(), ids=REFUSED)
def test_is_refused(arguments: tuple[str, ...], message: str, abec, tmp_path: Path) -> None:
    refused(abec(*arguments), message, tmp_path)


def test_unknown_key_of_a_scenario_file_is_named(abec, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('[scenario.fast]\nrat = "5"\n')
    done = abec("run", "--scenario", "own.toml")
    refused(done, r'own\.toml, scenario\.fast, key "rat": .*did you mean rate\?', tmp_path)


GATES = {
    "five cells": (
        '[scenario.a]\npatterns = ["sse", "websocket", "floor"]\n'
        '[scenario.b]\npatterns = ["sse", "websocket"]\n',
        r"gate\.toml: 5 cells; a gate has 1 to 4",
    ),
    "unknown pattern": (
        '[scenario.prices]\npatterns = ["websockt"]\n',
        r'pattern "websockt": not registered; did you mean websocket\?',
    ),
    "no patterns": (
        "[scenario.prices]\nrate = 50\n",
        r"gate\.toml, scenario\.prices: a gate needs its patterns",
    ),
}


@pytest.mark.parametrize(("text", "message"), GATES.values(), ids=GATES)
def test_a_gate_that_cannot_be_judged(text: str, message: str, abec, tmp_path: Path) -> None:
    (tmp_path / "gate.toml").write_text(text)
    done = abec("regress", "--base", "main", "--scenario", "gate.toml")
    refused(done, message, tmp_path)


def test_more_connections_than_open_files(abec, tmp_path: Path) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    done = abec("run", "sse", "--subscribers", str(hard))
    refused(done, r"--subscribers \d+: needs [\d,]+ open files, hard limit is [\d,]+", tmp_path)


def test_port_in_use(abec, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = abec("serve", "sse", "--port", str(port))
    refused(
        done, rf"--port {port}: in use; choose another, or leave it out for a free one", tmp_path
    )


@pytest.fixture(scope="module")
def redis() -> Iterator[SimpleNamespace]:
    with started((RedisSpec(),), Workload()) as running:
        parts = urlsplit(running.endpoints["redis"])
        address = f"redis://127.0.0.1:{parts.port}"
        yield SimpleNamespace(address=address, password=parts.password)


@pytest.mark.parametrize("command", ["run", "serve", "compare"])
def test_redis_that_wants_a_password(command: str, redis, abec, tmp_path: Path) -> None:
    done = abec(command, "redis_pubsub", "--redis", redis.address)
    refused(done, rf"--redis {redis.address}: wants a password; give redis://:PASSWORD@", tmp_path)


def test_cluster_that_there_is_none_of(redis, abec, tmp_path: Path) -> None:
    given = redis.address.replace("redis://", f"redis://:{redis.password}@")
    done = abec("run", "websocket_scaled", "--backplane", "sharded", "--redis", given)
    refused(
        done,
        rf"--redis {redis.address}: no cluster is enabled there, which sharded pub/sub needs; "
        "leave --redis out for a cluster of our own",
        tmp_path,
    )


def test_redis_that_refuses_the_password(redis, abec, tmp_path: Path) -> None:
    given = redis.address.replace("redis://", "redis://:wrong@")
    done = abec("run", "redis_pubsub", "--redis", given)
    refused(done, rf"--redis {without_password(given)}: refuses that password", tmp_path)
    assert redis.password not in done.stderr


def refused(done: Any, message: str, directory: Path) -> None:
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert 1 <= len(lines) <= 2, done.stderr
    assert re.match(rf"abec: {message}", lines[0]), done.stderr
    assert not (directory / "results").exists()


@pytest.mark.slow
def test_as_a_process_too(abec_process, tmp_path: Path) -> None:
    refused(abec_process("run", "sse", "--rate", "0"), REFUSED["rate of zero"][1], tmp_path)


def test_a_reader_that_leaves_is_no_verdict(tmp_path: Path) -> None:
    command = f"{sys.executable} -m harness patterns | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, check=False)
    assert done.returncode in (Exit.MEASURED, Exit.NOT_MEASURED)
