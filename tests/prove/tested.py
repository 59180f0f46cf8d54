"""Points that tests prove already: run by pytest, counted here."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.prove.claim import Claim

ROOT = Path(__file__).parents[2]


def tested(what: str, paths: Sequence[str], *options: str) -> Claim:
    """Claim that the tests at ``paths`` exist and pass."""
    done = subprocess.run(
        (sys.executable, "-m", "pytest", "-q", "--no-header", *options, *paths),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else "no output"
    passed = re.search(r"(\d+) passed", last)
    return Claim(
        what=what,
        figure=last.strip("= "),
        bound="all pass",
        ok=done.returncode == 0 and passed is not None and int(passed[1]) > 0,
    )
