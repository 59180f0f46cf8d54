"""What ``abec tls`` saves of connections that were made at once, beside its two series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness import schema
from harness.measure.set_up import Connecting, SetUp
from harness.result import Doubt

CONNECTED_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One time that all connections were made, and why it may not be believed."""

    set_up: SetUp
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One pattern without or with TLS: medians of what may be believed, and each time."""

    pattern: str
    tls: bool
    refused: str
    """Why they could not be made at all; empty: they could."""
    per_second: float | None
    """Connections per second; None as ``n/a`` in the table."""
    server_cpu: float | None
    """CPU seconds that one took the server; None as ``n/a`` in the table."""
    load_cpu: float | None
    """CPU seconds that one took our client; None as ``n/a`` in the table."""
    made: tuple[Made, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """All ways of one command, in the order of its table."""

    command: str
    connections: int
    """How many were made at once."""
    connecting: tuple[Way, ...]
    schema: int = CONNECTED_VERSION


def connected(
    connecting: Mapping[tuple[str, bool], Connecting], connections: int, command: str
) -> Connected:
    """Make a document of what was found by pattern and whether by TLS."""
    return Connected(
        command=command,
        connections=connections,
        connecting=tuple(_way(*key, found) for key, found in connecting.items()),
    )


def save(document: Connected, path: Path) -> None:
    """Write a document to ``path``, whole or not at all.

    Raises:
        NotMeasured: the file could not be written.
    """
    schema.save_document(document, path)


def _way(pattern: str, tls: bool, found: Connecting) -> Way:
    return Way(
        pattern=pattern,
        tls=tls,
        refused=found.refused,
        per_second=found.per_second,
        server_cpu=found.server_cpu,
        load_cpu=found.load_cpu,
        made=tuple(Made(set_up=run, doubts=run.doubts) for run in found.runs),
    )
