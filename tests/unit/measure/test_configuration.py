"""Which runs count, what may be shown of them, and what their floor is."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.measure.configuration import (
    BYTES_PER_DELIVERY,
    CPU_PER_MESSAGE,
    LOST,
    LOST_PER_MILLION,
    MEMORY_PER_CONNECTION,
    P50,
    P90,
    P99,
    SWITCHES_PER_DELIVERY,
    TIME_PER_MESSAGE,
    Configuration,
    asked_of,
    by_workload,
    configurations,
    far,
    floor_of,
    tail,
    times_floor,
)
from harness.result import Doubt, Result, Series
from harness.workload import Workload

DOUBT = Doubt(rule="receiver lag", reason="too much", remedy="less")
Make = Callable[..., Any]


def doubted(series: Series, pattern: str, count: int) -> Series:
    """Spoil the first ``count`` runs of ``pattern``."""

    def spoiled(run: Result) -> Result:
        if run.pattern == pattern and run.block_index < count:
            return replace(run, doubts=(DOUBT,))
        return run

    return replace(series, results=tuple(map(spoiled, series.results)))


def only(series: Series) -> Configuration:
    (row,) = configurations(series)
    return row


@pytest.mark.parametrize(
    ("runs", "invalid", "valid", "used"),
    [
        (8, 0, True, 8),
        (8, 3, True, 5),
        (8, 4, False, 8),
        (5, 1, False, 5),
        (3, 0, True, 3),
        (3, 1, False, 3),
        (1, 0, True, 1),
        (1, 1, False, 1),
    ],
)
def test_figures_stand_on_five_valid_runs_or_on_all_of_fewer(
    make_series: Make, runs: int, invalid: int, valid: bool, used: int
) -> None:
    row = only(doubted(make_series({"sse": {}}, runs=runs), "sse", invalid))

    assert (row.valid, len(row.used), len(row.invalid_runs)) == (valid, used, invalid)
    assert len(row.samples(P50)) == used


def test_floors_come_first_then_names_under_workloads_as_first_measured(make_series: Make) -> None:
    second = make_series({"sse": {}, "floor": {}}, workload=Workload(rate=10.0))
    first = make_series({"websocket": {}, "sse@aiohttp": {}, "floor": {}})
    both = replace(first, results=first.results + second.results)

    names = [[row.pattern for row in rows] for rows in by_workload(both)]

    assert names == [["floor", "sse@aiohttp", "websocket"], ["floor", "sse"]]
    row = configurations(first)[1]
    assert (row.family, row.implementation, row.block) == ("sse", "aiohttp", "edge")


def test_a_floor_without_compression_stands_with_the_patterns_that_compress(
    make_series: Make,
) -> None:
    plain = make_series({"floor": {}})
    compressed = make_series({"websocket": {}}, workload=Workload(deflate=True))
    other = make_series({"floor": {}, "sse": {}}, workload=Workload(rate=50.0))
    both = replace(plain, results=plain.results + other.results + compressed.results)

    groups = by_workload(both)

    assert [[row.pattern for row in rows] for rows in groups] == [
        ["floor", "sse"],
        ["floor", "websocket"],
    ]
    assert times_floor(groups[1][1], groups[1]) == pytest.approx(1.0, rel=0.1)


def test_infinite_latency_is_a_sample_and_unmeasured_cost_is_none(make_series: Make) -> None:
    row = only(make_series({"sse": {"p99": None, "cpu": None}}))

    assert row.samples(P99) == (None,) * 8
    assert row.samples(CPU_PER_MESSAGE) == ()
    assert row.samples(LOST) == (0,) * 8
    assert row.samples(TIME_PER_MESSAGE) == (0.001,) * 8


def test_costs_are_per_delivery_and_per_connection(make_series: Make) -> None:
    row = only(make_series({"sse": {}}, workload=Workload(subscribers=1000, rate=10.0)))

    assert row.samples(BYTES_PER_DELIVERY) == (262.0 + 3.5 / 1000,) * 8
    assert row.samples(SWITCHES_PER_DELIVERY) == (0.5 / 1000,) * 8
    assert row.samples(MEMORY_PER_CONNECTION) == ((2 << 20) / 1000,) * 8


def test_memory_of_few_connections_was_not_measured(make_series: Make) -> None:
    few = only(make_series({"sse": {}}, workload=Workload(subscribers=99)))

    assert few.samples(MEMORY_PER_CONNECTION) == ()


@pytest.mark.parametrize("unknown", [{"pss_before": 0}, {"pss": 0}])
def test_memory_that_was_not_seen_at_both_moments_is_not_known(
    make_series: Make, unknown: dict[str, int]
) -> None:
    made = make_series({"sse": {}}, workload=Workload(subscribers=1000))
    unseen = tuple(replace(r, server=replace(r.server, **unknown)) for r in made.results)

    assert only(replace(made, results=unseen)).samples(MEMORY_PER_CONNECTION) == ()


def test_losses_are_given_per_million(make_result: Make, make_series: Make) -> None:
    clean = make_result()
    lossy = replace(clean, audit=replace(clean.audit, owed=8000, lost=2))

    assert LOST_PER_MILLION.of(lossy) == 250.0
    assert only(make_series({"sse": {}})).samples(LOST_PER_MILLION) == (0.0,) * 8


@pytest.mark.parametrize(
    ("messages", "shown"), [(1999, P90), (2000, P99), (200, P90), (199, None), (20_000, P99)]
)
def test_a_percentile_needs_20_messages_beyond_it(
    make_series: Make, messages: int, shown: object
) -> None:
    row = only(make_series({"sse": {}}, workload=Workload(rate=float(messages), duration=1.0)))

    assert tail([row]) is shown
    assert far([row]) is (P99 if shown is P99 else P90)


def test_a_row_is_saturated_when_half_of_its_runs_are(make_series: Make) -> None:
    calm = make_series({"sse": {}})

    def late(count: int, workload: Workload) -> Configuration:
        runs = (
            replace(run, saturated=run.block_index < count, workload=workload)
            for run in calm.results
        )
        return only(replace(calm, results=tuple(runs)))

    assert not late(3, Workload()).saturated
    assert late(4, Workload()).saturated
    assert not late(8, Workload(rate=None, concurrency=4)).saturated


def test_the_floor_of_a_row_is_its_blocks_under_the_same_load(make_series: Make) -> None:
    rows = configurations(make_series({"floor": {}, "sse": {}, "redis_pubsub": {}}))
    polled = configurations(make_series({"rest_polling": {}}, workload=Workload(poll_interval=0.5)))
    heavier = configurations(make_series({"sse": {}}, workload=Workload(payload=512)))

    found = {row.pattern: floor_of(row, rows) for row in (*rows, *polled)}

    assert {name: floor and floor.pattern for name, floor in found.items()} == {
        "floor": "floor",
        "sse": "floor",
        "redis_pubsub": None,
        "rest_polling": "floor",
    }
    assert floor_of(heavier[0], rows) is None


def test_times_floor_is_the_ratio_of_service_medians_of_valid_rows(make_series: Make) -> None:
    series = make_series({"floor": {"p50": 1e-4}, "sse": {"p50": 4e-4}}, noise=0.0)

    def multiple(changed: Series) -> float | None:
        rows = configurations(changed)
        return times_floor(rows[1], rows)

    assert multiple(series) == pytest.approx(4)
    assert multiple(doubted(series, "sse", 8)) is None
    assert multiple(doubted(series, "floor", 8)) is None
    saturated = tuple(replace(r, saturated=r.pattern == "sse") for r in series.results)
    assert multiple(replace(series, results=saturated)) is None
    lost = {"floor": {"p50": 1e-4}, "sse": {"p50": None, "p99": None}}
    assert multiple(make_series(lost)) is None
    few = Workload(rate=10.0, duration=3.0)
    assert multiple(make_series({"floor": {}, "sse": {}}, workload=few)) is None


def test_what_rows_were_asked_is_not_what_their_plain_floor_was(make_series: Make) -> None:
    plain = make_series({"floor": {}}, runs=1)
    tls = make_series({"sse": {}}, runs=1, workload=Workload(tls=True))
    (rows,) = by_workload(replace(plain, results=plain.results + tls.results))

    assert [row.pattern for row in rows] == ["floor", "sse"]
    assert asked_of(rows).tls
    assert not asked_of(rows[:1]).tls
