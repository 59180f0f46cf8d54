"""Latency over time within a run: made timelines whose figure is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.measure.configuration import configurations
from harness.report.pages.over_time import over_time
from harness.report.pages.page import Curves, Figure, State
from harness.result import Doubt, Series, Timeline

Make = Callable[..., Any]
COLOURS = {"floor": 0, "sse": 1}
DOUBT = Doubt(rule="machine", reason="steal", remedy="quieten it")


def course(*maxima: float | None, p50: float = 1e-3, due: int = 10, lost: int = 0) -> Timeline:
    """Build a timeline of as many slices as there are maxima; None: a message was lost."""
    return Timeline(
        slice=0.1,
        count=(due,) * len(maxima),
        lost=tuple(lost if value is None else 0 for value in maxima),
        p50=(p50 if due else None,) * len(maxima),
        p99=maxima,
        maximum=maxima,
    )


@pytest.fixture
def with_courses(make_series: Make) -> Callable[..., Series]:
    def build(*courses: Timeline | None, **fields: Any) -> Series:
        made = make_series({"sse": fields}, runs=len(courses))
        results = (
            replace(run, timeline=one) for run, one in zip(made.results, courses, strict=True)
        )
        return replace(made, results=tuple(results))

    return build


def drawn(figure: Figure) -> Curves:
    assert isinstance(figure.drawing, Curves)
    return figure.drawing


def test_a_spike_of_one_run_is_seen_and_the_median_is_not_moved(with_courses: Make) -> None:
    series = with_courses(
        course(0.002, 0.5, 0.002, p50=1e-3),
        course(0.003, 0.003, 0.003, p50=2e-3),
        course(0.001, 0.001, 0.004, p50=9e-3),
    )

    (figure,) = over_time("f", configurations(series), COLOURS)

    highest, middle = drawn(figure).lines
    assert (highest.name, highest.beside, highest.colour) == ("sse max", "sse", 1)
    assert highest.y == (0.003, 0.5, 0.004)
    assert (middle.name, middle.beside) == ("sse", "")
    assert middle.y == (2e-3,) * 3
    assert middle.x == pytest.approx((0.05, 0.15, 0.25))
    assert "Thin: the largest in any run." in figure.caption
    assert "in 3 slices of 100 ms" in figure.caption


def test_what_was_lost_is_infinite_in_the_table_and_a_gap_in_the_line(with_courses: Make) -> None:
    series = with_courses(course(0.002, None, lost=4), course(0.002, 0.002))

    (figure,) = over_time("f", configurations(series), COLOURS)

    assert drawn(figure).lines[0].y == (0.002, None)
    head = [f"{column.name} [{column.unit}]" for column in figure.table.columns]
    assert head == ["from [s]", "sse p50 [s]", "sse p99 [s]", "sse max [s]", "sse lost []"]
    first, second = figure.table.rows
    assert [cell.text for cell in first.cells] == ["0 s", "1.00 ms", "2.00 ms", "2.00 ms", "0"]
    assert [cell.value for cell in second.cells][3:] == ["inf", 4]


def test_a_slice_in_which_nothing_was_due_is_a_gap(with_courses: Make) -> None:
    nothing = course(None, None, due=0)
    (figure,) = over_time("f", configurations(with_courses(nothing)), COLOURS)
    assert [line.y for line in drawn(figure).lines] == [(None, None)] * 2
    assert [cell.text for cell in figure.table.rows[0].cells][1:] == ["–"] * 4
    assert "Thick: p50. Thin: the largest." in figure.caption


def test_a_run_in_which_nothing_was_due_leaves_the_others(with_courses: Make) -> None:
    series = with_courses(course(None, due=0), course(0.002), course(0.004))
    (figure,) = over_time("f", configurations(series), COLOURS)
    assert drawn(figure).lines[0].y == (0.004,)


def test_files_without_timelines_have_no_figure(with_courses: Make) -> None:
    assert over_time("f", configurations(with_courses(None, None)), COLOURS) == ()
    assert over_time("f", configurations(with_courses(course(0.1), None)), COLOURS) == ()


def test_an_invalid_row_is_drawn_as_one(with_courses: Make) -> None:
    series = with_courses(course(0.002), course(0.002), doubts=(DOUBT,))
    (figure,) = over_time("f", configurations(series), COLOURS)
    assert {line.state for line in drawn(figure).lines} == {State.INVALID}
