"""Steps in what asv recorded: found where they are, and called worse where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.report.pages import history
from tests.unit.report.pages.recorded import COMMITS, NOISE, made, stepped, write_records


def test_a_step_is_found_between_its_commits() -> None:
    (change,) = history.changes([made(stepped(4e-4, 6e-4))])

    assert change.worse
    assert change.share == pytest.approx(0.5, abs=0.03)
    assert history.commits(change) == (COMMITS[5], COMMITS[6])


def test_a_level_history_has_none() -> None:
    level = [4e-4 * n for n in NOISE]
    assert history.changes([made([*level])]) == []
    assert len(history.steps(made([*level]))) == 1


@pytest.mark.parametrize(
    ("name", "low", "high", "worse"),
    [
        ("delivery.Delivery.track_p50", 6e-4, 4e-4, False),
        ("saturation.Saturation.track_throughput", 6e4, 4e4, True),
        ("saturation.Saturation.track_throughput", 4e4, 6e4, False),
    ],
)
def test_for_a_throughput_less_is_worse(name: str, low: float, high: float, worse: bool) -> None:
    (change,) = history.changes([made(stepped(low, high), name)])
    assert change.worse is worse


def test_regressions_come_first_and_the_largest_of_them() -> None:
    found = history.changes(
        [made(stepped(4e-4, 5e-4)), made(stepped(9e-4, 3e-4)), made(stepped(4e-4, 8e-4))]
    )
    assert [round(change.share, 1) for change in found] == [1.0, 0.2, -0.7]


def test_what_asv_recorded_is_read(tmp_path: Path) -> None:
    (found,) = history.read(write_records(tmp_path))

    assert (found.combination, found.unit) == ("ticker, sse", "seconds")
    assert found.machine == "Example CPU, 2 cores"
    assert found.commits == COMMITS[1:]  # the first is of an older version of the benchmark
    assert found.values[0] == pytest.approx(4.04e-4)
    assert found.measured == "2026-07-14"


def test_a_day_that_asv_did_not_keep_is_not_invented(tmp_path: Path) -> None:
    for path in write_records(tmp_path).glob("build-7/*-env.json"):
        path.write_text(path.read_text().replace(', "started_at"]', "]"))
    assert [found.measured for found in history.read(tmp_path)] == [""]


def test_a_damaged_list_of_benchmarks_is_named(tmp_path: Path) -> None:
    (tmp_path / "benchmarks.json").write_text("{")
    with pytest.raises(BadInput, match=r"benchmarks\.json: cannot be read"):
        history.read(tmp_path)


def test_no_records_no_history(tmp_path: Path) -> None:
    assert history.read(tmp_path) == []
