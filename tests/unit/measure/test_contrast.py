"""Contrasts are tested together, say what they could have seen, and why they were not made."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.measure.configuration import LOST, P50, P99, TIME_PER_MESSAGE, configurations
from harness.measure.contrast import Contrast, Outcome, judge, obstacle, turned
from harness.measure.statistics import ALPHA, Sample, smallest_p
from harness.result import Doubt
from harness.workload import Workload

LOW = tuple(1.0 + 0.01 * i for i in range(8))
HIGH = tuple(2.0 + 0.01 * i for i in range(8))
Make = Callable[..., Any]


def contrast(first: tuple[Sample, ...], second: tuple[Sample, ...]) -> Contrast:
    return Contrast(metric=P50, first=first, second=second)


def test_outcomes() -> None:
    higher, lower, same, barred = judge(
        [
            contrast(LOW, HIGH),
            contrast(HIGH, LOW),
            contrast(LOW, LOW),
            Contrast(metric=P50, obstacle="too few"),
        ]
    )

    assert (higher.outcome, lower.outcome) == (Outcome.HIGHER, Outcome.LOWER)
    assert same.outcome is Outcome.UNDETECTED
    assert same.resolution == pytest.approx(1.06, abs=0.02)
    assert (barred.outcome, barred.reason) == (Outcome.NOT_COMPARED, "too few")
    assert barred.shift is None
    # three contrasts were testable
    assert higher.adjusted_p == pytest.approx(3 * smallest_p(8, 8))


def test_the_error_rate_holds_over_all_contrasts() -> None:
    nearly = (*HIGH[:5], 1.065, 1.066, 1.067)
    alone = judge([contrast(LOW, nearly)])[0]
    among = judge([contrast(LOW, nearly)] + [contrast(LOW, LOW[::-1])] * 20)[0]

    assert alone.outcome is Outcome.HIGHER
    assert alone.adjusted_p is not None
    assert alone.adjusted_p <= ALPHA
    assert among.outcome is Outcome.UNDETECTED


def test_too_few_runs_for_so_many_contrasts_is_no_verdict() -> None:
    five = [contrast(LOW[:5], HIGH[:5])]

    assert judge(five)[0].outcome is Outcome.HIGHER
    for finding in judge(five * 2):
        assert finding.outcome is Outcome.NOT_COMPARED
        assert finding.reason == "5 v 5 runs are too few for 2 comparisons"
        assert finding.shift is not None


def test_what_cannot_differ_does_not_make_the_others_stricter() -> None:
    none = Contrast(metric=LOST, first=(0,) * 8, second=(0,) * 8)
    with_zeros, *zeros = judge([contrast(LOW, HIGH)] + [none] * 100)

    assert with_zeros.adjusted_p == pytest.approx(smallest_p(8, 8))
    assert {finding.outcome for finding in zeros} == {Outcome.UNDETECTED}


def test_losses_are_compared_by_difference() -> None:
    finding = judge([Contrast(metric=LOST, first=(0,) * 8, second=(3, 4, 5, 6, 3, 4, 5, 6))])[0]

    assert finding.outcome is Outcome.HIGHER
    assert finding.shift is not None
    assert finding.shift.value == 4.5
    assert finding.resolution is None


def test_infinite_latency_is_worse_than_any() -> None:
    assert judge([contrast(LOW, (None,) * 8)])[0].outcome is Outcome.HIGHER
    assert judge([contrast((None,) * 8, LOW)])[0].outcome is Outcome.LOWER
    assert judge([contrast((None,) * 8, (None,) * 8)])[0].outcome is Outcome.UNDETECTED


def test_a_turned_finding_is_that_of_the_turned_contrast() -> None:
    assert turned(judge([contrast(LOW, HIGH)])[0]) == judge([contrast(HIGH, LOW)])[0]


def test_obstacles(make_series: Make) -> None:
    doubt = Doubt(rule="receiver lag", reason="too much", remedy="less")
    invalid = make_series({"sse": {"doubts": (doubt,)}})
    three = make_series({"sse": {}}, runs=3)
    one = make_series({"sse": {}}, runs=1)
    few = make_series({"sse": {}}, workload=Workload(rate=100.0))
    fine = make_series({"sse": {}})

    def said(series: Any, side: str = "old", **options: bool) -> str:
        return obstacle(configurations(series)[0], P99, side, **options)

    assert said(invalid) == "8 of 8 old runs invalid (receiver lag)"
    assert said(three) == "only 3 old runs, a verdict needs 5; measure with --runs 8"
    assert said(one, "") == "only 1 run, a verdict needs 5; measure with --runs 8"
    assert said(few) == "too few old messages for p99; add --duration"
    assert said(three, "base", options=False) == "only 3 base runs, a verdict needs 5"
    assert said(few, "base", options=False) == "too few base messages for p99"
    assert said(fine) == ""


def test_a_cost_that_was_not_measured_is_an_obstacle(make_series: Make) -> None:
    series = make_series({"sse": {}})
    silent = tuple(replace(run, achieved_rate=0.0) for run in series.results)
    row = configurations(replace(series, results=silent))[0]

    assert obstacle(row, TIME_PER_MESSAGE) == "time per message was not measured in all runs"
