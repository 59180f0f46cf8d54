"""A pattern in a separate package: installed, found by its entry point, and conforming."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent / "external_pattern"
ROOT = Path(__file__).parents[2]
PIP_OPTIONS = ("--quiet", "--no-index", "--no-deps", "--no-build-isolation")
PROVE = """
import asyncio, json
from harness.conformance import check_pattern
from harness.registry import load, names
proved = [asyncio.run(check_pattern(load("tcp_lines"), kind)) for kind in load("tcp_lines").clients]
print(json.dumps({"names": names(), "proved": proved}))
"""


def test_it_is_a_small_package() -> None:
    files = [path for path in PACKAGE.iterdir() if path.is_file()]
    assert sorted(path.name for path in files) == ["pyproject.toml", "tcp_lines.py"]
    lines = [line for path in files for line in path.read_text().splitlines() if line.strip()]
    assert len(lines) < 80


@pytest.mark.slow
def test_it_works_by_its_entry_point_alone(tmp_path: Path) -> None:
    # A build writes beside its sources; those in the repository stay as they are.
    sources = shutil.copytree(PACKAGE, tmp_path / "sources")
    installed = tmp_path / "installed"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *PIP_OPTIONS, "--target", installed, sources],
        check=True,
        timeout=90,
    )
    answer = subprocess.run(
        (sys.executable, "-c", PROVE),
        check=True,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(installed)},
        timeout=60,
    )
    told = json.loads(answer.stdout)
    assert "tcp_lines" in told["names"]
    (proved,) = told["proved"]
    assert "tcp_lines library broadcast feed: first message after entering arrives" in proved
    assert "tcp_lines library broadcast native: leaving drains what was sent" in proved
    assert any("death of the server is noted" in promise for promise in proved)
