"""What servers noted aside while they ran (``servers/notebook.py``): the I/O of journeys."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from harness.envelope import PUBLISHER, SEQUENCE
from harness.recording import Ints

STAGES = ("accepted", "taken", "worked")
"""In the order of a submission's way."""

_BY_NAME = {stage.encode(): number for number, stage in enumerate(STAGES)}


def _empty() -> Ints:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stages:
    """One row for each note, in any order: which message was at which stage, and when."""

    publisher: Ints = field(default_factory=_empty)
    sequence: Ints = field(default_factory=_empty)
    stage: Ints = field(default_factory=_empty)
    """Position in ``STAGES``."""
    at_ns: Ints = field(default_factory=_empty)


def read_stages(directory: Path) -> Stages:
    """Read the notes of all processes.

    Raises:
        ValueError: a line is no note.
    """
    rows = [
        _note(line)
        for path in sorted(directory.glob("*.stages"))
        for line in path.read_bytes().splitlines()
    ]
    if not rows:
        return Stages()
    publisher, sequence, stage, at_ns = np.array(rows, dtype=np.int64).T
    return Stages(publisher=publisher, sequence=sequence, stage=stage, at_ns=at_ns)


def read_requests(directory: Path) -> int | None:
    """Read how many requests the servers have had by now; None if none of them counts."""
    counters = list(directory.glob("*.requests"))
    if not counters:
        return None
    return sum(int.from_bytes(path.read_bytes(), "little") for path in counters)


def _note(line: bytes) -> tuple[int, int, int, int]:
    try:
        stage, name, at_ns = line.split(b" ")
        return int(name[PUBLISHER], 16), int(name[SEQUENCE], 16), _BY_NAME[stage], int(at_ns)
    except (ValueError, KeyError):
        raise ValueError(f"{line[:60]!r} is no note of a stage") from None
