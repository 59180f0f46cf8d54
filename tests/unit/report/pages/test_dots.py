"""Figures of dots: which rows, in which order, with which numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.measure.compare import MemoryPerConnection
from harness.measure.configuration import configurations
from harness.report.pages import dots, memory
from harness.report.pages.page import Dots, Figure, State
from harness.result import Doubt
from harness.workload import Workload

Make = Callable[..., Any]
Nature = Mapping[str, Any]
DOUBT = Doubt(rule="machine", reason="steal", remedy="quieten it")
COLOURS = {
    name: number
    for number, name in enumerate(["floor", "sse", "websocket", "long_polling", "rest_polling"])
}


def drawn(figure: Figure) -> Dots:
    assert isinstance(figure.drawing, Dots)
    return figure.drawing


def columns(figure: Figure) -> dict[str, list[Any]]:
    """Give the values of a table by heading."""
    return {
        column.name: [row.cells[place].value for row in figure.table.rows]
        for place, column in enumerate(figure.table.columns)
    }


def test_latency_ranks_below_the_floor(make_series: Make, nature: Nature) -> None:
    rows = configurations(
        make_series({**nature, "sse": {"p50": 1e-5, "doubts": (DOUBT,)}}, noise=0.0)
    )

    figure = dots.latency("f", rows, rows, COLOURS)

    assert "The dashed line is the floor's p50." in figure.caption
    without = dots.latency("f", [row for row in rows if not row.is_floor], rows, COLOURS)
    assert "floor" not in without.caption
    drawing = drawn(figure)
    assert drawing.series == ("p50", "p99")
    assert drawing.axis.log
    names = [row.name for row in drawing.rows]
    assert names == ["floor", "websocket", "long_polling", "rest_polling", "sse"]
    assert [row.state for row in drawing.rows][::4] == [State.FLOOR, State.INVALID]
    point = drawing.rows[1].points[1]
    assert point is not None
    assert point.value == pytest.approx(1.8e-3)
    table = columns(figure)
    assert table["pattern"] == names
    assert table["p50"] == pytest.approx([110e-6, 395e-6, 700e-6, 10.4e-3, 1e-5])
    assert table["× floor"][1] == pytest.approx(395 / 110)
    assert table["× floor"][4] is None
    assert table["remark"][4].startswith("invalid in 8 of 8 runs")


def test_a_fan_out_adds_the_last_subscriber_to_the_table(make_series: Make, chat: Workload) -> None:
    rows = configurations(make_series({"sse": {}}, workload=chat, noise=0.0))

    figure = dots.latency("f", rows, rows, COLOURS)

    assert columns(figure)["to last p50"] == pytest.approx([520e-6])
    assert drawn(figure).series == ("p50", "p90")


def test_memory_is_of_runs_that_hold_connections_enough(make_series: Make) -> None:
    # 2 MiB more than before, in each of 8 runs.
    held = Workload(subscribers=128)
    rows = configurations(make_series({"sse": {}, "floor": {}}, workload=held))

    (figure,) = memory.held("f", rows, COLOURS)

    assert columns(figure)["memory per connection"] == [16384.0, 16384.0]
    assert columns(figure)["memory per connection from"] == [16384.0, 16384.0]
    assert "over 128 connections" in figure.caption
    assert "99.2 % over 8 runs" in figure.caption
    point = drawn(figure).rows[1].points[0]
    assert point is not None
    assert point.hover.startswith("sse: memory per connection 16 KiB\n16 KiB to 16 KiB")
    few = configurations(make_series({"sse": {}}, workload=Workload(subscribers=99)))
    assert memory.held("f", few, COLOURS) == ()


def test_cpu_is_per_delivery(make_series: Make, chat: Workload) -> None:
    rows = configurations(make_series({"sse": {"cpu": 64e-6}}, workload=chat, noise=0.0))

    figure = dots.cpu("f", rows, COLOURS)

    assert columns(figure)["server CPU per delivery"] == pytest.approx([1e-6])
    assert not drawn(figure).axis.log


def test_bytes_go_both_ways(make_series: Make) -> None:
    rows = configurations(make_series({"sse": {}}, noise=0.0))

    (figure,) = dots.wire_bytes("f", rows, COLOURS)
    table = columns(figure)

    assert (table["towards the receivers"], table["back"]) == ([262.0], [3.5])
    uncounted = replace(rows[0].used[0], wire=replace(rows[0].used[0].wire, connections=0))
    assert dots.wire_bytes("f", [replace(rows[0], used=(uncounted,))], COLOURS) == ()


def test_throughput_ranks_the_fastest_first(make_series: Make) -> None:
    closed = Workload(rate=None, concurrency=8)
    rows = {"floor": {}, "sse": {"achieved_rate": 1e4}, "websocket": {"achieved_rate": 2e4}}

    figure = dots.throughput("f", configurations(make_series(rows, workload=closed)), COLOURS)

    assert [row.name for row in drawn(figure).rows] == ["floor", "websocket", "sse"]
    assert columns(figure)["throughput"] == [20_000.0, 20_000.0, 10_000.0]


def test_implementations_are_those_of_patterns_with_several(make_series: Make) -> None:
    rows = configurations(make_series({"floor": {}, "sse": {}, "sse@aiohttp": {}, "websocket": {}}))

    figure = dots.implementations("f", rows, COLOURS)

    assert figure is not None
    assert [row.name for row in drawn(figure).rows] == ["sse", "sse@aiohttp"]


def test_one_implementation_each_is_no_figure(make_series: Make, nature: Nature) -> None:
    assert dots.implementations("f", configurations(make_series(nature)), COLOURS) is None


def test_memory_is_a_slope_in_two_parts() -> None:
    slopes = {
        "websocket": MemoryPerConnection(process=20 * 1024.0, kernel=8 * 1024.0),
        "sse": MemoryPerConnection(process=12 * 1024.0, kernel=8 * 1024.0),
    }

    figure = memory.by_slope("f", slopes, COLOURS)

    assert figure.title == "Memory per connection"
    assert memory.by_slope("f", slopes, COLOURS, "user").title == "Memory per user"
    assert [row.name for row in drawn(figure).rows] == ["sse", "websocket"]
    assert columns(figure)["server process"] == [12288.0, 20480.0]
    assert figure.table.rows[0].cells[1].text == "12 KiB"


def test_memory_of_a_server_that_cannot_be_seen_is_no_dot() -> None:
    slopes = {
        "long_polling": MemoryPerConnection(process=None, kernel=8 * 1024.0),
        "sse": MemoryPerConnection(process=12 * 1024.0, kernel=8 * 1024.0),
    }

    figure = memory.by_slope("f", slopes, COLOURS)

    seen, unseen = drawn(figure).rows
    assert (seen.name, unseen.name) == ("sse", "long_polling")
    assert [point is None for point in unseen.points] == [True, False]
    assert columns(figure)["server process"] == [12288.0, None]
    assert figure.table.rows[1].cells[1].text == "–"
