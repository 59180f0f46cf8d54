"""``abec regress``: what it prints, writes and ends with, on sides that only pretend."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click
import pytest

from harness import schema
from harness.errors import NotMeasured
from harness.regress.gate import GateCell
from harness.regress.sides import Built, Commit, Side, Wanted
from harness.result import Result
from tests.unit.conftest import MACHINE, result

FILE = '[scenario.prices]\npatterns = ["sse"]\nrate = 1000\nduration = "3s"\n'
REGRESS = ("regress", "--base", "main", "--scenario", "gate.toml")


@dataclass
class Pretended:
    """Both sides; head's p50 is that of base times ``factor``."""

    factor: float = 1.0
    lean: bool = True
    fails: str = ""
    unbuilt: str = ""
    interrupted_after: int = 1000
    wanted: Mapping[Side, Wanted] = field(default_factory=dict)
    recorded: list[Mapping[Side, Path]] = field(default_factory=list)
    runs: int = 0

    def build(self, wanted: Mapping[Side, Wanted], _scratch: Path) -> tuple[Built, ...]:
        self.wanted = wanted
        if self.unbuilt:
            raise NotMeasured(self.unbuilt)
        return tuple(
            Built(side=side, wanted=wanted[side], directory=Path("/nowhere")) for side in Side
        )

    def run(self, built: Built, cell: GateCell, _reruns: int) -> Result:
        if self.fails:
            raise NotMeasured(self.fails)
        if self.runs == self.interrupted_after:
            raise KeyboardInterrupt
        self.runs += 1
        factor = self.factor if built.side is Side.HEAD else 1.0
        p50 = 4e-4 * factor * (1 + 0.001 * (self.runs % 7))
        made = result(cell.pattern, p50=p50, workload=cell.workload)
        machine = replace(made.context.machine, commit=built.wanted.commit.sha)
        return replace(made, context=replace(made.context, machine=machine))


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Pretended]:
    (tmp_path / "gate.toml").write_text(FILE)

    def make(**settings: Any) -> Pretended:
        made = Pretended(**settings)

        def resolve(_side: Side, asked: str) -> Commit:
            return Commit(asked=asked, sha=f"{asked:0<40}".replace("m", "a"))

        def record(_gate: object, _sides: object, series: Mapping[Side, Path], _: Path) -> None:
            made.recorded.append(series)
            if settings.get("fails"):
                raise NotMeasured("the samples could not be recorded for asv")

        monkeypatch.setattr("harness.cli.regress.read_machine", lambda: MACHINE)
        monkeypatch.setattr("harness.cli.regress.resolve", resolve)
        monkeypatch.setattr("harness.cli.regress.build", made.build)
        monkeypatch.setattr("harness.cli.regress.prepare", lambda *_arguments: made)
        monkeypatch.setattr("harness.cli.regress.record", record)
        return made

    return make


def test_a_regression_ends_with_one_and_stands_in_every_form(
    abec, pretended, tmp_path: Path
) -> None:
    sides = pretended(factor=1.5)
    (tmp_path / "summary.md").write_text("before\n")
    done = abec(*REGRESS, "--markdown", "summary.md", "--json", "answer.json")
    assert done.returncode == 1, done.stderr
    assert "Regression: prices p50 +50 %." in done.stdout
    assert all(len(line) <= 100 for line in done.stdout.splitlines())
    assert done.stderr == ""
    summary = (tmp_path / "summary.md").read_text()
    assert summary.startswith("before\n### Regression: prices p50 +50 %\n")
    answer = json.loads((tmp_path / "answer.json").read_text())
    assert answer["regressions"] == ["prices p50"]
    assert answer["base"]["commit"].startswith("aain0")
    paths = [tmp_path / path for path in answer["saved"]]
    assert [path.stem.rpartition("-")[2] for path in paths] == ["base", "head"]
    saved = [schema.load(path) for path in paths]
    assert [len(series.results) for series in saved] == [8, 8]
    assert {series.order_seed for series in saved} == {answer["order_seed"]}
    assert saved[0].results[0].context.machine.commit == answer["base"]["commit"]
    assert [set(series) for series in sides.recorded] == [set(Side)]


def test_a_file_that_cannot_be_written_changes_no_verdict(
    abec, pretended, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sides = pretended(factor=1.5)

    def full(_path: Path, _text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("harness.cli.regress._append", full)
    done = abec(*REGRESS, "--markdown", "summary.md", "--json", "answer.json")
    assert done.returncode == 1
    assert done.stderr == "abec: summary.md: cannot be written: No space left on device\n"
    assert json.loads((tmp_path / "answer.json").read_text())["exit"] == 1
    assert done.stdout.endswith("(exit 1)\n")
    assert len(sides.recorded) == 1


def test_a_reader_that_leaves_changes_no_verdict(
    abec, pretended, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sides = pretended(factor=1.5)
    echo = click.echo

    def closed(text: str, err: bool = False) -> None:
        if not err:
            raise BrokenPipeError
        echo(text, err=True)

    monkeypatch.setattr(click, "echo", closed)
    monkeypatch.setattr("harness.cli.answer._discard_stdout", lambda: None)
    done = abec(*REGRESS, "--json", "answer.json")
    assert done.returncode == 1
    assert done.stderr.startswith("abec: nobody reads stdout any more; saved results/runs/")
    assert (tmp_path / "answer.json").exists()
    assert len(sides.recorded) == 1


def test_an_interrupt_while_asv_records_leaves_the_answer(
    abec, pretended, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretended()

    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("harness.cli.regress.record", interrupted)
    done = abec(*REGRESS)
    assert done.returncode == 3
    assert done.stdout.endswith("(exit 0)\n")


def test_a_directory_is_no_file_to_write(abec, pretended, tmp_path: Path) -> None:
    sides = pretended()
    done = abec(*REGRESS, "--json", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith(f"abec: --json {tmp_path}: is a directory; for example ")
    assert sides.wanted == {}


def test_a_side_that_does_not_build_stands_in_every_file(abec, pretended, tmp_path: Path) -> None:
    sides = pretended(unbuilt="head HEAD does not build\n        no wheel")
    done = abec(*REGRESS, "--markdown", "summary.md", "--json", "answer.json")
    assert done.returncode == 3
    assert done.stderr == "abec: head HEAD does not build\n        no wheel\n"
    summary = (tmp_path / "summary.md").read_text()
    assert summary.startswith("### Could not tell\n")
    assert "\nhead HEAD does not build\n\n```text\nno wheel\n```\n" in summary
    answer = json.loads((tmp_path / "answer.json").read_text())
    assert (answer["exit"], answer["comparisons"]) == (3, [])
    assert answer["reason"].startswith("head HEAD does not build\n")
    assert answer["head"]["commit"] == sides.wanted[Side.HEAD].commit.sha


def test_a_gate_without_the_library_is_refused(abec, pretended) -> None:
    pretended()
    done = abec(
        "regress", "--lib", "redis", "--base", "7.0.1", "--head", "8.1.0", "--scenario", "gate.toml"
    )
    assert done.returncode == 2
    assert done.stderr == (
        "abec: gate.toml, prices: sse contains no Python package redis: its server is uvicorn, "
        "its client wire\n"
    )


def test_no_change_ends_with_zero(abec, pretended) -> None:
    pretended()
    done = abec(*REGRESS)
    assert done.returncode == 0
    assert done.stdout.endswith("(exit 0)\n")


def test_what_cannot_be_measured_ends_with_three(abec, pretended) -> None:
    pretended(fails="server sse died")
    done = abec(*REGRESS)
    assert done.returncode == 3
    assert "could not tell: base: server sse died" in " ".join(done.stdout.split()) or (
        "could not tell: head: server sse died" in " ".join(done.stdout.split())
    )
    # That asv has no samples is said, and changes nothing.
    assert done.stderr == "abec: the samples could not be recorded for asv\n"


def test_what_was_measured_before_an_interrupt_is_kept(abec, pretended, tmp_path: Path) -> None:
    sides = pretended(interrupted_after=3)
    done = abec(*REGRESS)
    assert done.returncode == 3
    assert done.stdout == ""
    kept, interrupted = filter(None, done.stderr.splitlines())
    paths = [tmp_path / path for path in kept.removeprefix("kept ").split(", ")]
    assert sum(len(schema.load(path).results) for path in paths) == 3
    assert interrupted == "abec: interrupted; every process that was started has ended"
    assert sides.recorded == []


def test_what_is_not_committed_is_noted(abec, pretended, monkeypatch: pytest.MonkeyPatch) -> None:
    pretended()
    monkeypatch.setattr("harness.cli.regress.read_machine", lambda: replace(MACHINE, dirty=True))
    assert abec(*REGRESS).stderr == "note: changes that are not committed are not measured\n"
    assert abec(*REGRESS, "--head", "HEAD").stderr == ""


def test_an_older_side_is_noted(abec, pretended) -> None:
    pretended(lean=False)
    assert "note: base or head knows no --no-floor" in abec(*REGRESS).stderr


def test_versions_of_a_library_are_not_recorded_for_asv(abec, pretended) -> None:
    sides = pretended()
    done = abec(*REGRESS[:1], "--lib", "uvicorn", "--base", "1.0", "--head", "2.0", *REGRESS[3:])
    assert done.returncode == 0, done.stderr
    assert "base uvicorn 1.0 · head uvicorn 2.0" in done.stdout
    assert sides.recorded == []
    assert {one.commit.asked for one in sides.wanted.values()} == {"HEAD"}


def test_a_library_needs_both_versions(abec, pretended) -> None:
    pretended()
    done = abec("regress", "--lib", "websockets", "--base", "1.0")
    assert done.returncode == 2
    assert done.stderr.startswith("abec: --head: name a version of websockets, or a local checkout")
