"""The page as a value: machines apart, each with its facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.machine import Machine
from harness.report.pages.page import MachineFacts, Page
from harness.report.pages.parts import Source
from harness.report.pages.patterns_page import patterns_page
from harness.result import Series

Make = Callable[..., Any]


def on(series: Series, machine: Machine, day: str = "2026-07-14") -> Series:
    return replace(
        series,
        results=tuple(
            replace(
                run,
                context=replace(run.context, machine=machine, started_at=f"{day}T10:00:00+00:00"),
            )
            for run in series.results
        ),
    )


def page(*all_series: Series) -> Page:
    return patterns_page(
        [Source(name="x.json", series=series) for series in all_series],
        lambda text: text.replace("jo", "…"),
    )


def facts(of: MachineFacts) -> dict[str, str]:
    return {fact.name: fact.value for fact in of.facts}


def test_the_header_says_when_at_which_commit_and_on_what(make_series: Make) -> None:
    (machine,) = page(make_series({"floor": {}, "redis_pubsub": {}})).machines

    told = facts(machine)
    assert list(told)[:4] == ["machine", "measured", "commit", "Python"]
    assert told["measured"] == "2026-07-14"
    assert told["commit"] == "0123456789"
    assert told["uvicorn"] == "0.54.0"
    assert told["Redis"] == "Redis 8.2.3 (bundled)"
    assert told["memory"] == "8.00 GiB"


def test_machines_are_never_mixed(make_series: Make, machine: Machine) -> None:
    other = replace(machine, cpu="Other CPU")
    series = make_series({"sse": {}})

    found = page(on(series, machine), on(series, other), on(series, machine))

    assert [m.name for m in found.machines] == ["Example CPU, 2 cores", "Other CPU, 2 cores"]
    prints = [section.machine for section in found.sections]
    assert sorted(map(prints.count, set(prints))) == [1, 2]


def test_versions_that_differ_between_files_are_all_told(
    make_series: Make, machine: Machine
) -> None:
    newer = replace(
        machine, libraries={**machine.libraries, "uvicorn": "0.55.0"}, commit="f" * 40, dirty=True
    )
    series = make_series({"sse": {}})

    (found,) = page(on(series, machine), on(series, newer, "2026-07-20")).machines

    told = facts(found)
    assert told["uvicorn"] == "0.54.0, 0.55.0"
    assert told["commit"] == "0123456789, ffffffffff with changes"
    assert told["measured"] == "2026-07-14 to 2026-07-20"


def test_commands_are_told_once_and_cleaned(make_series: Make) -> None:
    series = replace(make_series({"sse": {}}), command="abec run --scenario jo.toml")

    (machine,) = page(series, series).machines

    assert machine.commands == ("abec run --scenario ….toml",)


def test_what_it_does_not_tell_is_one_paragraph(make_series: Make) -> None:
    assert page(make_series({"sse": {}})).limits.startswith("What this does not tell you: ")
    assert "\n" not in page(make_series({"sse": {}})).limits
