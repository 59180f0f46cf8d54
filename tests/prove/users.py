"""Which processes use a directory: a command that is given its own can be told by all it starts."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]


def users_of(directory: Path) -> list[int]:
    """Find the running processes that work in ``directory`` or keep temporary files there.

    By both, because a Redis server writes its title over its environment, but works in a
    temporary directory.
    """
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            places = (process.environ().get("TMPDIR", ""), process.cwd())
            inside = any(Path(place).is_relative_to(directory) for place in places)
            if inside and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found
