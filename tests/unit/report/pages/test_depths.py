"""Messages in Redis over a run: made looks whose figure is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.measure.configuration import configurations
from harness.report.pages.depths import depths
from harness.report.pages.page import Curves
from harness.result import QueueDepth
from harness.workload import Exchange, Workload

Make = Callable[..., Any]
COLOURS = {"redis_queue": 1, "redis_stream": 2}
JOBS = Workload(exchange=Exchange.WORK_QUEUE)
GROWING = QueueDepth(
    at=(0.0, 0.1, 0.2), waiting=(0, 400, 900), writing=(False, True, False), left=0
)
EMPTY = QueueDepth(at=(0.0, 0.1), waiting=(0, 1), writing=(False, False), left=0)


def rows(make_series: Make, **depth: QueueDepth | None) -> Any:
    asked = {name: {"depth": one} for name, one in depth.items()}
    return configurations(make_series(asked, runs=1, workload=JOBS))


def test_a_queue_that_grew_is_a_line_and_a_disk_that_was_written_to_a_mark(
    make_series: Make,
) -> None:
    (figure,) = depths("f", rows(make_series, redis_queue=GROWING, redis_stream=EMPTY), COLOURS)

    drawing = figure.drawing
    assert isinstance(drawing, Curves)
    queue, writing, stream = drawing.lines
    assert (queue.name, queue.x, queue.y) == ("redis_queue", (0.0, 0.1, 0.2), (0, 400, 900))
    assert (writing.beside, writing.marked, writing.y) == ("redis_queue", True, (None, 400, None))
    assert stream.y == (0, 1)
    assert "Symbols: Redis was writing a snapshot, or its log anew." in figure.caption
    assert [cell.text for cell in figure.table.rows[1].cells] == [
        "redis_queue",
        "0.100 s",
        "400",
        "yes",
    ]


@pytest.mark.parametrize("depth", [None, EMPTY])
def test_queues_that_stay_empty_have_no_figure(make_series: Make, depth: QueueDepth | None) -> None:
    assert depths("f", rows(make_series, redis_queue=depth), COLOURS) == ()


def test_a_disk_that_is_written_to_is_shown_though_nothing_waits(make_series: Make) -> None:
    wrote = replace(EMPTY, writing=(True, False))
    (figure,) = depths("f", rows(make_series, redis_queue=wrote), COLOURS)
    assert len(figure.table.rows) == 2


def test_what_was_looked_at_in_the_warm_up_is_left_out(make_series: Make) -> None:
    early = replace(GROWING, at=(-0.2, -0.1, 0.0))
    (figure,) = depths("f", rows(make_series, redis_queue=early), COLOURS)
    assert isinstance(figure.drawing, Curves)
    assert [(line.x, line.y) for line in figure.drawing.lines] == [((0.0,), (900,))]
    assert "Symbols" not in figure.caption


def test_of_several_runs_the_deepest_is_drawn(make_series: Make) -> None:
    made = make_series({"redis_queue": {}}, runs=3, workload=JOBS)
    found = zip(made.results, (EMPTY, GROWING, EMPTY), strict=True)
    series = replace(made, results=tuple(replace(run, depth=one) for run, one in found))

    (figure,) = depths("f", configurations(series), COLOURS)

    assert "of the run in which most waited" in figure.caption
    assert isinstance(figure.drawing, Curves)
    assert max(figure.drawing.lines[0].y) == 900  # type: ignore[type-var]
