"""Versions of one library against each other, where it acts, under one commit of this suite.

Each library is varied once as server, under the wire client, and once as client, against a
server that does not contain it; never both at once.
"""

from __future__ import annotations

import difflib
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness.errors import BadInput, NotMeasured
from harness.regress.gate import CALLED, HELD, PUSHED, QUEUED, Gate, GateCell
from harness.regress.sides import Version
from harness.workload import ClientKind, Exchange, Workload

_GIT_S = 30.0


def _by_library(workload: Workload) -> Workload:
    return replace(workload, client=ClientKind.LIBRARY)


# A library's client calls one connection after the other from one loop: fewer and slower.
_CLIENT_CALLS = replace(
    _by_library(PUSHED), exchange=Exchange.REQUEST_REPLY, publishers=4, rate=500.0
)
# Several consumers on one loop wait for one another: a run of theirs measures the generator. At
# 1,000/s even one is too much for the pacer that shares its core.
_CLIENT_JOBS = replace(_by_library(QUEUED), subscribers=1, rate=500.0, duration=2.2)

GATES: Mapping[str, Gate] = {
    library: Gate(
        name=f"{library} gate",
        cells=tuple(
            GateCell(name=name, pattern=pattern, workload=workload)
            for name, pattern, workload in cells
        ),
    )
    for library, cells in {
        "websockets": (
            ("server", "websocket@websockets", PUSHED),
            ("connections", "websocket@websockets", HELD),
            ("client", "websocket@aiohttp", _by_library(PUSHED)),
        ),
        "aiohttp": (
            ("server", "websocket@aiohttp", PUSHED),
            ("connections", "sse@aiohttp", HELD),
            ("client", "rest", _CLIENT_CALLS),
        ),
        "uvicorn": (
            ("sse", "sse", HELD),
            ("websocket", "websocket", PUSHED),
            ("rest", "rest", CALLED),
        ),
        "sse-starlette": (
            ("server", "sse@sse-starlette", PUSHED),
            ("connections", "sse@sse-starlette", HELD),
        ),
        "redis": (
            ("queue", "redis_queue", _CLIENT_JOBS),
            ("pubsub", "redis_pubsub", _by_library(PUSHED)),
        ),
    }.items()
}
"""By library, as pip knows it."""


def library_gate(library: str) -> Gate:
    """Give the gate of a library.

    Raises:
        BadInput: the suite does not measure it.
    """
    if library not in GATES:
        near = difflib.get_close_matches(library, GATES, 1)
        hint = f"did you mean {near[0]}?" if near else f"those are {', '.join(GATES)}"
        raise BadInput("--lib", library, f"no library that this suite measures; {hint}")
    return GATES[library]


def read_version(option: str, library: str, text: str) -> Version:
    """Read a version number, or the path of a local checkout, with ``@REF`` if it is git's.

    ``option`` is where it was asked for: a refusal names it.

    Raises:
        BadInput: there is no such directory, or no such commit in it.
        NotMeasured: git is not installed, or does not answer.
    """
    path, _, ref = text.partition("@")
    if "/" not in path and not path.startswith("."):
        return Version(library=library, option=option, asked=text, requirement=f"{library}=={text}")
    directory = Path(path).expanduser().absolute()
    if not directory.is_dir():
        raise BadInput(option, text, "no such directory; give a version or a local checkout")
    if not ref:
        return Version(library=library, option=option, asked=text, requirement=str(directory))
    sha = _commit(directory, ref)
    if not sha:
        raise BadInput(option, text, f"no commit {ref} in that checkout; git fetch brings it")
    return Version(
        library=library,
        option=option,
        asked=f"{text} ({sha[:8]})",
        requirement=f"git+file://{directory}@{sha}",
    )


def _commit(directory: Path, ref: str) -> str:
    try:
        done = subprocess.run(
            ("git", "-C", str(directory), "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_GIT_S,
            check=False,
        )
    except OSError as error:
        raise NotMeasured(f"{directory}@{ref}: git could not be started: {error}") from error
    except subprocess.TimeoutExpired as error:
        raise NotMeasured(
            f"{directory}@{ref}: git did not answer within {_GIT_S:.0f} s; give {directory} alone, "
            "which is taken as it is on disk"
        ) from error
    return done.stdout.strip()
