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


def sweep() -> None:
    """Remove this user's private directories whose owner was killed before it could."""
    for path in Path(tempfile.gettempdir()).glob("abec-*"):
        match = _NAME.fullmatch(path.name)
        if match is not None and not _runs(int(match[1])):
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
