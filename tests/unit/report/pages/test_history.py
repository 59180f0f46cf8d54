"""Steps in what asv recorded: found where they are, and called worse where they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.report.pages import history
from harness.report.pages.history import History
from harness.report.pages.page import Curves

COMMITS = tuple(f"{number:02x}" * 20 for number in range(1, 13))
NOISE = (1.00, 1.01, 0.99, 1.00, 1.02, 0.98, 1.01, 1.00, 0.99, 1.00, 1.01, 0.99)


def made(values: list[float | None], benchmark: str = "delivery.Delivery.track_p50") -> History:
    return History(
        benchmark=benchmark,
        combination="ticker, sse",
        machine="Example CPU, 2 cores",
        environment=1,
        unit="seconds",
        commits=COMMITS[: len(values)],
        values=tuple(values),
    )


def stepped(low: float, high: float) -> list[float | None]:
    """Give twelve values, the last six of them at another level."""
    return [n * (low if place < 6 else high) for place, n in enumerate(NOISE)]


def test_a_step_is_found_between_its_commits() -> None:
    (change,) = history.changes([made(stepped(4e-4, 6e-4))])

    assert change.worse
    assert change.share == pytest.approx(0.5, abs=0.03)
    assert history.commits(change) == ("06060606", "07070707")


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


def test_a_missing_figure_is_a_gap() -> None:
    values = stepped(4e-4, 6e-4)
    values[2] = None

    drawn = history.figure("h1", made(values))

    assert isinstance(drawn.drawing, Curves)
    level, measured = drawn.drawing.lines
    assert measured.y[2] is None
    assert level.y[0] == pytest.approx(4e-4, rel=0.03)
    assert level.y[-1] == pytest.approx(6e-4, rel=0.03)
    assert drawn.drawing.x.ticks[:2] == ("01010101", "02020202")
    assert drawn.table.rows[2].cells[1].text == "–"


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """Write results of twelve commits as asv 0.6.6 does (result API 2)."""
    name = "delivery.Delivery.track_p50"
    about = {
        "name": name,
        "unit": "seconds",
        "version": "2",
        "params": [["'ticker'"], ["'sse'", "'websocket'"]],
    }
    (tmp_path / "benchmarks.json").write_text(json.dumps({name: about, "version": 2}))
    folder = tmp_path / "build-7"
    folder.mkdir()
    machine = {"machine": "build-7", "cpu": "Example CPU", "num_cpu": "2", "version": 1}
    (folder / "machine.json").write_text(json.dumps(machine))
    for place, (commit, value) in enumerate(zip(COMMITS, stepped(4e-4, 6e-4), strict=True)):
        result: dict[str, Any] = {
            "commit_hash": commit,
            "env_name": "existing-py_home_jo_.venv_bin_python",
            "date": 1_700_000_000_000 + place,
            "params": {key: machine[key] for key in ("machine", "cpu", "num_cpu")},
            "python": "",
            "requirements": {},
            "env_vars": {},
            "result_columns": ["result", "params", "version"],
            "results": {
                name: [[value, None], about["params"], "1" if place == 0 else "2"],
                "gone.track": [[1.0], [], "1"],
            },
            "durations": {},
            "version": 2,
        }
        (folder / f"{commit[:8]}-env.json").write_text(json.dumps(result))
    return tmp_path


def test_what_asv_recorded_is_read(records: Path) -> None:
    (found,) = history.read(records)

    assert (found.combination, found.unit) == ("ticker, sse", "seconds")
    assert found.machine == "Example CPU, 2 cores"
    assert found.commits == COMMITS[1:]  # the first is of an older version of the benchmark
    assert found.values[0] == pytest.approx(4.04e-4)


def test_the_page_says_what_was_found_without_private_names(records: Path) -> None:
    past = history.past(records)

    assert past.told == (
        "Histories: 1, of up to 11 commits. Steps: 1 for the worse, 0 for the better, "
        "of 5 % or more."
    )
    assert len(past.figures) == 1
    cells = [cell.text for cell in past.changes.rows[0].cells]
    assert cells[:4] == ["delivery.Delivery.track_p50", "ticker, sse", "400 µs", "600 µs"]
    assert cells[4].startswith("worse, +")
    assert "build-7" not in repr(past)
    assert "home" not in repr(past)


def test_no_records_no_history(tmp_path: Path) -> None:
    assert history.read(tmp_path) == []
    assert (
        history.past(tmp_path).told
        == "A step needs results of two commits; there are results of 0."
    )
