"""Sentences: why a row is invalid, what the system did, what is missing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.measure.configuration import configurations
from harness.report.remarks import hidden_tail_line, interval_line, mark, refusals, remarks
from harness.result import Doubt, Result, Series
from harness.workload import Workload

Make = Callable[..., Any]
BUSY = Doubt(
    rule="generator CPU",
    reason="the generator used 97 % of its core (limit 70 %) and measured itself",
    remedy="try --rate 1k",
)
LAG = Doubt(rule="receiver lag", reason="up to 3 ms of 9 ms at p99", remedy="try --client wire")


def said(series: Series) -> list[str]:
    return "\n".join(remarks(configurations(series), series)).split("\n")


def changed(series: Series, change: Callable[[Result], Result]) -> Series:
    return replace(series, results=tuple(map(change, series.results)))


def test_nothing_to_say(make_series: Make) -> None:
    assert said(make_series({"sse": {}})) == [""]


def test_an_invalid_row_says_why_and_what_to_do(make_series: Make) -> None:
    series = make_series({"sse": {"doubts": (BUSY,)}})

    assert said(series) == [
        "! sse is invalid in 8 of 8 runs: the generator used 97 % of its core (limit 70 %) and "
        "measured",
        "  itself.",
        "  Try --rate 1k.",
    ]
    assert mark(configurations(series)[0]) == "! "


def test_one_run_is_invalid_without_counting(make_series: Make) -> None:
    assert said(make_series({"sse": {"doubts": (LAG,)}}, runs=1)) == [
        "! sse is invalid: up to 3 ms of 9 ms at p99.",
        "  Try --client wire.",
    ]


def test_runs_left_out_are_counted_by_rule(make_series: Make) -> None:
    doubts = {1: (LAG,), 2: (LAG, BUSY)}
    series = changed(
        make_series({"sse": {}}), lambda run: replace(run, doubts=doubts.get(run.block_index, ()))
    )

    text = " ".join(said(series))

    assert text.startswith(
        "sse: 2 of 8 runs invalid, left out: up to 3 ms of 9 ms at p99; in 1 of them, the"
    )
    assert text.endswith("Try --client wire. Try --rate 1k.")
    assert mark(configurations(series)[0]) == "  "


def test_rows_with_one_reason_and_remedy_share_a_sentence(make_series: Make) -> None:
    doubtful = {"doubts": (LAG,)}
    series = make_series({"sse": doubtful, "websocket": doubtful, "rest": {"doubts": (BUSY,)}})

    assert said(series) == [
        "! rest is invalid in 8 of 8 runs: the generator used 97 % of its core (limit 70 %) and "
        "measured",
        "  itself.",
        "! sse and websocket are invalid in 8 of 8 runs each: up to 3 ms of 9 ms at p99.",
        "  Try --rate 1k. Try --client wire.",
    ]


def test_rows_that_missed_one_limit_by_other_figures_share_a_sentence(make_series: Make) -> None:
    worse = replace(LAG, reason="up to 5 ms of 9 ms at p99")
    series = make_series({"sse": {"doubts": (LAG,)}, "websocket": {"doubts": (worse,)}}, runs=1)

    assert said(series) == [
        "! sse and websocket are invalid; of sse, up to 3 ms of 9 ms at p99.",
        "  Try --client wire.",
    ]


def test_rows_that_share_a_sentence_keep_their_counts(make_series: Make) -> None:
    def spoil(run: Result, least: dict[str, int]) -> Result:
        return replace(run, doubts=(LAG,) if run.block_index >= least[run.pattern] else ())

    both = make_series({"sse": {}, "websocket": {}})
    barred = changed(both, lambda run: spoil(run, {"sse": 0, "websocket": 2}))
    left_out = changed(both, lambda run: spoil(run, {"sse": 6, "websocket": 7}))

    assert said(barred)[0] == (
        "! sse and websocket are invalid in 8 of 8 and 6 of 8 runs: up to 3 ms of 9 ms at p99."
    )
    assert said(left_out)[0] == (
        "sse and websocket: 2 of 8 and 1 of 8 runs invalid, left out: up to 3 ms of 9 ms at p99."
    )


def test_rows_of_one_pattern_are_told_apart_by_their_interval(make_series: Make) -> None:
    parts = [
        make_series(
            {"rest_polling": {"doubts": (LAG,) * (interval < 0.1), "analytic_mean": interval / 2}},
            workload=Workload(poll_interval=interval),
        )
        for interval in (0.01, 0.02, 0.2)
    ]
    curve = replace(parts[0], results=tuple(run for part in parts for run in part.results))

    assert said(replace(curve, runs=9)) == [
        "! rest_polling every 10 ms and rest_polling every 20 ms are invalid in 8 of 8 runs each: "
        "up to 3 ms",
        "  of 9 ms at p99.",
        "  Try --client wire.",
        "Fewer than the 9 runs asked for: rest_polling every 10 ms 8, rest_polling every 20 ms 8,",
        "  rest_polling every 200 ms 8.",
    ]


def test_saturation_names_what_fell_behind(make_series: Make) -> None:
    behind = make_series({"sse": {"saturated": True, "achieved_rate": 812.3}})
    growing = make_series({"sse": {"saturated": True, "slope": 0.0123}})
    once = changed(growing, lambda run: replace(run, saturated=run.block_index == 0))

    assert said(behind) == [
        "~ sse is saturated in 8 of 8 runs: 812 of 1,000 msg/s in time. Its latency depends on "
        "the window and",
        "  takes part in no ranking.",
    ]
    assert said(growing)[0].startswith(
        "~ sse is saturated in 8 of 8 runs: latency grew by 12.3 ms each second."
    )
    assert said(once) == ["sse is saturated in 1 of 8 runs: latency grew by 12.3 ms each second."]


def test_what_the_audit_found(make_series: Make) -> None:
    def spoil(run: Result) -> Result:
        audit = replace(
            run.audit, lost=2, duplicated=1, reordered=3, corrupted=1, causes={"evicted": 2}
        )
        return replace(run, audit=audit)

    assert said(changed(make_series({"sse": {}}), spoil)) == [
        "sse lost 16 of 40,000 deliveries (evicted 16); a lost message is infinitely late.",
        "sse delivered 8 duplicates, 24 out of order, 8 corrupted.",
    ]


def test_repeated_and_missing_runs(make_series: Make) -> None:
    def again(run: Result) -> Result:
        return replace(run, context=replace(run.context, reruns=int(run.block_index == 0)))

    series = changed(make_series({"sse": {}}, runs=3), again)

    assert said(replace(series, runs=8)) == [
        "Runs repeated because the machine was disturbed: sse 1.",
        "Fewer than the 8 runs asked for: sse 3.",
    ]


def test_refusals_keep_the_log(make_series: Make) -> None:
    reason = "server sse died (exit 1); install what it misses:\n        ModuleNotFoundError: x"
    series = replace(make_series({}), refused={"sse": reason, "redis_queue": ""})

    assert refusals(series) == [
        "! sse was not measured: server sse died (exit 1); install what it misses:",
        "        ModuleNotFoundError: x",
        "! redis_queue was not measured:",
    ]


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ((1,), "one run: no interval; add --runs 8"),
        ((3,), "3 runs: no interval; add --runs 8"),
        ((8,), "± half of the order-statistic interval of the median: 99.2 % over 8 runs"),
        (
            (5, 8),
            "± half of the order-statistic interval of the median: 99.2 % over 8 runs, "
            "93.75 % over 5 runs",
        ),
        (
            (3, 8),
            "± half of the order-statistic interval of the median: 99.2 % over 8 runs; "
            "none under 5 runs",
        ),
    ],
)
def test_the_interval_is_labelled_with_its_exact_level(
    make_series: Make, runs: tuple[int, ...], text: str
) -> None:
    rows = [configurations(make_series({"sse": {}}, runs=n))[0] for n in runs]

    assert interval_line(rows) == text


def test_a_hidden_percentile_says_what_it_needs(make_series: Make) -> None:
    def line(workload: Workload) -> str:
        return hidden_tail_line(configurations(make_series({"sse": {}}, workload=workload)))

    assert line(Workload()) == ""
    assert line(Workload(rate=100.0)) == (
        "p99 needs 20 messages beyond it, 2,000 in the window; here 500; --duration 22s"
    )
    assert line(Workload(rate=10.0)).startswith("p90 needs 20 messages beyond it, 200 in the")


def test_a_reason_that_many_share_is_given_once(make_series: Make) -> None:
    series = replace(make_series({}), refused={"a": "no Redis", "b": "no Redis", "c": "it died"})
    assert refusals(series) == [
        "! a and b were not measured: no Redis",
        "! c was not measured: it died",
    ]
    many = replace(make_series({}), refused={f"p{number}": "no Redis" for number in range(9)})
    assert refusals(many) == ["! p0 and 8 others were not measured: no Redis"]
