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

from packaging.version import InvalidVersion
from packaging.version import Version as Number

from harness.errors import BadInput, NotMeasured
from harness.measure.history import Acts
from harness.pattern import Pattern
from harness.registry import load as load_pattern
from harness.regress.gate import CALLED, HELD, PUSHED, QUEUED, Gate, GateCell
from harness.regress.sides import Version
from harness.workload import ClientKind, Exchange, Workload

_GIT_S = 30.0


def _by_library(workload: Workload) -> Workload:
    return replace(workload, client=ClientKind.LIBRARY)


def _acts(workload: Workload) -> Acts:
    return Acts.CLIENT if workload.client is ClientKind.LIBRARY else Acts.SERVER


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
            GateCell(name=name, pattern=pattern, workload=workload, acts=_acts(workload))
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

_ON_UVICORN = frozenset({"sse-starlette", "strawberry"})
_CLIENTS: Mapping[str, frozenset[str]] = {
    "floor": frozenset(),
    "websocket": frozenset({"websockets"}),
    "websocket_scaled": frozenset({"websockets"}),
    "submit_job_websocket": frozenset({"aiohttp", "websockets"}),
}
"""By family, what a library client uses where that is not aiohttp alone."""


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


def varied_in(library: str, gate: Gate) -> Gate:
    """Give a gate of the user's with the place of the library in each of its cells.

    Raises:
        BadInput: a cell does not contain the library, or has it at both ends.
    """
    return replace(gate, cells=tuple(_varied(library, cell, gate.name) for cell in gate.cells))


def _varied(library: str, cell: GateCell, gate: str) -> GateCell:
    pattern = load_pattern(cell.pattern)
    by_library = cell.workload.client is ClientKind.LIBRARY
    places = {Acts.SERVER: library in _in_server(pattern, cell.workload)}
    places[Acts.CLIENT] = by_library and library in _in_client(pattern)
    found = [place for place, acts in places.items() if acts]
    if len(found) == 1:
        return replace(cell, acts=found[0])
    problem = 'serves and is the client, and is to be varied at one end; give client = "wire"'
    if not found:
        problem = (
            f"contains no Python package {library}: its server is {pattern.stack}, its client "
            f"{', '.join(sorted(_in_client(pattern))) if by_library else 'wire'}"
        )
    raise BadInput(f"{gate}, {cell.name}", "", f"{cell.pattern} {problem}")


def _in_server(pattern: Pattern, workload: Workload) -> frozenset[str]:
    """Name the libraries that a pattern's server runs on."""
    found = {pattern.stack}
    if pattern.stack in _ON_UVICORN:
        found.add("uvicorn")
    if workload.exchange is Exchange.JOURNEY:
        found.add("redis")
    # Behind the name of the Redis server is no library that could be varied.
    return frozenset(found - {pattern.stack} if pattern.stack == "redis" else found)


def _in_client(pattern: Pattern) -> frozenset[str]:
    """Name the libraries that a pattern's library client is made of."""
    if pattern.stack == "redis":
        return frozenset({"redis"})
    return _CLIENTS.get(pattern.family, frozenset({"aiohttp"}))


def read_version(option: str, library: str, text: str) -> Version:
    """Read a version number, or the path of a local checkout, with ``@REF`` if it is git's.

    ``option`` is where it was asked for: a refusal names it.

    Raises:
        BadInput: it is no version number, or there is no such directory or no such commit in it.
        NotMeasured: git is not installed, or does not answer.
    """
    if "/" not in text.partition("@")[0] and not text.startswith("."):
        version_number(option, text, f", or a local checkout: ./{text}")
        return Version(library=library, option=option, asked=text, requirement=f"{library}=={text}")
    directory, ref = _directory(text), ""
    if not directory.is_dir() and "@" in text:
        path, _, ref = text.rpartition("@")
        directory = _directory(path)
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


def version_number(option: str, text: str, otherwise: str) -> Number:
    """Read a number by which versions stand in order; ``otherwise`` says what else may be meant.

    Raises:
        BadInput: it is none.
    """
    try:
        return Number(text)
    except InvalidVersion:
        raise BadInput(
            option, text, f"is no version number; for example 15.0.1{otherwise}"
        ) from None


def _directory(text: str) -> Path:
    return Path(text).expanduser().absolute()


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
