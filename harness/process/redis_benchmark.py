"""The throughput that Redis' own ``redis-benchmark`` finds, to set beside ours."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from harness.errors import NotMeasured
from harness.process.child import Child, log_file
from harness.process.scratch import private_directory

_LONGEST_S = 60.0
_LONGEST_WORD = (128 << 10) - 1
"""Bytes of one word on a command line, by Linux: a value is one."""


def find_redis_benchmark() -> str | None:
    """Give the path of the program; None where it is not installed."""
    return shutil.which("redis-benchmark")


def redis_benchmark(
    program: str,
    url: str,
    words: Sequence[str],
    *,
    requests: int,
    connections: int,
    pipeline: int,
    keys: int,
    core: int | None,
) -> float:
    """Let it send a command so often; give commands per second. ``__rand_int__`` is a key.

    Raises:
        NotMeasured: it could not be run, or says something else than before.
    """
    at = urlsplit(url)
    options = ("-c", connections, "-P", pipeline, "-n", requests, "-r", keys)
    argv = [program, "-h", at.hostname or "127.0.0.1", "-p", str(at.port), "--csv"]
    if at.password:
        argv += ["-a", unquote(at.password)]
    argv += [*map(str, options), *words]
    longest = max(map(len, words))
    if longest > _LONGEST_WORD:
        raise NotMeasured(
            f"a value of {longest:,} bytes does not go on its command line; "
            f"give a --payload of {_LONGEST_WORD:,} or less"
        )
    with private_directory() as directory:
        try:
            child = Child.spawn(
                argv,
                name="redis-benchmark",
                log_path=log_file(Path(directory), "redis-benchmark"),
                cores=None if core is None else frozenset({core}),
            )
        except OSError as error:
            raise NotMeasured(f"it could not be started: {error}") from error
        try:
            if not child.wait(_LONGEST_S):
                raise NotMeasured(f"it was not done after {_LONGEST_S:g} s")
        finally:
            child.kill()
        return requests_per_second(child.log_tail())


def requests_per_second(text: str) -> float:
    """Read its ``--csv``: the second value of the last line, below a line of names.

    Raises:
        NotMeasured: there is no such value.
    """
    rows = list(csv.reader(text.splitlines()))
    try:
        return float(rows[-1][1])
    except (IndexError, ValueError):
        last = rows[-1] if rows else "nothing"
        raise NotMeasured(f"it answered {last}, and no figure") from None
