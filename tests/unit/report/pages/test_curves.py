"""Figures of lines: distributions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.measure.configuration import configurations
from harness.report.pages import curves
from harness.report.pages.page import Curves, Figure, State
from tests.pages.made import whole

Make = Callable[..., Any]
COLOURS = {"floor": 0, "sse": 1}


def drawn(figure: Figure) -> Curves:
    assert isinstance(figure.drawing, Curves)
    return figure.drawing


def test_a_distribution_is_drawn_twice() -> None:
    rows = configurations(whole({"floor": {"p50": 1e-4}, "sse": {"p50": 4e-4}}, noise=0.0))

    by_percentile, by_latency = curves.distributions("f", rows, COLOURS)

    floor, sse = drawn(by_percentile).lines
    assert (floor.name, floor.state, sse.name) == ("floor", State.FLOOR, "sse")
    middle = min(range(len(sse.x)), key=lambda place: abs(sse.x[place] - 0.30103))
    assert sse.y[middle] == pytest.approx(4e-4, rel=0.03)
    low, high = sse.low[middle], sse.high[middle]
    assert low is not None
    assert high is not None
    assert low < 4e-4 < high
    assert max(sse.x) < 2.45  # 5,000 messages: p99.6 has its twenty beyond
    floor, sse = drawn(by_latency).lines
    assert list(floor.x) == list(sse.x)
    assert [value for value in sse.y if value is not None] == sorted(sse.y)  # type: ignore[type-var]
    at_middle = min(range(len(sse.x)), key=lambda place: abs(sse.x[place] - 4e-4))
    assert sse.y[at_middle] == pytest.approx(0.5, abs=0.1)


def test_the_table_of_a_curve_has_its_points() -> None:
    rows = configurations(whole({"sse": {"p50": 4e-4}}))

    by_percentile, _ = curves.distributions("f", rows, COLOURS)

    table = by_percentile.table
    assert [column.name for column in table.columns] == ["percentile", "sse", "sse from", "sse to"]
    by_place = {row.cells[0].text: row.cells[1].value for row in table.rows}
    assert {"50", "90", "99"} <= set(by_place)
    line = drawn(by_percentile).lines[0]
    assert list(by_place.values()) == list(line.y)


def test_few_runs_have_no_band() -> None:
    rows = configurations(whole({"sse": {}}, runs=2))

    by_percentile, _ = curves.distributions("f", rows, COLOURS)

    line = drawn(by_percentile).lines[0]
    assert set(line.low) == {None}
    assert "No interval: fewer than 5 runs." in by_percentile.caption


def test_results_without_histograms_have_no_curve(make_series: Make) -> None:
    assert curves.distributions("f", configurations(make_series({"sse": {}})), COLOURS) == ()
