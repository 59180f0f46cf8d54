"""3.6 and 3.8: a Redis that is not ours stays as it was; what Redis refuses is told in a line."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import redis

from harness.errors import Exit
from harness.machine import Machine
from harness.pattern import RedisSpec
from harness.process.redis import resolve
from harness.process.servers import started
from harness.workload import ClientKind, Workload
from tests.prove.claim import Claim

_FOREIGN = {f"foreign:{number}": f"value {number}" for number in range(1000)}
_SHORT = ("--duration", "1s", "--warmup", "200ms", "--no-floor", "--subscribers", "2")
_RUNS: Mapping[str, Sequence[str]] = {
    "redis_queue, brpop": ("redis_queue",),
    "redis_queue, rpop": ("redis_queue", "--pop", "rpop"),
    "redis_queue, lmove, library": ("redis_queue", "--pop", "lmove", "--client", "library"),
    "redis_queue, lmove, a consumer killed": (
        *("redis_queue", "--pop", "lmove"),
        *("--kill", "consumer", "--kill-after", "500ms"),
    ),
    "redis_stream": ("redis_stream",),
    "redis_stream, native, library": (
        *("redis_stream", "--client", "library"),
        *("--ingress", "native"),
    ),
    "redis_pubsub": ("redis_pubsub", "--rate", "200"),
    "submit_job_sse": ("submit_job_sse", "--rate", "200", "--publishers", "20"),
    "submit_job_sync, workers gone": (
        *("submit_job_sync", "--rate", "50", "--publishers", "20"),
        *("--service-time", "20ms", "--workers-gone", "200ms"),
    ),
    "websocket_scaled, streams": (
        *("websocket_scaled", "--backplane", "streams", "--balancer", "none"),
        *("--rate", "200"),
    ),
    **{
        f"redis_command {command}, {client}": (
            *("redis_command", "--rate", "200"),
            *("--command", command, "--client", client),
        )
        for command in ("SET", "DEL", "LPUSH", "SELECT")
        for client in ClientKind
    },
}
"""``redis_command`` by one that writes, one that deletes, one on lists, and the one that goes
through the databases; those that empty a server are refused."""
_BY_ACL = (
    (("submit_job_sse",), "brpop"),
    (("redis_command", "--command", "GET"), "eval"),
)
"""What asks a Redis for a command, and the command that it must not give."""


def prove_untouched(_machine: Machine) -> Iterator[Claim]:
    """Run every pattern on somebody's Redis."""
    with started((RedisSpec(),), Workload()) as running, tempfile.TemporaryDirectory() as place:
        url = running.endpoints["redis"].partition("?")[0]
        with redis.Redis.from_url(url, decode_responses=True) as admin:
            admin.mset(_FOREIGN)
            for what, argv in _RUNS.items():
                done = _abec(Path(place), "run", *argv, *_SHORT, "--redis", url)
                kept = dict(zip(_FOREIGN, admin.mget(list(_FOREIGN)), strict=True))
                changed = sum(kept[key] != value for key, value in _FOREIGN.items())
                counted = _keys_of(admin)
                yield Claim(
                    what=f"{what} on a Redis with {len(_FOREIGN):,} keys of somebody's",
                    figure=f"exit {done.returncode}, keys {counted}, {changed} changed",
                    bound="measured; exactly these, and no other database",
                    ok=done.returncode in (Exit.MEASURED, Exit.NOT_MEASURED)
                    and "saved " in done.stdout
                    and "was not measured" not in done.stdout
                    and counted == {"db0": len(_FOREIGN)}
                    and not changed,
                )


def _keys_of(admin: redis.Redis) -> Mapping[str, int]:
    """Count the keys of each database that has some."""
    return {name: told["keys"] for name, told in admin.info("keyspace").items()}


def prove_refusals(_machine: Machine) -> Iterator[Claim]:
    """Ask a Redis for what it refuses."""
    with started((RedisSpec(),), Workload()) as running, tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        url = running.endpoints["redis"].partition("?")[0]
        at = urlsplit(url).netloc.rpartition("@")[2]
        with redis.Redis.from_url(url) as admin:
            admin.execute_command("ACL", "SETUSER", "ann", "on", ">pw", "~*", "+@all", "-blmove")
            ann = f"redis://ann:pw@{at}"
            yield _line(
                place,
                "account that may not BLMOVE (ACL)",
                ("redis_queue", "--pop", "lmove", "--redis", ann),
                Exit.BAD_INPUT,
                "give an account that may do this",
            )
            for argv, forbidden in _BY_ACL:
                admin.execute_command(
                    *("ACL", "SETUSER", "bob", "reset", "on", ">pw", "~*", "+@all"),
                    f"-{forbidden}",
                )
                yield _line(
                    place,
                    f"{argv[0]}, account that may not {forbidden.upper()} (ACL)",
                    (*argv, "--redis", f"redis://bob:pw@{at}"),
                    Exit.BAD_INPUT,
                    "give an account that may do this",
                )
            admin.config_set("maxmemory", 1)
            yield _line(
                place,
                "maxmemory reached before the run",
                ("redis_stream", "--redis", url),
                Exit.BAD_INPUT,
                "raise its maxmemory",
            )
            admin.config_set("maxmemory", admin.info("memory")["used_memory"] + (4 << 20))
            yield _line(
                place,
                "maxmemory reached in the run",
                ("redis_queue", "--redis", url, "--work", "50ms", "--payload", "16KiB"),
                Exit.NOT_MEASURED,
                "raise its maxmemory",
            )
        yield _line(
            place,
            "persistence of a Redis that is not ours",
            ("redis_queue", "--redis", url, "--persistence", "rdb"),
            Exit.BAD_INPUT,
            "leave --redis out",
        )
        yield _line(
            place,
            "persistence of what stores nothing",
            ("redis_pubsub", "--persistence", "rdb"),
            Exit.BAD_INPUT,
            "redis_queue and redis_stream do",
        )
        disk = small_disk(place)
        for persistence in ("aof-everysec", "aof-always"):
            yield _line(
                place,
                f"a disk that is full, {persistence}",
                ("redis_queue", "--redis", disk, "--persistence", persistence),
                Exit.NOT_MEASURED,
                "free some, or set TMPDIR to another disk",
            )


def small_disk(place: Path, kibibytes: int = 64) -> str:
    """Make a redis-server that cannot write a file beyond a size: a full disk, without root."""
    binary, real = place / "redis-server", resolve("").where
    binary.write_text(
        f'#!/bin/bash\n[ "$1" = --version ] && exec {real} --version\n'
        f"trap '' XFSZ\nulimit -f {kibibytes}\nexec {real} \"$@\"\n"
    )
    binary.chmod(0o700)
    return str(binary)


def _line(place: Path, what: str, argv: Sequence[str], code: Exit, hint: str) -> Claim:
    done = _abec(place, "run", *argv, *_SHORT)
    told = " ".join((done.stdout if code is Exit.NOT_MEASURED else done.stderr).split())
    begin = max(0, told.find("! ")) if code is Exit.NOT_MEASURED else 0
    return Claim(
        what=what,
        figure=f"exit {done.returncode}: {told[begin : begin + 240]}",
        bound=f"exit {code:d}, “{hint}”",
        ok=done.returncode == code and hint in told,
    )


def _abec(place: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "harness", *argv),
        cwd=place,
        env={**os.environ, "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
