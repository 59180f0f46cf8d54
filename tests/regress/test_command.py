"""One run by the command of a side: measured for real, and what is said where it cannot be."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest

from harness import schema
from harness.cli.options import asked
from harness.errors import NotMeasured
from harness.regress.command import prepare, workload_arguments
from harness.regress.gate import BUILT_IN, GateCell
from harness.regress.record import record
from harness.regress.sides import Built, Side, build
from harness.result import SCHEMA_VERSION
from harness.workload import ClientKind, Exchange, Workload
from tests.unit.conftest import series

CELL = GateCell(
    name="prices", pattern="sse", workload=Workload(rate=400.0, warmup=0.1, duration=0.3)
)
Here = Callable[..., Built]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
def test_a_run_is_one_result_of_the_commit(here: Here, scratch: Path, tmp_path: Path) -> None:
    called = prepare([here()], [CELL], scratch)
    assert called.lean
    result = called.run(here(), CELL, 0)
    assert (result.pattern, result.workload) == ("sse", CELL.workload)
    assert result.context.machine.commit == "1a2b3c4d"
    assert result.audit.published > 0
    # It saved its series where it ran, and no floor is in it.
    (saved,) = (scratch / "results/runs").iterdir()
    assert '"pattern": "floor"' not in saved.read_text()
    assert not (tmp_path / "results/runs").exists()


@pytest.mark.slow
def test_a_pattern_that_a_side_lacks_is_told(here: Here, scratch: Path) -> None:
    with pytest.raises(NotMeasured, match=r"head v1 \(1a2b3c4d\) has no pattern carrier_pigeon"):
        prepare([here()], [replace(CELL, pattern="carrier_pigeon")], scratch)


def test_a_side_without_the_command_is_told(here: Here, scratch: Path, tmp_path: Path) -> None:
    with pytest.raises(NotMeasured, match=r"head v1 \(1a2b3c4d\) has no command abec; compare"):
        prepare([here(directory=tmp_path)], [CELL], scratch)


def test_a_command_that_cannot_be_started_is_told(
    here: Here, scratch: Path, tmp_path: Path
) -> None:
    directory = stub(tmp_path, "exit 0")
    (directory / "bin/abec").chmod(0o644)
    with pytest.raises(NotMeasured, match=r"^head v1 \(1a2b3c4d\): abec could not be started: "):
        prepare([here(directory=directory)], [CELL], scratch)


def test_a_process_that_cannot_be_started_is_told(
    here: Here, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    sides = [here(side) for side in Side]
    paths = {side: scratch / side for side in Side}
    with pytest.raises(NotMeasured, match=r"^the samples could not be recorded for asv: "):
        record(BUILT_IN, sides, paths, scratch)
    with pytest.raises(NotMeasured, match=r"^base v1 \(1a2b3c4d\) could not be built: "):
        build({built.side: built.wanted for built in sides}, scratch)


def stub(directory: Path, script: str, python: str = "exit 1") -> Path:
    """Make an environment whose ``abec`` and Python are shell scripts."""
    (directory / "bin").mkdir()
    for name, text in (("abec", script), ("python", python)):
        program = directory / "bin" / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    return directory


def test_a_side_of_another_schema_is_told_before_it_is_measured(
    here: Here, scratch: Path, tmp_path: Path
) -> None:
    old = here(directory=stub(tmp_path, OLD, "echo 1"))
    with pytest.raises(NotMeasured, match=r"^head v1 .* results of schema 1, and \d is read here"):
        prepare([old], [CELL], scratch)
    git = ("git", "-c", "user.name=test", "-c", "user.email=test@example.org")
    (tmp_path / "harness").mkdir()
    for version in (SCHEMA_VERSION - 1, SCHEMA_VERSION):
        (tmp_path / "harness/result.py").write_text(f"SCHEMA_VERSION = {version}\n")
        for command in (("init",), ("add", "harness"), ("commit", "--message", f"{version}")):
            subprocess.run((*git, *command), check=True, capture_output=True)
    head = subprocess.run((*git, "log", "-1", "--format=%h"), check=True, capture_output=True)
    with pytest.raises(
        NotMeasured, match=f"; compare with a commit from {head.stdout.decode()[:7]}"
    ):
        prepare([old], [CELL], scratch)


def test_a_side_that_does_not_start_is_told_with_what_it_said(
    here: Here, scratch: Path, tmp_path: Path
) -> None:
    directory = stub(tmp_path, "echo 'ModuleNotFoundError: uvloop' >&2; exit 1")
    with pytest.raises(NotMeasured, match=r"does not work there \(exit 1\): ModuleNotFoundError"):
        prepare([here(directory=directory)], [CELL], scratch)


def test_a_side_that_lists_no_patterns_is_told(here: Here, scratch: Path, tmp_path: Path) -> None:
    directory = stub(tmp_path, "echo sse")
    with pytest.raises(NotMeasured, match=r"abec patterns --json lists no patterns there"):
        prepare([here(directory=directory)], [CELL], scratch)


def test_a_result_of_another_schema_is_told(here: Here, scratch: Path, tmp_path: Path) -> None:
    script = OLD.replace(DIES, "echo '{\"schema\": 1}'")
    old = here(directory=stub(tmp_path, script))
    with pytest.raises(NotMeasured, match=r"^the result of head v1 .*: schema 1: this reader"):
        prepare([old], [CELL], scratch).run(old, CELL, 0)


@pytest.mark.parametrize("kept", ["redis://127.0.0.1:6379/0", "redis://:hush@127.0.0.1:6379/0"])
def test_a_password_is_not_part_of_what_was_measured(
    kept: str, here: Here, scratch: Path, tmp_path: Path
) -> None:
    """Results leave it out; those of older commits may hold it."""
    secret = replace(CELL.workload, redis="redis://:hush@127.0.0.1:6379/0")
    cell = replace(CELL, workload=secret)
    made = series({"sse": {}}, runs=1, workload=replace(secret, redis=kept))
    (tmp_path / "result.json").write_text(schema.to_json(made))
    script = OLD.replace(DIES, f"cat {tmp_path}/result.json")
    built = here(directory=stub(tmp_path, script))
    called = prepare([built], [cell], scratch)
    assert called.run(built, cell, 0).workload.redis == "redis://127.0.0.1:6379/0"
    with pytest.raises(NotMeasured, match="than was asked for: rate") as refused:
        called.run(built, replace(cell, workload=replace(secret, rate=1.0)), 0)
    assert "hush" not in str(refused.value)


DIES = 'echo "abec: server sse died" >&2; exit 3'
OLD = """
case "$1 $2" in
    "patterns --json") echo '[{"name": "sse"}]' ;;
    "run --help") echo "  --runs N" ;;
    *) echo "abec: server sse died" >&2; exit 3 ;;
esac
"""


def test_an_older_side_is_asked_without_what_it_does_not_know(
    here: Here, scratch: Path, tmp_path: Path
) -> None:
    old = here(directory=stub(tmp_path, OLD))
    called = prepare([old], [CELL], scratch)
    assert not called.lean
    with pytest.raises(NotMeasured, match=r"^server sse died$"):
        called.run(old, CELL, 2)


@pytest.mark.parametrize(
    "workload",
    [
        *(cell.workload for cell in BUILT_IN.cells),
        Workload(rate=None, concurrency=1, deflate=True, client=ClientKind.LIBRARY),
        Workload(exchange=Exchange.REQUEST_REPLY, publishers=64, payload=4096, seed=3, ramp=1e6),
    ],
)
def test_a_workload_survives_the_command_line(workload: Workload) -> None:
    options = dict.fromkeys((field.name for field in fields(Workload)), None)
    arguments = list(workload_arguments(workload))
    while arguments:
        name = arguments.pop(0).removeprefix("--").replace("-", "_")
        options[name] = True if name == "deflate" else arguments.pop(0)  # type: ignore[assignment]
    (question,) = asked((), {"scenario": None, **options})
    assert question.scenario.workload == workload
