"""From saved series to sections: what stands beside what, and what never does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.errors import BadInput
from harness.measure.compare import MemoryPerConnection
from harness.report.pages.page import Dots, Figure, Section
from harness.report.pages.parts import Source
from harness.report.pages.sections import sections
from harness.result import NetworkUse, Series
from harness.workload import ClientKind, Exchange, Workload
from tests.pages.made import whole

Make = Callable[..., Any]
Nature = Mapping[str, Any]
CLOSED = Workload(rate=None, concurrency=64)


def made(*all_series: Series, **memory: MemoryPerConnection) -> tuple[Section, ...]:
    sources = [Source(name="x.json", series=series) for series in all_series]
    if memory:
        sources[-1] = replace(sources[-1], memory=memory)
    return sections(sources, lambda text: text)


def without_secret(text: str) -> str:
    return text.replace("secret", "…")


def patterns(figure: Figure) -> set[str]:
    drawing = figure.drawing
    if isinstance(drawing, Dots):
        return {row.name for row in drawing.rows}
    return {line.beside or line.name for line in drawing.lines}


def curve(make_series: Make, *intervals: float, command: str = "abec run sse") -> Series:
    results = [
        run
        for interval in intervals
        for run in make_series(
            {"rest_polling": {"analytic_mean": interval / 2}},
            workload=Workload(poll_interval=interval),
        ).results
    ]
    return replace(make_series({"sse": {}}), results=tuple(results), command=command)


def test_no_figure_holds_edge_and_broker(nature: Nature) -> None:
    (section,) = made(whole({**nature, "floor@no-loop": {}, "redis_pubsub": {}}))

    assert [panel.title for panel in section.panels] == ["Edge delivery", "Broker delivery"]
    broker = {"floor@no-loop", "redis_pubsub"}
    for panel, own in zip(section.panels, (set(nature), broker), strict=True):
        assert len(panel.figures) == 6
        assert all(patterns(figure) == own for figure in panel.figures)
    assert [line.partition(".")[0] for line in section.answers] == [
        "Edge delivery",
        "Broker delivery",
    ]


def test_stacks_are_panels_and_implementations_a_figure(make_series: Make) -> None:
    names = ("floor", "sse", "websocket", "sse@aiohttp", "websocket@aiohttp", "sse@sse-starlette")
    (section,) = made(make_series({name: {} for name in names}))

    told = {panel.stack: patterns(panel.figures[0]) for panel in section.panels}
    assert told == {
        "default stack": {"floor", "sse", "websocket"},
        "@aiohttp": {"floor", "sse@aiohttp", "websocket@aiohttp"},
        "other stacks": {"floor", "sse@sse-starlette"},
        "": {"sse", "sse@aiohttp", "sse@sse-starlette", "websocket", "websocket@aiohttp"},
    }


def test_open_and_closed_loop_are_sections_of_one_scenario(make_series: Make) -> None:
    rows = {"floor": {}, "sse": {}, "websocket": {}}

    opened, closed = made(make_series(rows), make_series(rows, workload=CLOSED))

    assert (opened.scenario, closed.scenario) == ("ticker", "ticker")
    assert closed.title.startswith("broadcast, closed loop")
    assert [figure.id.rsplit("-", 1)[-1] for figure in closed.panels[0].figures] == [
        "throughput",
        "cpu",
        "bytes",
    ]


def test_exchanges_are_sections(make_series: Make, calls: Workload) -> None:
    broadcast, requests = made(
        make_series({"sse": {}}), make_series({"rest": {}, "websocket": {}}, workload=calls)
    )

    assert (broadcast.scenario, requests.scenario) == ("ticker", "rpc")
    assert requests.answers[0].startswith("For this scenario")


def test_a_curve_of_a_comparison_belongs_to_its_scenario(make_series: Make) -> None:
    _, polling = made(make_series({"rest_polling": {}}), curve(make_series, 0.005, 0.02, 0.08))

    assert (polling.scenario, polling.title) == ("ticker", "Polling is a choice of the interval")
    assert polling.answers == ()
    assert len(polling.panels[0].figures) == 2


def test_a_curve_is_drawn_through_several_files(make_series: Make) -> None:
    found = made(*(curve(make_series, interval) for interval in (0.005, 0.02)))

    titles = [section.title for section in found]
    assert titles.count("Polling is a choice of the interval") == 1
    assert len(titles) == 3


def test_one_interval_is_no_curve(make_series: Make) -> None:
    (section,) = made(curve(make_series, 0.02))
    assert "Polling" not in section.title


def test_memory_is_a_section_without_an_answer(make_series: Make) -> None:
    slope = MemoryPerConnection(process=1e4, kernel=8e3)

    (section,) = made(make_series({"sse": {}}, runs=1), sse=slope)

    assert (section.title, section.answers) == ("Memory per connection", ())
    assert patterns(section.panels[0].figures[0]) == {"sse"}


@pytest.mark.parametrize("load", [{"rate": 14.0}, {"rate": None, "concurrency": 64}])
def test_what_one_size_takes_stands_beside_its_other_costs(
    load: Mapping[str, Any], make_series: Make
) -> None:
    held = Workload(subscribers=100, **load)
    (section,) = made(make_series({"sse": {}, "websocket": {}}, workload=held))

    figure = section.panels[0].figures[-1]
    assert figure.id.endswith("-memory")
    assert patterns(figure) == {"sse", "websocket"}


def test_memory_of_users_who_hold_two_connections_is_called_so(make_series: Make) -> None:
    asked = Workload(exchange=Exchange.JOURNEY, publishers=250)
    slope = MemoryPerConnection(process=1e4, kernel=8e3)

    (section,) = made(
        make_series({"submit_job_sse": {}}, runs=1, workload=asked), submit_job_sse=slope
    )

    assert section.title == section.panels[0].figures[0].title == "Memory per user"


def test_clients_are_told_apart(make_series: Make) -> None:
    wire, library = (
        make_series({"sse": {}}, workload=Workload(client=kind)) for kind in ClientKind
    )
    assert [section.client for section in made(wire, library)] == ["wire", "library"]


def test_a_pattern_has_one_colour_in_all_sections(make_series: Make, calls: Workload) -> None:
    found = made(
        make_series({"floor": {}, "sse": {}, "websocket": {}}),
        make_series({"rest": {}, "websocket": {}}, workload=calls),
    )
    colours: dict[str, set[int]] = {}
    for figure in (f for section in found for panel in section.panels for f in panel.figures):
        assert isinstance(figure.drawing, Dots)
        for row in figure.drawing.rows:
            colours.setdefault(row.name, set()).add(row.colour)
    assert all(len(numbers) == 1 for numbers in colours.values())
    assert len({*map(tuple, colours.values())}) == len(colours)
    assert colours["floor"] == {0}


def test_a_block_of_a_floor_alone_is_left_out(make_series: Make) -> None:
    (section,) = made(make_series({"floor": {}, "floor@no-loop": {}, "redis_pubsub": {}}))
    assert [panel.title for panel in section.panels] == ["Broker delivery"]
    assert len(section.answers) == 1
    assert not section.choice

    (only,) = made(make_series({"floor": {}}))
    assert [panel.title for panel in only.panels] == ["Edge delivery"]


def test_patterns_by_tls_are_compared_beside_their_plain_floor(make_series: Make) -> None:
    plain = make_series({"floor": {}})
    tls = make_series({"sse": {}, "websocket": {}}, workload=Workload(tls=True), seed=1)
    (section,) = made(replace(plain, results=plain.results + tls.results))

    assert section.scenario == "ticker, by TLS"
    assert "not told apart: sse and websocket" in section.answers[0]
    assert section.choice


def test_what_the_relay_added_is_among_the_remarks(make_series: Make, make_result: Make) -> None:
    series = make_series({"sse": {}}, runs=1, workload=Workload(rtt=0.02))
    use = NetworkUse(chunks=100, late_p50=1e-4, late_p99=4e-4, late_max=1e-3, cpu=0.1)
    runs = tuple(replace(run, network=use) for run in series.results)

    (section,) = made(replace(series, results=runs))

    assert any("relay of ours, late by 100 µs at p50" in line for line in section.remarks)


def test_ids_are_unique(nature: Nature) -> None:
    found = made(whole(nature), whole({**nature, "sse@aiohttp": {}}))
    ids = [f.id for section in found for panel in section.panels for f in panel.figures]
    ids += [section.id for section in found]
    assert len(ids) == len(set(ids))


def test_words_of_the_measurement_are_cleaned(make_series: Make) -> None:
    series = make_series({"sse": {}, "websocket": {}})
    series = replace(series, command="abec run secret", refused={"rest": "secret went wrong\nlog"})
    (section,) = sections([Source(name="x.json", series=series)], without_secret)

    assert any("by: abec run …" in line for line in section.asked)
    assert "! rest was not measured: … went wrong" in section.remarks
    assert not any("log" in line for line in section.remarks)


@pytest.mark.parametrize("memory", [{}, {"sse": MemoryPerConnection(process=1e4, kernel=8e3)}])
def test_a_scenario_called_by_a_typed_file_is_cleaned(
    memory: Mapping[str, MemoryPerConnection], make_series: Make
) -> None:
    series = make_series({"sse": {}}, runs=1, workload=Workload(rate=5.0))
    series = replace(series, command="abec run sse --scenario clients/secret.toml")
    (section,) = sections([Source(name="x.json", series=series, memory=memory)], without_secret)
    assert section.scenario == "…"


def test_a_histogram_that_is_none_names_its_file(make_series: Make) -> None:
    series = make_series({"sse": {}}, runs=1)
    (run,) = series.results
    broken = replace(run, delivery=replace(run.delivery, histogram="AAAA"))

    with pytest.raises(BadInput, match=r"^x\.json: holds a histogram that is none: "):
        made(replace(series, results=(broken,)))
