"""What may be concluded about patterns, and where no winner may be named."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.measure.compare import (
    Conclusion,
    Standing,
    conclusions,
    cost_conclusions,
    implementation_spread,
)
from harness.measure.configuration import P50, configurations
from harness.measure.contrast import Outcome
from harness.result import Doubt, Series
from harness.workload import Workload

Make = Callable[..., Any]
DOUBT = Doubt(rule="machine", reason="steal 4 % (limit 1 %)", remedy="quieten it")


def by_pair(series: Series) -> dict[tuple[str, str, str], Conclusion]:
    return {(c.first, c.second, c.metric.name): c for c in conclusions(series)}


def test_all_pairs_of_patterns_on_one_stack_within_a_block_are_declared(
    make_series: Make, nature: Mapping[str, Any]
) -> None:
    more = {"redis_pubsub": {}, "floor@no-loop": {}, "sse@sse-starlette": {}, "sse@aiohttp": {}}
    found = conclusions(make_series({**nature, **more, "websocket@aiohttp": {}}))

    pairs = {frozenset((c.first, c.second)) for c in found}
    families = ("sse", "websocket", "long_polling", "rest_polling")
    assert pairs == {frozenset((a, b)) for a in families for b in families if a != b}
    assert [c.metric.name for c in found] == ["p50", "p99"] * 6
    both = next(c for c in found if {c.first, c.second} == {"sse", "websocket"})
    assert set(both.findings) == {"", "aiohttp"}


def test_the_one_ahead_comes_first_whatever_its_name(make_series: Make) -> None:
    found = by_pair(make_series({"websocket": {"p50": 2e-4}, "sse": {"p50": 4e-4}}, seed=1))

    ahead = found["websocket", "sse", "p50"]
    assert ahead.standing is Standing.AHEAD
    assert ahead.factors == [pytest.approx(2, rel=0.05)]
    assert ahead.findings[""].outcome is Outcome.HIGHER
    assert found["sse", "websocket", "p99"].standing is Standing.UNDETECTED


def test_no_winner_where_implementations_of_one_pattern_differ_by_more(make_series: Make) -> None:
    rows = {"websocket": {"p50": 2e-4}, "sse": {"p50": 4e-4}, "rest_polling": {"p50": 1e-2}}
    slow = {"sse@sse-starlette": {"p50": 1e-3}}
    close = {"sse@sse-starlette": {"p50": 5e-4}}

    guarded = by_pair(make_series(rows | slow))
    free = by_pair(make_series(rows | close))

    within = guarded["websocket", "sse", "p50"]
    assert within.standing is Standing.WITHIN_SPREAD
    assert within.spread is not None
    assert (within.spread.low, within.spread.high) == ("sse", "sse@sse-starlette")
    assert within.spread.factor == pytest.approx(2.5, rel=0.05)
    assert guarded["sse", "rest_polling", "p50"].standing is Standing.AHEAD
    assert guarded["websocket", "rest_polling", "p50"].spread is None
    assert free["websocket", "sse", "p50"].standing is Standing.AHEAD


@pytest.mark.slow
def test_of_100_comparisons_of_equals_about_one_names_anybody_ahead(make_series: Make) -> None:
    equals = {"sse": {}, "websocket": {}, "long_polling": {}}

    alarms = sum(
        any(c.standing is Standing.AHEAD for c in conclusions(make_series(equals, seed=seed)))
        for seed in range(300)
    )

    assert alarms <= 6


@pytest.mark.parametrize("other", [4e-4, 8e-4])
def test_no_winner_where_stacks_disagree(make_series: Make, other: float) -> None:
    rows = {"sse": {"p50": 4e-4}, "websocket": {"p50": 3e-4}}
    second = {"sse@aiohttp": {"p50": 4e-4}, "websocket@aiohttp": {"p50": other}}

    found = by_pair(make_series(rows | second))["sse", "websocket", "p50"]

    assert found.standing is Standing.STACKS_DIFFER
    assert {f.outcome for f in found.findings.values()} in (
        {Outcome.LOWER, Outcome.UNDETECTED},
        {Outcome.LOWER, Outcome.HIGHER},
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"doubts": (DOUBT,)}, "sse: 8 of 8 runs invalid (machine)"),
        ({"saturated": True}, "sse: saturated, so its latency depends on the window"),
    ],
)
def test_invalid_and_saturated_rows_take_part_in_nothing(
    make_series: Make, change: Mapping[str, Any], reason: str
) -> None:
    found = by_pair(make_series({"sse": change, "websocket": {"p50": 2e-4}, "rest_polling": {}}))

    barred = found["sse", "websocket", "p50"]
    assert barred.standing is Standing.NOT_COMPARED
    assert barred.findings[""].reason == reason
    assert barred.factors == []
    assert found["websocket", "rest_polling", "p50"].standing is Standing.AHEAD


def test_a_pattern_barred_everywhere_has_nothing_concluded_of_it(make_series: Make) -> None:
    barred = {"doubts": (DOUBT,)}
    found = by_pair(
        make_series({"sse": {}, "sse@aiohttp": {}, "websocket": barred, "websocket@aiohttp": {}})
    )
    assert found["sse", "websocket", "p50"].standing is not Standing.NOT_COMPARED

    found = by_pair(make_series({"sse": {}, "sse@sse-starlette": {}, "websocket": barred}))
    nothing = found["sse", "websocket", "p50"]
    assert nothing.standing is Standing.NOT_COMPARED
    assert nothing.spread is not None


def test_workloads_are_never_compared_with_each_other(make_series: Make) -> None:
    one = make_series({"sse": {}})
    other = make_series({"websocket": {}}, workload=Workload(payload=1024))

    assert conclusions(replace(one, results=one.results + other.results)) == []


def test_a_closed_loop_is_compared_by_throughput(make_series: Make) -> None:
    closed = Workload(rate=None, concurrency=64)
    series = make_series({"sse": {}, "websocket": {}}, workload=closed)
    runs = (
        replace(run, achieved_rate=(2e4 if run.pattern == "sse" else 3e4) + run.block_index)
        for run in series.results
    )

    (found,) = conclusions(replace(series, results=tuple(runs)))

    assert (found.first, found.second, found.standing) == ("websocket", "sse", Standing.AHEAD)
    assert found.factors == [pytest.approx(1.5, rel=0.01)]


def test_the_spread_takes_valid_implementations_and_infinity(make_series: Make) -> None:
    def spread(rows: Mapping[str, Any]) -> float | None:
        series = make_series(rows, noise=0.0)
        found = implementation_spread(configurations(series), "sse", Workload(), P50)
        return found and found.factor

    assert spread({"sse": {}}) is None
    assert spread({"sse": {}, "sse@a": {}}) == 1.0
    assert spread({"sse": {"p50": 1e-4}, "sse@a": {"p50": 3e-4}}) == pytest.approx(3)
    assert spread({"sse": {}, "sse@a": {"p50": None}}) == float("inf")
    assert spread({"sse": {}, "sse@a": {"p50": None, "doubts": (DOUBT,)}}) is None


def test_costs_are_tested_apart_from_latencies(make_series: Make) -> None:
    rows = {"sse": {"cpu": 1e-5}, "websocket": {"cpu": 2e-5}, "long_polling": {"cpu": 1e-5}}
    series = make_series(rows, seed=1)

    found = {(c.first, c.second): c for c in cost_conclusions(series)}

    assert found["sse", "websocket"].standing is Standing.AHEAD
    assert found["sse", "websocket"].factors == [pytest.approx(2, rel=0.05)]
    assert found["long_polling", "sse"].standing is Standing.UNDETECTED
    assert {c.metric.name for c in found.values()} == {"server CPU per delivery"}
    assert {c.metric.name for c in conclusions(series)} == {"p50", "p99"}


def test_a_saturated_pattern_still_has_a_cost(make_series: Make) -> None:
    rows = {"sse": {"cpu": 1e-5}, "websocket": {"cpu": 2e-5, "saturated": True}}
    series = make_series(rows, seed=1)

    (cost,) = cost_conclusions(series)

    assert cost.standing is Standing.AHEAD
    assert {c.standing for c in conclusions(series)} == {Standing.NOT_COMPARED}


def test_costs_are_guarded_by_implementations_too(make_series: Make) -> None:
    rows = {"sse": {"cpu": 1e-5}, "websocket": {"cpu": 2e-5}, "sse@x": {"cpu": 9e-5}}

    (cost,) = cost_conclusions(make_series(rows, seed=1))

    assert cost.standing is Standing.WITHIN_SPREAD
