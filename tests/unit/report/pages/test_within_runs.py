"""Remarks on runs that were not the same from begin to end: which are told, and of whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.report.pages.page import WithinRuns
from harness.report.pages.parts import Source
from harness.report.pages.patterns_page import patterns_page
from harness.report.pages.render import Frame, method_html, patterns_html
from harness.report.pages.within_runs import within_runs
from harness.result import Doubt, Result, Series
from harness.workload import Workload
from tests.pages.made import whole

Make = Callable[..., Any]
DOUBT = Doubt(rule="machine", reason="steal", remedy="quieten it")


def drifting(run: Result) -> Result:
    """Let a run's p50 double over its window."""
    assert run.timeline is not None
    p50 = tuple((value or 0) * (1 + place / 50) for place, value in enumerate(run.timeline.p50))
    return replace(run, timeline=replace(run.timeline, p50=p50))


def drift(series: Series, pattern: str) -> Series:
    return replace(
        series,
        results=tuple(drifting(run) if run.pattern == pattern else run for run in series.results),
    )


def within(*series: Series) -> WithinRuns:
    sources = [Source(name="x.json", series=one) for one in series]
    return within_runs("Example", sources, lambda text: text.replace("secret", "…"))


def rows(found: WithinRuns) -> dict[str, list[Any]]:
    """Give what stands behind the scenario, by pattern."""
    return {row.cells[0].text: [cell.value for cell in row.cells[2:]] for row in found.table.rows}


def test_a_pattern_that_drifts_is_remarked_on() -> None:
    found = within(drift(whole({"sse": {}, "websocket": {}}, runs=8), "sse"))

    sse, websocket = rows(found)["sse"], rows(found)["websocket"]
    assert sse[:3] == [8, 8, 0]
    assert str(sse[4]).startswith("not stationary")
    assert websocket[0] == 8
    assert websocket[4] == ""
    assert found.told.startswith("Of 16 valid runs, p50 rises within 8 and falls within 0 (")
    assert "chance alone: 0.16 together" in found.told


def test_invalid_rows_and_closed_loops_are_not_asked() -> None:
    invalid = whole({"sse": {"doubts": (DOUBT,)}, "websocket": {}})
    closed = whole({"sse": {}}, workload=Workload(rate=None, concurrency=64))
    assert list(rows(within(invalid, closed))) == ["websocket"]


def test_results_from_before_timelines_say_so(make_series: Make) -> None:
    found = within(make_series({"sse": {}}))
    assert found.told == "No valid run of an open loop here holds a timeline with messages enough."
    assert found.table.rows == ()


def test_scenarios_are_named_as_their_sections_are_and_cleaned() -> None:
    typed = whole({"sse": {}}, workload=Workload(rate=5.0, duration=60.0))
    found = within(replace(typed, command="abec run sse --scenario secret.toml"))
    scenario = found.table.rows[0].cells[1].text
    assert scenario.startswith("…: broadcast 5 msg/s")
    assert scenario.endswith(", wire client")


def test_it_stands_in_the_method_wherever_that_is() -> None:
    page = patterns_page([Source(name="x.json", series=whole({"sse": {}}))], lambda text: text)
    told = "Of 7 valid runs, p50 rises"
    assert told in method_html(page, Frame(built="2026-07-14 10:00")).replace("\u00a0", " ")
    assert told in patterns_html(page, Frame(built="2026-07-14 10:00")).replace("\u00a0", " ")
