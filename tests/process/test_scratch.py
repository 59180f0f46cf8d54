"""Private directories: private, gone afterwards, swept when their owner was killed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from harness.process.scratch import file_system, private_directory, sweep


def test_a_private_directory_is_private_named_and_gone_afterwards():
    with private_directory() as name:
        path = Path(name)
        assert path.name.startswith(f"abec-{os.getpid()}-")
        assert path.stat().st_mode & 0o077 == 0
        (path / "file").write_text("x")
    assert not path.exists()


def test_sweep_removes_what_the_dead_left_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = subprocess.Popen((sys.executable, "-c", ""))
    ended.wait()
    left = tmp_path / f"abec-{ended.pid}-xyz"
    (left / "deep").mkdir(parents=True)
    (left / "deep" / "file").write_text("x")
    foreign = [tmp_path / name for name in ("abec-notes", f"other-{ended.pid}-x", "abec-1-init")]
    for path in foreign:
        path.mkdir()
    with private_directory() as ours:
        sweep()
        assert Path(ours).exists()
    assert not left.exists()
    assert all(path.exists() for path in foreign)
    sweep()


def test_sweep_at_the_end_removes_what_is_left_of_this_process(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / f"abec-{os.getpid()}-xyz"
    others = tmp_path / f"abec-{os.getppid()}-xyz"
    left.mkdir()
    others.mkdir()
    sweep(own=True)
    assert not left.exists()
    assert others.exists()


def test_the_file_system_of_a_directory_is_named(tmp_path: Path) -> None:
    assert file_system(Path("/proc/self")) == "proc"
    assert file_system(tmp_path) == file_system(tmp_path.parent)
