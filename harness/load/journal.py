"""What a consumer that is to be killed notes of each job: its memory dies with it, a file does not.

Fixed rows, written at once and whole: SIGKILL leaves what was written to the kernel.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Self

import numpy as np

from harness.envelope import PUBLISHER, SEQUENCE
from harness.load.stamps import identify
from harness.pattern import Begin, Deliver
from harness.recording import NEVER, Delivered, Recording

_COLUMNS = 5
_ROW_BYTES = 8 * _COLUMNS
_BEGUN, _DELIVERED = 0, 1


class Journal:
    """Written by one consumer, which has one job at a time."""

    def __init__(self, path: Path) -> None:
        """Begin an empty file."""
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def close(self) -> None:
        """Write no more."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def begin(self, receiver: int) -> Begin:
        """Make the function that notes that this receiver began to work on a message."""
        return lambda message: self._write(_BEGUN, receiver, message)

    def noting(self, receiver: int, deliver: Deliver) -> Deliver:
        """Give ``deliver`` the message, once it is noted."""

        def noted(message: bytes) -> None:
            self._write(_DELIVERED, receiver, message)
            deliver(message)

        return noted

    def _write(self, kind: int, receiver: int, message: bytes) -> None:
        publisher, sequence = NEVER, NEVER
        if kind == _BEGUN:
            publisher, sequence = int(message[PUBLISHER], 16), int(message[SEQUENCE], 16)
        else:
            publishers, sequences = identify([message])
            publisher, sequence = int(publishers[0]), int(sequences[0])
        row = np.array([kind, time.monotonic_ns(), receiver, publisher, sequence], dtype=np.int64)
        os.write(self._file, row.tobytes())


def holds_a_job(path: Path) -> bool:
    """Say whether the writer is at work: it noted that it began, and not that it delivered."""
    try:
        return path.stat().st_size // _ROW_BYTES % 2 == 1
    except FileNotFoundError:
        return False


def read_journal(path: Path) -> tuple[Recording, tuple[tuple[int, int], ...]]:
    """Give what the writer delivered, and the job that it held, if any: publisher and sequence."""
    rows = np.fromfile(path, dtype=np.int64)
    rows = rows[: len(rows) // _COLUMNS * _COLUMNS].reshape(-1, _COLUMNS)
    delivered = rows[rows[:, 0] == _DELIVERED]
    recording = Recording(
        delivered=Delivered(
            receiver=delivered[:, 2].copy(),
            publisher=delivered[:, 3].copy(),
            sequence=delivered[:, 4].copy(),
            received_ns=delivered[:, 1].copy(),
            lag_ns=np.zeros(len(delivered), dtype=np.int64),
        )
    )
    if not len(rows) or rows[-1, 0] != _BEGUN:
        return recording, ()
    return recording, ((int(rows[-1, 3]), int(rows[-1, 4])),)
