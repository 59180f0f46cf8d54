"""One comparison at a time in a checkout: an environment cannot hold two commits at once."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import NotMeasured

ENVIRONMENTS = Path(".asv")
"""Where asv keeps those of the checkout that one stands in."""


@contextmanager
def sole_use(directory: Path) -> Iterator[None]:
    """Keep the environments in ``directory`` to this process, until it ends or is killed.

    Raises:
        NotMeasured: another process has them; names it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "in-use").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            owner = file.read().strip() or "unknown"
            raise NotMeasured(
                f"process {owner} compares in this checkout, and its environments serve one "
                "comparison at a time; wait for it, or work in a clone"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        # The kernel lets go of it, however this process ends; children do not inherit it.
        yield
