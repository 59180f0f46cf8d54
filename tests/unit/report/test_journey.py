from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.measure.configuration import Configuration, configurations
from harness.report.journey import journey_tables, shares
from harness.report.text import run_report
from harness.result import Journey, Parts, Series, Trace
from harness.workload import Exchange, Workload

Make = Callable[..., Series]

WORKLOAD = Workload(
    exchange=Exchange.JOURNEY, publishers=400, rate=50, service_time=0.2, trace=True
)


def parts(notified: float) -> Parts:
    return Parts(accepted=0.0004, queued=0.0003, worked=0.2, notified=notified)


def journey(count: int = 250, notified: float = 0.0008, **changes: Any) -> Journey:
    trace = Trace(
        count=count,
        mean=parts(notified),
        p50=parts(notified / 2),
        p90=parts(2 * notified),
        p99=parts(4 * notified),
        cost=-20e-6,
        cost_error=50e-6,
    )
    cpu = {"redis": 250e-6, "judge": 900e-6, "judge_workers": 600e-6}
    made = Journey(requests_per_message=1.0, cpu_per_message=cpu, latest=5.25, trace=trace)
    return replace(made, **changes)


@pytest.fixture
def make_rows(make_series: Make) -> Callable[..., list[Configuration]]:
    def make(workload: Workload = WORKLOAD, **journeys: Journey | None) -> list[Configuration]:
        asked = {f"submit_job_{name}": {"journey": one} for name, one in journeys.items()}
        return list(configurations(make_series(asked, runs=2, workload=workload)))

    return make


def test_parts_are_given_for_percentiles_that_enough_lie_beyond(
    make_rows: Callable[..., list[Configuration]],
) -> None:
    (many,) = make_rows(sse=journey(2000))
    (some,) = make_rows(sse=journey(200))
    (few,) = make_rows(sse=journey(39))
    assert [share.at for share in shares(many)] == ["mean", "p50", "p90", "p99"]
    assert [share.at for share in shares(some)] == ["mean", "p50", "p90"]
    assert [share.at for share in shares(few)] == ["mean"]
    assert shares(some)[0].seconds == pytest.approx((0.0004, 0.0003, 0.2, 0.0008))


def test_what_the_last_percentile_would_take_is_told(
    make_rows: Callable[..., list[Configuration]],
) -> None:
    (_, some), (_, many) = (journey_tables(make_rows(sse=journey(n))) for n in (250, 2000))
    seconds = WORKLOAD.duration * 1.1 * 8
    assert f"250 or more noted a run (p99 needs 2,000: --duration {seconds:g}s)" in some
    assert "p99 needs" not in many


def test_the_tables_say_what_it_took_and_where_the_time_went(
    make_rows: Callable[..., list[Configuration]],
) -> None:
    rows = make_rows(
        polling=journey(notified=0.5, requests_per_message=2.1), sse=journey(notified=0.0008)
    )
    costs, where = journey_tables(rows)
    assert costs.startswith("What a submission took\n")
    polling, sse = costs.splitlines()[-2:]
    assert polling.split()[:2] == ["submit_job_polling", "2.10"]
    assert [*sse.split()[-6:]] == ["900", "µs", "250", "µs", "600", "µs"]
    assert where.startswith("Where the time went\n")
    assert "502 ms" not in where
    line = next(line for line in where.splitlines() if "submit_job_polling" in line)
    assert line.split()[1] == "mean"
    assert "500 ms" in line
    assert "701 ms" in line
    assert "−20.0 µs ±50.0 µs" in line
    assert max(map(len, (*costs.splitlines(), *where.splitlines()))) <= 100


def test_a_terminal_of_80_columns_is_enough(
    make_rows: Callable[..., list[Configuration]],
) -> None:
    rows = make_rows(long_polling=journey(), sse=journey())
    for text in journey_tables(rows, 80):
        assert max(map(len, text.splitlines())) <= 80


def test_workers_that_were_gone_are_told_with_what_came_latest(
    make_rows: Callable[..., list[Configuration]],
) -> None:
    rows = make_rows(replace(WORKLOAD, duration=20, workers_gone=5.0), sse=journey())
    costs, _ = journey_tables(rows)
    assert "workers gone for 5 s" in " ".join(costs.split())
    assert "5.25 s" in costs


def test_what_was_not_noted_is_not_told(make_rows: Callable[..., list[Configuration]]) -> None:
    untraced = make_rows(replace(WORKLOAD, trace=False), sse=journey(trace=None))
    assert len(journey_tables(untraced)) == 1
    assert shares(untraced[0]) == []


def test_only_journeys_have_these_tables(make_series: Make) -> None:
    series = make_series({"sse": {}}, runs=1)
    assert journey_tables(configurations(series)) == []
    assert "What a submission took" not in run_report(series)
    made = make_series({"submit_job_sse": {"journey": journey()}}, runs=1, workload=WORKLOAD)
    assert "What a submission took" in run_report(made)
