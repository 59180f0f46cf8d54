"""1.10: what cannot be asked is refused in one or two clear lines, with nothing half-written."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from harness.errors import Exit
from harness.machine import Machine
from harness.pattern import RedisSpec
from harness.process.servers import started
from harness.workload import Workload
from tests.prove.claim import Claim

_MOST_LINES = 2
_TIMEOUT_S = 30
_RUN = ("run", "sse")


def prove(_machine: Machine) -> Iterator[Claim]:
    """Ask for each impossible thing of the issue."""
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        started((RedisSpec(),), Workload()) as running,
    ):
        redis_port = urlsplit(running.endpoints["redis"]).port
        cases = _cases(taken.getsockname()[1], f"redis://127.0.0.1:{redis_port}")
        for what, (argv, hint) in cases.items():
            yield _claim(what, argv, hint)


def _cases(port_in_use: int, locked_redis: str) -> Mapping[str, tuple[Sequence[str], str]]:
    """Give arguments, and a word that the remedy must name."""
    too_many = str(resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    nobody = "redis://127.0.0.1:1"
    return {
        "unknown pattern": (("run", "websockt"), "did you mean websocket?"),
        "unknown option": ((*_RUN, "--rat", "5"), "did you mean --rate?"),
        "rate 0": ((*_RUN, "--rate", "0"), "for example"),
        "negative rate": ((*_RUN, "--rate", "-5"), "for example"),
        "payload below the envelope": ((*_RUN, "--payload", "16"), "use 64 or more"),
        "more connections than open files": ((*_RUN, "--subscribers", too_many), "use at most"),
        "more than loopback carries": (
            (*_RUN, "--payload", "1MiB", "--rate", "1k", "--subscribers", "100"),
            "lower one of the three",
        ),
        "exchange it cannot carry": (
            (*_RUN, "--exchange", "work_queue"),
            "redis_queue does this",
        ),
        "port in use": (("serve", "sse", "--port", str(port_in_use)), "choose another"),
        "Redis that doesn't answer": (("run", "redis_pubsub", "--redis", nobody), "start it"),
        "Redis that wants a password": (
            ("run", "redis_pubsub", "--redis", locked_redis),
            "give redis://:PASSWORD@",
        ),
    }


def _claim(what: str, argv: Sequence[str], hint: str) -> Claim:
    with tempfile.TemporaryDirectory(prefix="prove-") as directory:
        place = Path(directory)
        (place / "tmp").mkdir()
        done = subprocess.run(
            (sys.executable, "-m", "harness", *argv),
            cwd=place,
            env={**os.environ, "TMPDIR": str(place / "tmp"), "COLUMNS": "100"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        written = sorted(str(path.relative_to(place)) for path in place.rglob("*"))
    lines = done.stderr.splitlines()
    return Claim(
        what=what,
        figure=f"exit {done.returncode}, {len(lines)} line{'s' * (len(lines) != 1)}: "
        + " / ".join(line.strip() for line in lines),
        bound=f"exit {Exit.BAD_INPUT:d}, 1 or 2 lines, nothing written",
        ok=done.returncode == Exit.BAD_INPUT
        and 1 <= len(lines) <= _MOST_LINES
        and lines[0].startswith("abec: ")
        and hint in done.stderr
        and not done.stdout
        and written == ["tmp"],
    )
