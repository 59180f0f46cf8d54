"""What servers note aside for whoever started them, without touching a message.

``ABEC_NOTES`` names a directory. Each process keeps two files in it: ``NAME-PID.stages``, a line
``STAGE PUBLISHER+SEQUENCE NANOSECONDS`` for each message that is sampled, and
``NAME-PID.requests``, how many requests it has had, as 8 bytes of which the first counts least.
Both are in the kernel with the call that writes them, so that a process that is killed, or
replaced, loses nothing.
"""

from __future__ import annotations

import argparse
import mmap
import os
import time
from pathlib import Path

from harness.envelope import CHECKSUM, PUBLISHER, SEQUENCE

DIRECTORY = "ABEC_NOTES"

ACCEPTED = b"accepted"
"""The API has a submission, and is about to queue it."""
TAKEN = b"taken"
"""A worker has it."""
WORKED = b"worked"
"""The worker is about to hand its verdict back."""

_NAME = slice(PUBLISHER.start, SEQUENCE.stop)
_COUNT_BYTES = 8


class Notebook:
    """The notes of one process; without a directory it keeps none."""

    def __init__(self, name: str, every: int, *, counts: bool = False) -> None:
        """Note one in ``every`` messages, none if that is 0; count requests if it ``counts``.

        Raises:
            OSError: the directory cannot be written to.
        """
        directory = os.environ.get(DIRECTORY)
        self._every = every if directory else 0
        self._stages = -1
        self._requests = 0
        self._counter: mmap.mmap | None = None
        if directory is None:
            return
        path = Path(directory) / f"{name}-{os.getpid()}"
        if self._every:
            self._stages = os.open(
                path.with_suffix(".stages"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600
            )
        if counts:
            with path.with_suffix(".requests").open("a+b") as file:
                file.truncate(_COUNT_BYTES)
                self._counter = mmap.mmap(file.fileno(), _COUNT_BYTES)

    def note(self, stage: bytes, message: bytes) -> None:
        """Note that ``message`` is at ``stage`` now, if it is one that is sampled.

        The checksum decides, so that all processes sample the same messages, whatever their
        order and publisher.
        """
        if not self._every:
            return
        try:
            sampled = int(message[CHECKSUM], 16) % self._every == 0
        except ValueError:
            return  # what a person sends is no envelope
        if sampled:
            os.write(self._stages, b"%b %b %d\n" % (stage, message[_NAME], time.monotonic_ns()))

    def count_request(self) -> None:
        """Count one more request."""
        if self._counter is not None:
            self._requests += 1
            self._counter[:] = self._requests.to_bytes(_COUNT_BYTES, "little")


def sampling(text: str) -> int:
    """Read ``--trace``, for argparse: one in how many messages is noted, 0 for none."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{value} is too small; give 0 or more")
    return value
