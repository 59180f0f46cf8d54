"""``abec versions``: what it prints, saves and ends with, on releases that only pretend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness import schema
from harness.errors import NotMeasured
from harness.measure.history import load
from harness.regress.gate import GateCell
from harness.regress.sides import Built, Commit, Side, Wanted
from harness.regress.sole import ENVIRONMENTS, sole_use
from harness.result import Result
from harness.versions.asked import Question
from harness.versions.measuring import Ready
from tests.unit.conftest import MACHINE, result

ASKED = ("versions", "--lib", "redis", "8.0.0", "7.4.0")


@dataclass
class Pretended:
    """Releases; the p50 of the last is that of the others times ``factor``."""

    factor: float = 1.0
    fails: str = ""
    unrecorded: bool = False
    interrupted_after: int = 1000
    recorded: list[Path] = field(default_factory=list)
    runs: int = 0

    def build_all(self, asked: Question, commit: Commit, _scratch: Path) -> Ready:
        built = {
            name: Built(
                side=name,
                wanted=Wanted(commit=commit, version=version),
                directory=Path("/nowhere"),
            )
            for name, version in asked.releases.items()
        }
        self.last = list(built)[-1]
        return Ready(built=built, refused={})

    def commands(self, ready: Ready, *_: object) -> tuple[Ready, Callable[..., Result]]:
        return ready, self.run

    def run(self, built: Built, cell: GateCell, _reruns: int) -> Result:
        if cell.name == self.fails:
            raise NotMeasured("server died")
        if self.runs == self.interrupted_after:
            raise KeyboardInterrupt
        self.runs += 1
        factor = self.factor if built.side == self.last else 1.0
        p50 = 4e-4 * factor * (1 + 0.001 * (self.runs % 7))
        return result(cell.pattern, p50=p50, workload=cell.workload)

    def record(self, path: Path, _scratch: Path) -> None:
        self.recorded.append(path)
        if self.unrecorded:
            raise NotMeasured("the figures could not be recorded for asv")


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Pretended]:
    def make(**settings: Any) -> Pretended:
        made = Pretended(**settings)

        def resolve(_side: Side, asked: str) -> Commit:
            return Commit(asked=asked, sha="1a2b3c4d" * 5)

        module = "harness.cli.versions"
        monkeypatch.setattr(f"{module}.read_machine", lambda: MACHINE)
        monkeypatch.setattr(f"{module}.resolve", resolve)
        for name in ("build_all", "commands", "record"):
            monkeypatch.setattr(f"{module}.{name}", getattr(made, name))
        return made

    return make


def test_the_answer_is_printed_saved_and_recorded(abec, pretended, tmp_path: Path) -> None:
    releases = pretended()
    done = abec(*ASKED, "--json", "answer.json")
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("redis 7.4.0, 8.0.0 · 8 runs each, interleaved")
    assert all(len(line) <= 100 for line in done.stdout.splitlines())
    assert done.stderr == "note: 32 runs take about 3 min, environments apart\n"
    (path,) = releases.recorded
    assert f"saved {path}, answer.json · (exit 0)" in done.stdout
    saved = load(tmp_path / path)
    assert saved == load(tmp_path / "answer.json")
    assert (saved.command, saved.commit) == (
        "abec versions --lib redis 7.4.0 8.0.0",
        "1a2b3c4d" * 5,
    )
    files = sorted((tmp_path / "results/runs").iterdir())
    assert [file.stem.partition("-redis-")[2] for file in files] == ["7.4.0", "8.0.0"]
    assert [len(schema.load(file).results) for file in files] == [16, 16]


def test_a_last_release_that_is_slower_ends_with_one(abec, pretended) -> None:
    pretended(factor=1.5)
    done = abec(*ASKED)
    assert done.returncode == 1
    assert "queue: p50 7.4.0 → 8.0.0 +50 %" in done.stdout


def test_what_cannot_be_measured_ends_with_three(abec, pretended) -> None:
    pretended(fails="queue", unrecorded=True)
    done = abec(*ASKED)
    assert done.returncode == 3
    assert "! queue 7.4.0, 8.0.0: not measured: server died." in done.stdout
    # That asv has no figures is said, and changes nothing.
    assert done.stderr.endswith("abec: the figures could not be recorded for asv\n")


def test_environments_serve_one_comparison_at_a_time(abec, pretended, tmp_path: Path) -> None:
    releases = pretended()
    with sole_use(tmp_path / ENVIRONMENTS):
        done = abec(*ASKED)
    assert (done.returncode, releases.runs) == (3, 0)
    assert "compares in this checkout" in done.stderr


def test_what_was_measured_before_an_interrupt_is_kept(abec, pretended, tmp_path: Path) -> None:
    releases = pretended(interrupted_after=3)
    done = abec(*ASKED)
    assert (done.returncode, done.stdout) == (3, "")
    _, kept, interrupted = filter(None, done.stderr.splitlines())
    paths = [tmp_path / path for path in kept.removeprefix("kept ").split(", ")]
    assert sum(len(schema.load(path).results) for path in paths) == 3
    assert interrupted == "abec: interrupted; every process that was started has ended"
    assert releases.recorded == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--lib", "reddis", "7.4.0", "8.0.0"), "--lib reddis: no library that this suite measur"),
        (("7.4.0", "8.0.0"), "--lib: name a library: websockets, aiohttp, uvicorn, sse-starlette"),
        (("--lib", "redis", "7.4.0"), "VERSION 7.4.0: there is nothing to compare it with"),
        (("--lib", "redis", "7.4.0", "--checkout", "nowhere"), "--checkout ./nowhere: no such dir"),
        (("--lib", "redis", "7", "8", "--runs", "x"), "--runs x: must be a whole number"),
        (("--lib", "redis", "7", "8", "--json", "no/a.json"), "--json no/a.json: its directory"),
        (("--lib", "redis", "7", "8", "--json", "."), "--json .: is a directory; for example"),
    ],
)
def test_bad_input_is_one_line(abec, arguments: tuple[str, ...], told: str) -> None:
    done = abec("versions", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"abec: {told}")
    assert done.stderr.count("\n") == 1
