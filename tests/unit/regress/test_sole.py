"""One comparison at a time in a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import NotMeasured
from harness.regress.sole import sole_use

_KILLED = """
import os, signal, sys
from pathlib import Path
from harness.regress.sole import sole_use
with sole_use(Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_second_comparison_is_told_who_has_the_environments(tmp_path: Path) -> None:
    place = tmp_path / "envs"
    with (
        sole_use(place),
        pytest.raises(NotMeasured, match=f"^process {os.getpid()} compares in this checkout"),
        sole_use(place),
    ):
        pytest.fail("two have the same environments")
    with sole_use(place):
        pass


def test_one_that_was_killed_keeps_nothing(tmp_path: Path) -> None:
    done = subprocess.run((sys.executable, "-c", _KILLED, str(tmp_path)), check=False)
    assert done.returncode < 0
    with sole_use(tmp_path):
        pass
