"""The line atop: a pattern is named only where the runs support it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.measure.compare import conclusions, cost_conclusions
from harness.measure.configuration import configurations
from harness.queueing import Victim
from harness.report.pages.glance import answer
from harness.result import Doubt, Series
from harness.workload import Workload
from tests.unit.conftest import REDIS_KILLED

Make = Callable[..., Any]
Nature = Mapping[str, Any]
DOUBT = Doubt(rule="machine", reason="steal", remedy="quieten it")
QUICK, SLOW = {"p50": 3e-4, "p99": 1e-3}, {"p50": 6e-4, "p99": 2e-3}


def said(series: Series) -> str:
    return answer(configurations(series), conclusions(series), cost_conclusions(series))


def test_one_pattern_ahead_of_all(make_series: Make) -> None:
    rows = {
        "floor": {},
        "sse": {**QUICK, "cpu": 10e-6},
        "long_polling": {**SLOW, "cpu": 25e-6},
        "rest_polling": {"p50": 1e-2, "p99": 2e-2, "cpu": 10e-6, "analytic_mean": 0.01},
    }

    text = said(make_series(rows, noise=0.001))

    assert text == (
        "For this scenario: sse; long_polling costs 2.50 times the CPU of sse; "
        "one implementation each was measured."
    )


def test_what_is_not_told_apart_says_what_would_have_shown(make_series: Make) -> None:
    rows = {"sse": QUICK, "websocket": QUICK, "long_polling": SLOW}

    text = said(make_series(rows, seed=1))

    assert text.startswith("For this scenario: sse or websocket; ")
    assert "not told apart: sse and websocket (p50 1.0" in text
    assert "× would have shown)" in text
    assert "long_polling and" not in text


def test_where_somebody_was_killed_what_that_lost_is_the_answer(make_series: Make) -> None:
    rows = {
        "floor": {"kill": REDIS_KILLED},
        "redis_queue": {**QUICK, "kill": REDIS_KILLED},
        "redis_stream": {**SLOW, "kill": replace(REDIS_KILLED, lost=0)},
    }

    text = said(make_series(rows, runs=2, workload=Workload(kill=Victim.REDIS)))

    assert text.startswith("redis_queue: Redis was killed in each of 2 runs, 80 confirmed messages")
    assert ": 6 lost, 2 repeated; " in text
    assert " redis_stream: Redis was killed" in text
    assert ": 0 lost, 2 repeated; " in text
    assert "floor" not in text


def test_no_difference_at_all(make_series: Make) -> None:
    text = said(make_series({"sse": {}, "websocket": {}}, seed=1))

    assert text.startswith("For this scenario: no pattern is ahead; not told apart: sse and webs")
    assert "costs" not in text


def test_patterns_that_are_all_alike_are_named_in_one_breath(make_series: Make) -> None:
    text = said(make_series({"sse": {}, "websocket": {}, "long_polling": {}}, seed=4))

    assert "not told apart: long_polling, sse and websocket (p50 1.0" in text
    assert text.count("would have shown") == 1


def test_implementations_that_differ_by_more_leave_no_winner(make_series: Make) -> None:
    rows = {"sse": {"p50": 5e-4}, "websocket": {"p50": 4e-4}, "sse@x": {"p50": 2e-3}}

    text = said(make_series(rows, noise=0.001))

    assert "no winner between sse and websocket: implementations of one pattern differ" in text
    assert "websocket;" not in text


def test_stacks_that_disagree_leave_no_winner(make_series: Make) -> None:
    rows = {"sse": {}, "websocket": {}, "sse@aiohttp": SLOW, "websocket@aiohttp": {}}

    assert "no winner between sse and websocket: stacks disagree" in said(make_series(rows, seed=1))


def test_leads_that_could_not_be_compared_are_named_with_the_reason(make_series: Make) -> None:
    series = make_series({"sse": QUICK, "long_polling": QUICK, "rest_polling": SLOW}, noise=0.001)
    shaken = {("sse", 0), ("sse", 1), ("sse", 2), ("long_polling", 3), ("long_polling", 4)}
    results = tuple(
        replace(run, doubts=(DOUBT,)) if (run.pattern, run.block_index) in shaken else run
        for run in series.results
    )

    text = said(replace(series, results=results))

    assert "not compared: long_polling with sse (6 v 5 runs are too few for 6 comparisons" in text


def test_one_pattern_that_is_invalid_says_so_instead_of_figures(make_series: Make) -> None:
    assert said(make_series({"sse": {"doubts": (DOUBT,)}})) == (
        "For this scenario only sse was measured: 8 of 8 runs invalid (machine)."
    )


def test_metrics_that_disagree_single_out_none(make_series: Make) -> None:
    rows = {"sse": {"p50": 3e-4, "p99": 4e-3}, "websocket": {"p50": 6e-4, "p99": 2e-3}}

    text = said(make_series(rows, noise=0.001))

    assert text.startswith("For this scenario: no single pattern (sse at p50, websocket at p99)")


def test_a_dearer_lead_says_so(make_series: Make) -> None:
    rows = {"sse": {**QUICK, "cpu": 30e-6}, "websocket": {**SLOW, "cpu": 10e-6}}

    text = said(make_series(rows, noise=0.001))

    assert "For this scenario: sse; sse costs 3.00 times the CPU of websocket" in text


def test_polling_is_named_with_its_interval(make_series: Make) -> None:
    rows = {"rest_polling": {**QUICK, "analytic_mean": 0.01}, "sse": SLOW}

    assert said(make_series(rows, noise=0.001)).startswith(
        "For this scenario: rest_polling (every 20 ms); "
    )


def test_what_is_invalid_is_left_out_with_the_reason(make_series: Make) -> None:
    rows = {"sse": QUICK, "websocket": SLOW, "long_polling": {"doubts": (DOUBT,)}}

    text = said(make_series(rows, noise=0.001))

    assert text.startswith("For this scenario: sse; ")
    assert "not compared: long_polling (long_polling: 8 of 8 runs invalid (machine))" in text


def test_too_few_runs_are_no_answer(make_series: Make, nature: Nature) -> None:
    text = said(make_series(nature, runs=1))

    assert text.startswith("For this scenario: no answer; ")
    assert "only 1 run, a verdict needs 5; measure with --runs 8" in text


def test_losses_of_a_lead_are_told(make_series: Make) -> None:
    series = make_series({"sse": QUICK, "websocket": SLOW}, noise=0.001)
    lossy = (
        replace(run, audit=replace(run.audit, lost=3)) if run.pattern == "sse" else run
        for run in series.results
    )

    assert "sse lost 24 messages" in said(replace(series, results=tuple(lossy)))


def test_a_closed_loop_speaks_of_saturation(make_series: Make) -> None:
    series = make_series({"sse": {}, "websocket": {}}, workload=Workload(rate=None, concurrency=8))
    runs = (
        replace(run, achieved_rate=(1e4 if run.pattern == "sse" else 2e4) + run.block_index)
        for run in series.results
    )

    assert said(replace(series, results=tuple(runs))).startswith("At saturation: websocket; ")


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ({"floor": {}}, "For this scenario: only the floor was measured."),
        (
            {"floor": {}, "sse": {}, "sse@aiohttp": {}},
            "For this scenario only sse was measured: p50 396 µs ±5 %, 11.9 µs ±3 % of server CPU "
            "per delivery.",
        ),
        (
            {"sse": {}, "websocket@websockets": {}},
            "For this scenario: no answer; no two patterns were measured on one stack.",
        ),
    ],
)
def test_nothing_to_compare(rows: Nature, text: str, make_series: Make) -> None:
    assert said(make_series(rows)) == text
