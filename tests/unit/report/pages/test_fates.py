"""What became of messages where somebody was killed: made kills whose figure is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.measure.configuration import configurations
from harness.queueing import Victim
from harness.report.pages.fates import after_a_kill
from harness.report.pages.page import Dots
from harness.result import Doubt, Kill
from harness.workload import Exchange, Workload

Make = Callable[..., Any]
COLOURS = {"redis_queue": 1}
JOBS = Workload(exchange=Exchange.WORK_QUEUE)
DOUBT = Doubt(rule="pacer lateness", reason="late", remedy="less")
KILL = Kill(
    victim=Victim.REDIS,
    at=1.0,
    back=0.03,
    held=0,
    accepted=100,
    waiting=50,
    lost=40,
    repeated=2,
    latest=None,
)


def test_what_kills_lost_and_repeated_is_drawn_though_times_are_doubted(make_series: Make) -> None:
    made = make_series({"redis_queue": {"kill": KILL, "doubts": (DOUBT,)}}, runs=5, workload=JOBS)
    slow = replace(made.results[0], kill=replace(KILL, lost=90, back=0.5))
    rows = configurations(replace(made, results=(slow, *made.results[1:])))

    (figure,) = after_a_kill("f", rows, COLOURS)

    assert isinstance(figure.drawing, Dots)
    lost, repeated = figure.drawing.rows[0].points
    assert lost is not None
    assert repeated is not None
    assert (lost.value, lost.low, lost.high, repeated.value) == (40, 40, 90, 2)
    assert figure.caption.startswith("Redis was killed in each run.")
    assert "93.75 % over 5 runs" in figure.caption
    data = {c.name: figure.table.rows[0].cells[i].text for i, c in enumerate(figure.table.columns)}
    assert (data["lost"], data["lost to"], data["kills"]) == ("40.0", "90.0", "5")
    assert data["back after, at most"] == "500 ms"


def test_without_a_kill_there_is_no_figure(make_series: Make) -> None:
    rows = configurations(make_series({"redis_queue": {}}, workload=JOBS))
    assert after_a_kill("f", rows, COLOURS) == ()
