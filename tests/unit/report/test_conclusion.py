"""The closing sentences agree with the tests behind them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from harness.report.conclusion import closing
from harness.result import Doubt, Series
from harness.workload import Workload

Make = Callable[..., Any]
Nature = Mapping[str, Any]


def said(series: Series) -> str:
    return " ".join(closing(series).split())


def test_who_is_ahead_of_whom_by_how_much(make_series: Make, nature: Nature) -> None:
    text = closing(make_series(nature, noise=0.002))

    assert text == (
        "What these runs support\n"
        "  On the default stack:\n"
        "  websocket delivers sooner than long_polling (p50 1.77×, p99 1.95×), rest_polling (p50 "
        "26.3×, p99\n"
        "    11.4×) and sse (p50 1.04×, p99 1.05×).\n"
        "  sse delivers sooner than long_polling (p50 1.70×, p99 1.84×) and rest_polling (p50 "
        "25.2×, p99\n"
        "    10.9×).\n"
        "  long_polling delivers sooner than rest_polling (p50 14.9×, p99 5.88×).\n"
        "  One implementation each of long_polling, rest_polling, sse and websocket was measured; "
        "whether\n"
        "    another would turn this round was not asked.\n"
        "  What rest_polling delivers is a choice of its interval, here 20 ms.\n"
        "\n"
        "12 comparisons were declared beforehand (pairs of patterns on one stack, p50 and p99), "
        "12 made:\n"
        "exact Mann–Whitney over runs, Holm, 1 % error over all of them."
    )


def test_implementations_that_differ_by_more_leave_no_winner(
    make_series: Make, nature: Nature
) -> None:
    rows = {"sse": nature["sse"], "websocket": nature["websocket"], "sse@x": {"p50": 1e-3}}

    text = said(make_series({**rows, "sse@x": {"p50": 1e-3, "p99": 1e-2}}))

    assert "websocket is ahead of sse (p50 1.04×, p99" in text
    assert "implementations of one pattern differ by more (sse and sse@x: p50 2.4" in text
    assert "no winner." in text
    assert "delivers sooner" not in text


def test_stacks_that_disagree_leave_no_winner(make_series: Make) -> None:
    rows = {"sse": {}, "websocket": {}, "sse@aiohttp": {"p50": 5e-4}, "websocket@aiohttp": {}}

    text = said(make_series(rows, seed=1))

    assert (
        "sse against websocket at p50 depends on the stack: the default stack shows no "
        "difference, @aiohttp puts websocket ahead. No winner."
    ) in text


def test_both_stacks_agree(make_series: Make) -> None:
    fast, slow = {"p50": 3e-4}, {"p50": 6e-4}
    rows = {"sse": fast, "rest_polling": slow, "sse@aiohttp": fast, "rest_polling@aiohttp": slow}

    text = said(make_series(rows, noise=0.01, seed=2))

    assert "On the default stack and @aiohttp: sse delivers sooner than rest_polling (p50 " in text
    assert "was not asked" not in text


def test_a_stack_on_which_nothing_was_compared_is_not_named(make_series: Make) -> None:
    fast, slow = {"p50": 3e-4}, {"p50": 6e-4}
    doubt = Doubt(rule="machine", reason="steal", remedy="quieten it")
    rows = {
        "sse": fast,
        "rest_polling": slow,
        "sse@aiohttp": {**fast, "doubts": (doubt,)},
        "rest_polling@aiohttp": slow,
    }

    text = said(make_series(rows, noise=0.01, seed=2))

    assert "On the default stack: sse delivers sooner than rest_polling (p50 " in text


def test_what_was_not_shown_says_what_would_have_been(make_series: Make) -> None:
    text = said(make_series({"sse": {}, "websocket": {}}, seed=1))

    assert "No difference shown between sse and websocket in p50 (1.0" in text
    assert "× would have been) and p99 (1.0" in text


def test_what_was_not_compared_says_why_once(make_series: Make, nature: Nature) -> None:
    doubt = Doubt(rule="machine", reason="steal", remedy="quieten it")
    rows = {name: dict(nature[name]) for name in ("sse", "websocket", "long_polling")}
    rows["sse"]["doubts"] = (doubt,)

    text = said(make_series(rows))

    assert (
        "Not compared: long_polling with sse (p50, p99) and sse with websocket (p50, p99). "
        "sse: 8 of 8 runs invalid (machine)."
    ) in text
    assert "6 comparisons were declared" in text
    assert "2 made" in text


def test_too_few_runs_support_nothing(make_series: Make, nature: Nature) -> None:
    text = said(make_series(nature, runs=3))

    assert "only 3 runs, a verdict needs 5; measure with --runs 8." in text
    assert "sooner" not in text


def test_a_closed_loop_speaks_of_throughput(make_series: Make) -> None:
    series = make_series({"sse": {}, "websocket": {}}, workload=Workload(rate=None, concurrency=8))
    runs = (
        replace(run, achieved_rate=(1e4 if run.pattern == "sse" else 2e4) + run.block_index)
        for run in series.results
    )

    text = said(replace(series, results=tuple(runs)))

    assert "websocket carries more than sse (throughput 2.00×)." in text
    assert (
        "1 comparison was declared beforehand (pairs of patterns on one stack, throughput)" in text
    )


def test_workloads_are_told_apart(make_series: Make) -> None:
    one = make_series({"sse": {}, "websocket": {}})
    other = make_series({"sse": {}, "websocket": {}}, workload=Workload(rate=2000.0))

    text = closing(replace(one, results=one.results + other.results))

    assert "What these runs support (broadcast 1,000 msg/s → 1 subscriber)" in text
    assert "What these runs support (broadcast 2,000 msg/s → 1 subscriber)" in text


def test_one_pattern_has_nothing_to_be_compared_with(make_series: Make) -> None:
    assert closing(make_series({"floor": {}, "sse": {}, "redis_pubsub": {}})) == ""
