"""Figures of lines over what a question turns: made series whose figures are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from harness.measure.configuration import Configuration, configurations
from harness.report.pages import sweeps
from harness.report.pages.page import Curves, Figure, State
from harness.result import Doubt, Gateways
from harness.workload import Workload

Make = Callable[..., Any]
COLOURS = {"rest_polling": 1, "websocket_scaled": 2}
DOUBT = Doubt(rule="machine", reason="steal", remedy="quieten it")


def drawn(figure: Figure) -> Curves:
    assert isinstance(figure.drawing, Curves)
    return figure.drawing


def over_gateways(make_series: Make, **asked: Any) -> Sequence[Configuration]:
    """Make rows of 1, 2 and 3 gateways, each one slower and dearer than the one before."""
    series = [
        make_series(
            {
                "websocket_scaled": {
                    "p50": 1e-3 * count,
                    "cpu": 1e-5 * count,
                    "achieved_rate": 9000.0 / count,
                    "gateways": Gateways(subscribers=(1,), deliveries=(1,), cores={}),
                }
            },
            noise=0.0,
            workload=replace(Workload(gateways=count), **asked),
        )
        for count in (1, 2, 3)
    ]
    results = tuple(run for one in series for run in one.results)
    return configurations(replace(series[0], results=results))


def test_polling_is_a_curve_over_intervals(make_series: Make) -> None:
    results = [
        replace(run, service=replace(run.service, mean=interval / 2 + 1e-4))
        for interval in (0.005, 0.02, 0.08)
        for run in make_series(
            {"rest_polling": {"analytic_mean": interval / 2, "cpu": 1e-6 / interval}},
            noise=0.0,
            workload=Workload(poll_interval=interval),
        ).results
    ]
    rows = configurations(replace(make_series({"sse": {}}), results=tuple(results)))

    latency, cost = sweeps.polling("f", rows, COLOURS)

    half, line = drawn(latency).lines
    assert (half.name, half.y) == ("half of the interval", (0.0025, 0.01, 0.04))
    assert line.x == (0.005, 0.02, 0.08)
    assert line.y == pytest.approx((0.0026, 0.0101, 0.0401))
    assert drawn(cost).lines[0].y == pytest.approx((2e-4, 5e-5, 1.25e-5))
    assert [row.cells[1].text for row in latency.table.rows] == ["5 ms", "20 ms", "80 ms"]


def test_an_invalid_interval_is_a_line_of_its_own(make_series: Make) -> None:
    results = [
        run
        for interval in (0.005, 0.02)
        for run in make_series(
            {
                "rest_polling": {
                    "analytic_mean": interval / 2,
                    "doubts": (DOUBT,) if interval == 0.005 else (),
                }
            },
            workload=Workload(poll_interval=interval),
        ).results
    ]
    rows = configurations(replace(make_series({"sse": {}}), results=tuple(results)))

    latency, _ = sweeps.polling("f", rows, COLOURS)

    told = [(line.state, line.x) for line in drawn(latency).lines[1:]]
    assert told == [(State.VALID, (0.02,)), (State.INVALID, (0.005,))]


def test_more_gateways_are_a_curve_of_median_and_tail(make_series: Make) -> None:
    latency, cost = sweeps.gateways("f", over_gateways(make_series), COLOURS)

    middle, tail = drawn(latency).lines
    assert (middle.name, tail.name) == ("websocket_scaled p50", "websocket_scaled p99")
    assert middle.x == (1, 2, 3)
    assert middle.y == pytest.approx((1e-3, 2e-3, 3e-3))
    assert latency.title == "P50 and p99 over gateways"
    assert drawn(cost).lines[0].y == pytest.approx((1e-5, 2e-5, 3e-5))
    assert [row.cells[1].text for row in latency.table.rows] == ["1", "2", "3"]


def test_a_saturated_number_of_gateways_is_a_line_of_its_own(make_series: Make) -> None:
    rows = over_gateways(make_series)
    late = tuple(replace(run, saturated=True) for run in rows[2].runs)
    rows = [*rows[:2], replace(rows[2], runs=late, used=late)]

    latency, _ = sweeps.gateways("f", rows, COLOURS)

    told = {(line.state, line.x) for line in drawn(latency).lines}
    assert told == {(State.VALID, (1, 2)), (State.SATURATED, (3,))}


def test_a_closed_loop_over_gateways_is_a_curve_of_throughput(make_series: Make) -> None:
    rows = over_gateways(make_series, rate=None, concurrency=8)

    throughput, _ = sweeps.gateways("f", rows, COLOURS)

    (line,) = drawn(throughput).lines
    assert (line.name, line.y) == ("websocket_scaled", (9000.0, 4500.0, 3000.0))
    assert throughput.title == "Throughput at saturation over gateways"
