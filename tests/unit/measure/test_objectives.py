"""What was promised against what was measured: median, sum, and what cannot be judged."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.measure.configuration import Configuration, configurations
from harness.measure.objectives import Standing, kept, refused
from harness.objective import METRICS, parse_objective
from harness.result import Doubt, Result
from harness.workload import Workload

Make = Callable[..., Any]
DOUBT = Doubt(rule="machine", reason="steal", remedy="")


@pytest.fixture
def row(make_series: Make) -> Callable[..., Configuration]:
    """Give eight runs of sse with a p99 of about 2 ms, each changed by ``change``."""

    def make(
        change: Callable[[Result], Result] = lambda run: run, workload: Workload | None = None
    ) -> Configuration:
        made = make_series({"sse": {}}, workload=workload)
        series = replace(made, results=tuple(map(change, made.results)))
        return configurations(series)[0]

    return make


def test_the_median_over_runs_decides(row: Make) -> None:
    met, missed = (kept(parse_objective(text), row()) for text in ("p99<2.2ms", "p99<1.9ms"))
    assert (met.standing, missed.standing) == (Standing.MET, Standing.MISSED)
    assert met.value == pytest.approx(2e-3, rel=0.05)
    assert len(met.runs) == 8


def test_one_loss_in_one_run_is_not_hidden(row: Make) -> None:
    def lossy(run: Result) -> Result:
        lost = 3 if run.block_index == 5 else 0
        return replace(run, audit=replace(run.audit, lost=lost))

    found = kept(parse_objective("lost==0"), row(lossy))
    assert (found.standing, found.value) == (Standing.MISSED, 3)
    assert found.runs == (0, 0, 0, 0, 0, 3, 0, 0)


def test_a_loss_in_an_invalid_run_counts(row: Make) -> None:
    def lossy(run: Result) -> Result:
        if run.block_index != 5:
            return run
        return replace(run, audit=replace(run.audit, lost=3), doubts=(DOUBT,))

    found = kept(parse_objective("lost==0"), row(lossy))
    assert (found.standing, found.value) == (Standing.MISSED, 3)
    assert found.runs == (0, 0, 0, 0, 0, 3, 0, 0)
    assert len(kept(parse_objective("p99<1s"), row(lossy)).runs) == 7


def test_latencies_of_what_did_not_keep_up_are_not_judged(row: Make) -> None:
    saturated = row(lambda run: replace(run, saturated=True))
    found = kept(parse_objective("p99<1s"), saturated)
    assert found.standing is Standing.UNKNOWN
    assert found.reason.startswith("saturated: its latency depends on the window")
    assert kept(parse_objective("cpu<1s"), saturated).standing is Standing.MET


def test_infinite_latency_misses_every_limit(row: Make) -> None:
    def endless(run: Result) -> Result:
        return replace(run, delivery=replace(run.delivery, p99=None))

    found = kept(parse_objective("p99<1h"), row(endless))
    assert (found.standing, found.value) == (Standing.MISSED, None)


def test_invalid_runs_are_not_judged(row: Make) -> None:
    found = kept(parse_objective("p99<1s"), row(lambda run: replace(run, doubts=(DOUBT,))))
    assert found.standing is Standing.UNKNOWN
    assert found.reason == "8 of 8 runs invalid (machine)"


def test_what_the_window_does_not_show_is_not_judged(row: Make) -> None:
    short = row(workload=Workload(rate=100.0, duration=1.0))
    assert (
        kept(parse_objective("p99<1s"), short).reason == "too few messages for p99; add --duration"
    )
    few = kept(parse_objective("memory<1MiB"), row())
    assert few.reason == "memory per connection was not measured"


def test_every_metric_that_can_be_promised_can_be_judged(row: Make) -> None:
    limits = {"lost": "1", "bytes": "1MiB", "memory": "1MiB"}
    many = row(workload=Workload(subscribers=100, rate=5000.0))
    for metric in METRICS:
        objective = parse_objective(f"{metric}<{limits.get(metric, '1s')}")
        assert kept(objective, many).standing is Standing.MET, metric


def test_a_refused_pattern_is_told_with_its_reason() -> None:
    found = refused(parse_objective("p99<1s"), "sse", "server sse died")
    assert (found.standing, found.reason) == (Standing.UNKNOWN, "server sse died")
