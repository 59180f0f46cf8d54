"""A line of progress on stderr, and only where a person watches."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status

from harness.series import Progress


class ProgressLine:
    """Shows what is measured now and how long it takes; a context manager.

    Silent when stderr is no terminal, so that logs and asv's pipe stay clean.
    """

    def __init__(self, title: str = "") -> None:
        self._title = f"{title}: " if title else ""
        self._status: Status | None = None
        if sys.stderr.isatty():
            self._status = Console(stderr=True).status("starting")

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def say(self, what: str) -> None:
        """Show what is being done, where nobody knows how long it takes."""
        if self._status is not None:
            self._status.update(what)

    def __call__(self, progress: Progress) -> None:
        """Show where the series stands."""
        if self._status is None or progress.cell is None:
            return
        minutes, seconds = divmod(round(progress.remaining_s), 60)
        self._status.update(
            f"{self._title}run {progress.done + 1} of {progress.total} · {progress.cell.pattern}"
            f" · about {minutes}:{seconds:02d} left"
        )
