"""Curves of whole distributions: known answers, losses counted, runs never merged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.histogram import Histogram
from harness.measure.configuration import Configuration, configurations
from harness.measure.latency import distribution as latency_of
from harness.report.pages import distribution
from harness.report.pages.distribution import Run

Make = Callable[..., Any]


def run_of(values_ns: list[int], lost: int = 0) -> Run:
    return Run(histogram=Histogram.of(np.array(values_ns)), lost=lost)


def row_of(make_series: Make, by_run: list[list[int]], lost: int = 0) -> Configuration:
    """Give a row whose runs hold these latencies (ns), each of a message of its own."""
    series = make_series({"sse": {}}, runs=len(by_run))
    results = (
        replace(
            run,
            delivery=latency_of(np.array(values), len(values) + lost, len(values) + lost),
        )
        for run, values in zip(series.results, by_run, strict=True)
    )
    (row,) = configurations(replace(series, results=tuple(results)))
    return row


def test_quantiles_are_order_statistics() -> None:
    run = run_of(list(range(1, 101)))
    assert run.quantiles([0.01, 0.5, 0.994, 1.0]) == [1e-9, 50e-9, 100e-9, 100e-9]


def test_what_was_lost_is_infinite() -> None:
    run = run_of(list(range(1, 101)), lost=100)
    assert run.quantiles([0.25, 0.5, 0.505, 0.99]) == [50e-9, 100e-9, None, None]


def test_shares_count_what_was_lost() -> None:
    run = run_of([10, 20, 30, 40], lost=4)
    assert run.shares(np.array([9, 10, 35, 1000])) == [0.0, 0.125, 0.375, 0.5]


def test_one_bad_run_of_three_is_not_in_the_median() -> None:
    quick, slow = run_of([100] * 1000), run_of([2000] * 1000)
    curves = [run.quantiles([0.5, 0.99]) for run in (quick, slow, quick)]
    found = distribution.median_over_runs(curves)
    assert [one.median for one in found] == [100e-9, 100e-9]
    assert not distribution.has_band(found)


def test_a_band_needs_five_runs_and_has_their_level() -> None:
    curves = [run_of([n * 100]).quantiles([0.5]) for n in range(1, 6)]
    (one,) = distribution.median_over_runs(curves)
    assert (one.low, one.median, one.high, one.level) == (100e-9, 300e-9, 500e-9, 0.9375)
    assert distribution.has_band([one])


def test_a_curve_ends_where_twenty_messages_lie_beyond(make_series: Make) -> None:
    row = row_of(make_series, [list(range(1, 1001))] * 2)
    grid = distribution.quantile_grid(row)
    assert grid[-1] <= 0.98 < grid[-1] + 0.015
    assert {0.5, 0.9} <= set(grid)
    assert grid == sorted(grid)


@pytest.mark.parametrize(("q", "place"), [(0.5, 0.30103), (0.9, 1.0), (0.999, 3.0)])
def test_each_nine_has_the_same_width(q: float, place: float) -> None:
    assert distribution.nines(q) == pytest.approx(place, abs=1e-5)


def test_the_grid_of_latencies_spans_all_rows(make_series: Make) -> None:
    rows = [row_of(make_series, [list(range(first, first + 1000))]) for first in (100, 50_000)]
    grid = distribution.latency_grid_ns([(row, distribution.runs(row)) for row in rows])
    assert 100 <= grid[0] <= 110
    assert 50_900 <= grid[-1] <= 51_000
    assert list(grid) == sorted(set(grid))


def test_no_histogram_no_curve(make_series: Make) -> None:
    (row,) = configurations(make_series({"sse": {}}))
    assert distribution.runs(row) == ()
    assert len(distribution.latency_grid_ns([(row, ())])) == 0


def test_an_empty_histogram_is_none(make_series: Make) -> None:
    assert distribution.runs(row_of(make_series, [[]], lost=50)) == ()


def test_what_is_no_histogram_is_an_error(make_result: Make) -> None:
    broken = replace(make_result().delivery, histogram="bm9uc2Vuc2U=")
    with pytest.raises(distribution.BrokenHistogram, match="no HdrHistogram"):
        distribution.read(broken)
