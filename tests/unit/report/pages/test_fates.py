"""What became of messages where somebody was killed: made kills whose figure is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.measure.configuration import configurations
from harness.report.pages.fates import after_a_kill
from harness.report.pages.page import Dots
from harness.result import Doubt
from harness.workload import Exchange, Workload
from tests.unit.conftest import REDIS_KILLED

Make = Callable[..., Any]
COLOURS = {"redis_queue": 1}
JOBS = Workload(exchange=Exchange.WORK_QUEUE)
LATE = Doubt(rule="pacer lateness", reason="late", remedy="less")
STEAL = Doubt(rule="machine", reason="steal", remedy="quieten it")
KILL = replace(REDIS_KILLED, back=0.03, accepted=100, waiting=50, lost=40, repeated=2)


def test_what_kills_lost_and_repeated_is_drawn_though_times_are_doubted(make_series: Make) -> None:
    made = make_series({"redis_queue": {"kill": KILL}}, runs=6, workload=JOBS)
    most, late, stolen, *others = made.results
    changed = (
        replace(most, kill=replace(KILL, lost=90, back=0.5)),
        replace(late, doubts=(LATE,)),
        replace(stolen, doubts=(STEAL,), kill=replace(KILL, lost=7000)),
    )
    rows = configurations(replace(made, results=(*changed, *others)))

    (figure,) = after_a_kill("f", rows, COLOURS)

    assert isinstance(figure.drawing, Dots)
    lost, repeated = figure.drawing.rows[0].points
    assert lost is not None
    assert repeated is not None
    assert (lost.value, repeated.value) == (50, 2)
    assert lost.hover == "redis_queue: 250 lost in 5 kills\n40 to 90 in each"
    assert figure.caption.startswith("Each run killed Redis.")
    assert [cell.text for cell in figure.table.rows[0].cells] == [
        "redis_queue",
        "5",
        "250",
        "90",
        "10",
        "2",
        "500 ms",
    ]


def test_without_a_kill_there_is_no_figure(make_series: Make) -> None:
    rows = configurations(make_series({"redis_queue": {}}, workload=JOBS))
    assert after_a_kill("f", rows, COLOURS) == ()
