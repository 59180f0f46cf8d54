"""Waiting for children that may die meanwhile, and saying so with their log."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, MutableSequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from harness.errors import ServerFailed
from harness.process.child import Child

POLL_S = 0.002
"""How often a condition is looked at: each start waits half of it for nothing, on average."""

KEPT_LOGS = Path("results/logs")
"""Where the log of a process that failed is kept."""

_REMEDIES = {
    "ModuleNotFoundError:": "install what it misses",
    "AOF write error": "its disk is full or failing: free some, or set TMPDIR to another disk",
}
"""What to do, by what its log says."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The servers of one run, and how long they may take to get ready."""

    children: MutableSequence[Child]
    keep_logs_dir: Path = KEPT_LOGS
    deadline_s: float = 15.0
    started_s: float = field(default_factory=time.monotonic)

    @property
    def overdue(self) -> bool:
        """Whether ``deadline_s`` has passed since this watch began."""
        return time.monotonic() > self.started_s + self.deadline_s

    def check(self) -> None:
        """Look whether all children live.

        Raises:
            ServerFailed: one does not; its log's tail is in the error.
        """
        for child in self.children:
            if not child.alive:
                raise self.failed(child, child.death)

    def until(self, child: Child, look: Callable[[], tuple[_T | None, str]]) -> _T:
        """Call ``look`` until it gives a value; it gives None and what is missing otherwise.

        Raises:
            ServerFailed: any child died meanwhile, or ``child`` took too long.
        """
        while True:
            value, missing = look()
            if value is not None:
                return value
            self.check()
            if self.overdue:
                raise self.late(child, missing)
            time.sleep(POLL_S)

    def late(self, child: Child, missing: str) -> ServerFailed:
        """Build the error for a ``child`` that is not ready in time."""
        return self.failed(child, f"was not ready within {self.deadline_s:g} s: {missing}")

    def failed(self, child: Child, happened: str) -> ServerFailed:
        """Build the error for ``child``: what ``happened``, its log's tail, where all of it is."""
        return ServerFailed(
            *explain(f"server {child.name}", child, happened, keep_logs_dir=self.keep_logs_dir)
        )


def explain(subject: str, child: Child, happened: str, *, keep_logs_dir: Path) -> tuple[str, str]:
    """Say in one line what ``happened`` to ``subject``, and give the tail of its log.

    The log itself is copied to ``keep_logs_dir``, which is named in the line.
    """
    tail = child.log_tail()
    if not tail:
        return f"{subject} {happened} (its log is empty)", ""
    remedy = next((f"; {what}" for sign, what in _REMEDIES.items() if sign in tail), "")
    return f"{subject} {happened}{remedy} ({_keep(child.log_path, keep_logs_dir)}):", tail


def _keep(log: Path, directory: Path) -> str:
    if log.parent == directory:
        return f"all of its log: {log}"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return f"all of its log: {shutil.copy(log, directory)}"
    except OSError as error:
        return f"its log could not be kept in {directory}: {error.strerror}"
