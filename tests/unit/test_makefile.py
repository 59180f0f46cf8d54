"""What the Makefile would run: the commands, read and not executed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def commands(*arguments: str) -> str:
    done = subprocess.run(
        ("make", "--no-print-directory", "--dry-run", "--assume-old=.venv/.bench", *arguments),
        cwd=ROOT,
        # `make check` runs this, and would hand on its own options and variables.
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("target", ["bench", "publish"])
def test_a_site_has_versions_and_retold(target: str) -> None:
    (report,) = (line for line in commands(target).splitlines() if " report " in line)
    for name in ("redis", "websockets"):
        assert f"--versions results/baseline/versions/{name}.json" in report
    assert "--retold 'results/" in report


def test_a_run_with_stops_of_ones_own_comes_before_the_committed_one() -> None:
    assert "--retold 'mine.json'" in commands("publish", "RETOLD=mine.json")
    assert "--retold" not in commands("publish", "RETOLD=")


def test_preview_serves_what_was_published_on_loopback() -> None:
    told = commands("preview")
    assert "-m http.server 0 --bind 127.0.0.1 --directory results/html" in told
    assert "make bench or make publish first" in told
