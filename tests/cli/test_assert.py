"""``abec run --assert``: exit codes and lines, on runs that are made up."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.result import Doubt, Result, Series
from harness.series import Cell
from tests.unit.conftest import series

Change = Callable[[Result], Result]
Measured = Callable[..., None]
RUN = ("run", "sse", "--runs", "8")
FILE = '[scenario.prices]\nrate = 1000\npatterns = ["sse"]\nassert = ["p99<1ms"]\n'


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Measured:
    """Have ``abec run`` find a p99 of 2 ms without measuring."""

    def make(change: Change = lambda run: run, dies_in: int = 0, **refused: str) -> None:
        def measure(cells: list[Cell], **_settings: Any) -> Series:
            rows = {cell.pattern: {} for cell in cells}
            made = series(rows, noise=0.0, workload=cells[0].workload)
            # The run that fails is the first, or the one that ``dies_in`` names.
            results = tuple(
                change(run)
                for run in made.results
                if run.pattern not in refused or run.block_index < dies_in
            )
            return replace(made, results=results, refused=refused)

        monkeypatch.setattr("harness.cli.run.measure", measure)

    return make


def doubtful(run: Result) -> Result:
    if run.pattern == "floor":
        return run
    return replace(run, doubts=(Doubt(rule="machine", reason="steal of 3 %", remedy="wait"),))


def test_what_is_kept_ends_with_zero(abec, measured: Measured) -> None:
    measured()
    done = abec(*RUN, "--assert", "p99<5ms", "--assert", "lost==0")
    assert done.returncode == 0, done.stderr
    assert "\nobjectives\n  sse p99<5ms: met: 2.00 ms, the median of 8 runs (" in done.stdout
    assert "  sse lost==0: met: 0, in all of 8 runs (0, 0, 0, 0, 0, 0, 0, 0)" in done.stdout
    assert "floor p99<5ms" not in done.stdout


def test_what_is_missed_ends_with_one(abec, measured: Measured) -> None:
    measured()
    done = abec(*RUN, "--assert", "p99<1ms", "--assert", "lost==0")
    assert done.returncode == 1
    assert "sse p99<1ms: missed: 2.00 ms" in done.stdout


def test_what_is_invalid_ends_with_three(abec, measured: Measured) -> None:
    measured(doubtful)
    done = abec(*RUN, "--assert", "p99<5ms")
    assert done.returncode == 3
    assert "sse p99<5ms: not judged: 8 of 8 runs invalid (machine)" in done.stdout


def test_what_was_not_measured_ends_with_three(abec, measured: Measured) -> None:
    measured(sse="server sse died")
    done = abec(*RUN, "--assert", "p99<5ms")
    assert done.returncode == 3
    assert "sse p99<5ms: not judged: server sse died" in done.stdout


def test_a_server_that_died_in_a_later_run_has_kept_nothing(abec, measured: Measured) -> None:
    measured(dies_in=6, sse="server sse died")
    done = abec(*RUN, "--assert", "p99<5ms")
    assert done.returncode == 3
    assert "sse p99<5ms: not judged: server sse died" in done.stdout
    missed = abec(*RUN, "--assert", "p99<5ms", "--assert", "p50<1us")
    assert missed.returncode == 1
    assert "sse p50<1us: missed: 400 µs" in missed.stdout


def test_only_what_was_asked_for_is_judged(abec, measured: Measured) -> None:
    def floor_doubtful(run: Result) -> Result:
        return doubtful(replace(run, pattern="")) if run.pattern == "floor" else run

    measured(lambda run: replace(floor_doubtful(run), pattern=run.pattern))
    assert abec(*RUN, "--assert", "p99<5ms").returncode == 0
    assert abec(*RUN).returncode == 3


def test_a_file_holds_objectives_too(abec, measured: Measured, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(FILE)
    measured()
    done = abec("run", "--scenario", "own.toml", "--assert", "p50<1s")
    assert done.returncode == 1
    assert done.stdout.index("sse p50<1s: met") < done.stdout.index("sse p99<1ms: missed")


def test_a_program_reads_the_file_and_the_objectives_elsewhere(abec, measured: Measured) -> None:
    measured()
    done = abec(*RUN, "--json", "--assert", "p99<1ms")
    assert done.returncode == 1
    assert json.loads(done.stdout)["runs"] == 8
    assert "sse p99<1ms: missed" in done.stderr
