"""The command as its user has it: a process of its own, in a directory of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

Abec = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    """Give an environment whose temporary directory is the test's own."""
    place = tmp_path / "tmp"
    place.mkdir()
    return {**os.environ, "TMPDIR": str(place), "COLUMNS": "100"}


@pytest.fixture
def abec(tmp_path: Path, environment: Mapping[str, str]) -> Iterator[Abec]:
    """Run ``abec`` to its end; nothing temporary may be left of it."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (sys.executable, "-m", "harness", *arguments),
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )

    yield run
    assert list((tmp_path / "tmp").iterdir()) == []
