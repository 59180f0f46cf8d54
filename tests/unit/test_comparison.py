"""Memory as a slope over numbers of connections, where the servers' own is known and where not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.comparison import MEMORY_SIZES, memory_series, memory_slopes
from harness.result import Result, Series
from harness.workload import Workload

BEFORE, OWN, KERNEL = 30_000_000, 4096, 8192


def held(make_result: Callable[..., Result], size: int, **unknown: int) -> Result:
    """Make the run of so many connections, of whose server ``unknown`` could not be seen."""
    run = make_result(workload=Workload(subscribers=size))
    seen = {
        "pss_before": BEFORE,
        "pss": BEFORE + 1_000_000 + OWN * size,
        "kernel_before": 5_000_000,
        "kernel": 5_000_000 + KERNEL * size,
    }
    return replace(run, server=replace(run.server, **{**seen, **unknown}))


def over(*runs: Result) -> Series:
    return Series(command="abec compare sse", order_seed=1, runs=1, results=runs)


def test_a_run_that_does_not_tell_the_servers_memory_is_left_out(
    make_result: Callable[..., Result],
) -> None:
    # Workers came in the run of 500: what grew is not what connections took.
    runs = [
        held(make_result, size, pss_before=0 if size == 500 else BEFORE) for size in MEMORY_SIZES
    ]

    slope = memory_slopes(over(*runs))["sse"]

    assert slope.process == pytest.approx(OWN)
    assert slope.kernel == pytest.approx(KERNEL)


@pytest.mark.parametrize("unknown", [{"pss_before": 0, "pss": 0}, {"pss_before": 0}, {"pss": 0}])
def test_a_server_that_cannot_be_seen_takes_an_unknown_memory(
    make_result: Callable[..., Result], unknown: dict[str, int]
) -> None:
    series = over(*(held(make_result, size, **unknown) for size in MEMORY_SIZES))

    slope = memory_slopes(series)["sse"]

    assert slope.process is None
    assert slope.kernel == pytest.approx(KERNEL)
    assert memory_series(series) == (series,)


def test_two_sizes_are_the_fewest(make_result: Callable[..., Result]) -> None:
    one, two = held(make_result, 1), held(make_result, 250)
    assert memory_slopes(over(one, one)) == {}
    assert memory_slopes(over(one, two))["sse"].process == pytest.approx(OWN)
    lone = memory_slopes(over(one, replace(two, server=replace(two.server, pss=0))))["sse"]
    assert lone.process is None
