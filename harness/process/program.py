"""Programs that servers need and that may not be there."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from harness.errors import BadInput
from harness.pattern import Program


def located(program: Program) -> str:
    """Give the path of ``program``: of the running interpreter's own, or else on PATH.

    Raises:
        BadInput: it is not installed.
    """
    beside = shutil.which(program.name, path=str(Path(sys.executable).parent))
    found = beside or shutil.which(program.name)
    if found is None:
        raise BadInput(
            program.option,
            program.name,
            "is not installed here; install it, or choose another",
        )
    return found
