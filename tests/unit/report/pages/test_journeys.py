"""The figure of journeys: bars whose parts are stacked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.measure.configuration import configurations
from harness.report.pages.journeys import whereabouts
from harness.report.pages.page import Stack, State
from harness.result import Doubt, Journey, Parts, Trace
from harness.workload import Exchange, Workload

Make = Callable[..., Any]
WORKLOAD = Workload(exchange=Exchange.JOURNEY, publishers=400, rate=50, trace=True)


def journey(notified: float) -> Journey:
    parts = Parts(accepted=0.001, queued=0.002, worked=0.2, notified=notified)
    trace = Trace(
        count=300, mean=parts, p50=parts, p90=parts, p99=parts, cost=None, cost_error=None
    )
    return Journey(requests_per_message=1.0, cpu_per_message={}, latest=1.0, trace=trace)


def test_bars_rise_with_the_whole_and_hold_what_the_table_holds(make_series: Make) -> None:
    doubt = Doubt(rule="machine", reason="steal", remedy="quieten it")
    rows = configurations(
        make_series(
            {
                "submit_job_polling": {"journey": journey(0.5)},
                "submit_job_sse": {"journey": journey(0.001)},
                "submit_job_sync": {"journey": journey(0.0), "doubts": (doubt,)},
            },
            runs=2,
            workload=WORKLOAD,
        )
    )
    (figure,) = whereabouts("f", rows)
    drawing = figure.drawing
    assert isinstance(drawing, Stack)
    assert drawing.parts == ("accepted", "queued", "worked", "notified")
    names = ["submit_job_sse", "submit_job_polling", "submit_job_sync"]
    assert [bar.name for bar in drawing.bars] == names
    assert drawing.bars[2].state is State.INVALID
    assert drawing.bars[1].values == pytest.approx((0.001, 0.002, 0.2, 0.5))
    assert [row.cells[1].text for row in figure.table.rows] == ["mean", "p50", "p90"] * 3
    polling = figure.table.rows[3].cells
    assert [cell.value for cell in polling[2:]] == pytest.approx([0.001, 0.002, 0.2, 0.5, 0.703])


def test_where_nothing_was_noted_there_is_no_figure(make_series: Make) -> None:
    assert whereabouts("f", configurations(make_series({"sse": {}}, runs=1))) == ()
