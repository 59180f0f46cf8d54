"""What differs between two series beside their figures."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.machine import Machine
from harness.report.versions import differences
from harness.result import Series

Make = Callable[..., Any]


def on(series: Series, machine: Machine, redis: str = "") -> Series:
    runs = (
        replace(run, context=replace(run.context, machine=machine, redis=redis))
        for run in series.results
    )
    return replace(series, results=tuple(runs))


def test_only_what_differs_is_named(make_series: Make, machine: Machine) -> None:
    old = make_series({"sse": {}}, runs=1)
    newer = replace(
        machine, python="CPython 3.13.1", kernel="6.9.0", libraries={"uvicorn": "0.54.0"}, commit=""
    )

    assert differences(old, old) == ["same versions"]
    assert differences(on(old, machine), on(old, newer, "Redis 8.2.3 (bundled)")) == [
        "old CPython 3.11.7, aiohttp 3.14.0, uvloop 0.23.0, kernel 6.8.0, commit 0123456789, "
        "Redis –",
        "new CPython 3.13.1, aiohttp –, uvloop –, kernel 6.9.0, commit –, Redis 8.2.3 (bundled)",
    ]


def test_nothing_measured_has_no_versions() -> None:
    empty = Series(command="", order_seed=1, runs=1, results=())

    assert differences(empty, empty) == ["same versions"]
