"""The answer on stdout, for as long as somebody reads it."""

from __future__ import annotations

import os
import shutil
import sys
import time
from contextlib import suppress

import click

from harness.report.columns import WIDTH

_NARROWEST = 60
"""Below that many columns a terminal folds lines: tables would be all names."""


class Answer:
    """Gives tables as they are measured, and outlives their reader.

    A series takes minutes and its file is kept: that ``| head`` has read enough must not lose
    the scenarios that are still to come.
    """

    def __init__(self) -> None:
        self._read = True

    def give(self, text: str, saved: str) -> None:
        """Print ``text``; once the reader has gone, say on stderr where it was ``saved``."""
        if self._read:
            try:
                click.echo(text)
            except BrokenPipeError:
                self._read = False
                _discard_stdout()
        if not self._read:
            # The reader of both streams may be the same.
            with suppress(BrokenPipeError):
                click.echo(f"abec: nobody reads stdout any more; saved {saved}", err=True)


def width() -> int:
    """Give the columns that an answer is set for: the terminal's, or all where there is none."""
    return max(_NARROWEST, min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns))


def utc_now() -> str:
    """Give the minute it is, for what is written on a page as the time of its making."""
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime())


def _discard_stdout() -> None:
    """Let what is still buffered go nowhere: flushing it at the end would fail again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
