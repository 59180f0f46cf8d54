"""The command as its user has it, in a directory of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from harness.cli.main import main


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a command came to."""

    returncode: int
    stdout: str
    stderr: str


Abec = Callable[..., Done]


@pytest.fixture
def still_running() -> Callable[[Sequence[psutil.Process]], list[psutil.Process]]:
    """Say which processes still run half a second later; what nobody has reaped yet does not."""

    def still(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
        _, left = psutil.wait_procs(processes, timeout=0.5)
        return [one for one in left if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]

    return still


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Mapping[str, str]]:
    """Give an environment whose temporary directory is the test's own, and empty at the end."""
    place = tmp_path / "tmp"
    place.mkdir()
    yield {**os.environ, "TMPDIR": str(place), "COLUMNS": "100"}
    assert list(place.iterdir()) == []


@pytest.fixture
def abec(
    tmp_path: Path,
    environment: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Abec]:
    """Run ``abec`` in this process, by the function that the console script calls."""
    on_term = signal.getsignal(signal.SIGTERM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", environment["TMPDIR"])
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setenv("COLUMNS", environment["COLUMNS"])

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["abec", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(returncode=ended.value.code, stdout=told.out, stderr=told.err)

    yield run
    signal.signal(signal.SIGTERM, on_term)


@pytest.fixture
def abec_process(tmp_path: Path, environment: Mapping[str, str]) -> Abec:
    """Run ``abec`` as a process of its own."""

    def run(*arguments: str) -> Done:
        done = subprocess.run(
            (sys.executable, "-m", "harness", *arguments),
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
        return Done(returncode=done.returncode, stdout=done.stdout, stderr=done.stderr)

    return run
