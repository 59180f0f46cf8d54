"""Rows as figures show them: state, reason, median and interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.measure.configuration import P50, P99_9, Configuration, configurations
from harness.report import units
from harness.report.pages import marks
from harness.report.pages.page import State
from harness.result import Doubt

Make = Callable[..., Any]
DOUBT = Doubt(rule="machine", reason="the hypervisor took 3 %", remedy="quieten it")
MEASURE = marks.of_metric(P50, units.seconds)


def row(make_series: Make, runs: int = 8, **changes: Any) -> Configuration:
    (found,) = configurations(make_series({"sse": changes}, runs=runs, noise=0.0))
    return found


def test_a_point_is_the_median_with_its_interval(make_series: Make) -> None:
    series = make_series({"sse": {}}, runs=7, noise=0.0)
    results = (
        replace(run, delivery=replace(run.delivery, p50=(1 + run.block_index) * 1e-4))
        for run in series.results
    )
    (found,) = configurations(replace(series, results=tuple(results)))

    point = marks.point(found, MEASURE)

    assert point is not None
    assert (point.low, point.value, point.high) == pytest.approx((1e-4, 4e-4, 7e-4))
    assert point.level == pytest.approx(0.984375)
    assert point.hover == "sse: p50 400 µs\n100 µs to 700 µs (98.4 %, 7 runs)"
    assert [cell.text for cell in marks.cells(found, MEASURE)] == ["400 µs", "100 µs", "700 µs"]


@pytest.mark.parametrize(("runs", "told"), [(1, "1 run"), (4, "4 runs: no interval")])
def test_few_runs_have_no_interval(runs: int, told: str, make_series: Make) -> None:
    point = marks.point(row(make_series, runs), MEASURE)

    assert point is not None
    assert (point.low, point.high, point.level) == (None, None, 0.0)
    assert point.hover == f"sse: p50 400 µs\n{told}"
    assert [cell.text for cell in marks.cells(row(make_series, runs), MEASURE)][1:] == ["–", "–"]


def test_an_infinite_latency_is_none_and_inf(make_series: Make) -> None:
    point = marks.point(row(make_series, p50=None), MEASURE)

    assert point is not None
    assert point.value is None
    assert "∞" in point.hover
    cell = marks.cells(row(make_series, p50=None), MEASURE)[0]
    assert (cell.text, cell.value) == ("∞", "inf")


def test_what_has_too_few_messages_is_not_shown(make_series: Make) -> None:
    measure = marks.of_metric(P99_9, units.seconds)

    assert marks.point(row(make_series), measure) is None
    assert [cell.value for cell in marks.cells(row(make_series), measure)] == [None] * 3


@pytest.mark.parametrize(
    ("changes", "state", "note"),
    [
        ({}, State.VALID, ""),
        (
            {"doubts": (DOUBT,)},
            State.INVALID,
            "invalid in 8 of 8 runs, machine: the hypervisor took 3 %",
        ),
        (
            {"saturated": True},
            State.SATURATED,
            "saturated: its latency depends on the window and takes part in no ranking",
        ),
    ],
)
def test_a_row_says_what_it_is(
    changes: dict[str, Any], state: State, note: str, make_series: Make
) -> None:
    found = row(make_series, **changes)

    assert (marks.state(found), marks.note(found)) == (state, note)
    point = marks.point(found, MEASURE)
    assert point is not None
    assert " ".join(point.hover.split()).endswith(note)


def test_a_single_run_that_is_invalid(make_series: Make) -> None:
    assert marks.note(row(make_series, 1, doubts=(DOUBT,))) == (
        "invalid, machine: the hypervisor took 3 %"
    )


def test_the_floor_is_one(make_series: Make) -> None:
    (floor,) = configurations(make_series({"floor": {}}))
    assert marks.state(floor) is State.FLOOR


def test_a_row_without_its_invalid_runs_says_so(make_series: Make) -> None:
    series = make_series({"sse": {}}, runs=8)
    results = [replace(run, audit=replace(run.audit, lost=2)) for run in series.results]
    results[0] = replace(results[0], doubts=(DOUBT,))
    (found,) = configurations(replace(series, results=tuple(results)))

    assert marks.note(found) == "1 of 8 runs invalid, left out; lost 14 deliveries"


def test_intervals_name_their_exact_level(make_series: Make) -> None:
    assert marks.intervals([row(make_series, 7)]) == ("Interval of the median: 98.4 % over 7 runs.")
    assert marks.intervals([row(make_series, 5), row(make_series, 3)]).endswith(
        ": 93.75 % over 5 runs; none under 5 runs."
    )
    assert marks.intervals([row(make_series, 2)]) == "No interval: fewer than 5 runs."
