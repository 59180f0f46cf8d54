"""Private temporary directories, named for the process that owns them."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

_NAME = re.compile(r"abec-(\d+)-.+")


def private_directory() -> tempfile.TemporaryDirectory[str]:
    """Make a directory ``abec-PID-…`` that only this user can read; a context manager."""
    return tempfile.TemporaryDirectory(prefix=f"abec-{os.getpid()}-")


def file_system(directory: Path) -> str:
    """Name what holds a directory, ``ext4`` or ``tmpfs``: what an fsync costs there."""
    place = directory.resolve()
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    holding = [(len(at), kind) for _, at, kind, *_ in mounts if place.is_relative_to(at)]
    return max(holding)[1] if holding else "unknown"


def sweep(*, own: bool = False) -> None:
    """Remove this user's private directories whose owner was killed before it could.

    With ``own`` those of this process too, which is about to end: an interrupt may come just
    after a directory was made, before anything knows that it has to be removed.
    """
    for path in Path(tempfile.gettempdir()).glob("abec-*"):
        match = _NAME.fullmatch(path.name)
        if match is None:
            continue
        owner = int(match[1])
        if not _runs(owner) or (own and owner == os.getpid()):
            # Somebody else may sweep the same directory, or own it: then it is not ours to remove.
            shutil.rmtree(path, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
