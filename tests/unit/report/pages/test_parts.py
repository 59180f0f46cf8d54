"""Which rows become one part, in which scenario and order: what is another question stays apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.measure.compare import MemoryPerConnection
from harness.measure.configuration import asked_of
from harness.report.pages.parts import Kind, Part, Source, parts_of
from harness.result import Gateways, Series
from harness.scaling import Balancer
from harness.scenario import BUILT_IN
from harness.workload import Exchange, Workload

Make = Callable[..., Any]
TICKER = BUILT_IN["ticker"].workload
PATTERNS = {"floor": {}, "sse": {}, "websocket": {}}


def parts(*all_series: Series) -> list[Part]:
    return parts_of([Source(name="x.json", series=series) for series in all_series])


def test_a_network_and_tls_are_scenarios_of_their_own_after_the_plain_one(
    make_series: Make,
) -> None:
    asked = [
        Workload(rate=7.0),
        replace(TICKER, rtt=0.05),
        replace(TICKER, tls=True),
        TICKER,
        BUILT_IN["chat"].workload,
    ]

    found = parts(*(make_series(PATTERNS, workload=workload, runs=1) for workload in asked))

    assert [part.scenario for part in found] == [
        "ticker",
        "ticker, network of 50 ms round trip",
        "ticker, by TLS",
        "chat",
        "broadcast 7 msg/s → 1 subscriber",
    ]


def test_one_command_for_all_does_not_mix_their_closed_loops(make_series: Make) -> None:
    closed = replace(TICKER, rate=None, concurrency=64)
    asked = [TICKER, closed, replace(closed, payload=4096), replace(TICKER, payload=4096)]
    series = [make_series(PATTERNS, workload=workload, runs=1) for workload in asked]

    found = parts(*(replace(one, command="make baseline") for one in series))

    assert [(part.scenario, part.kind) for part in found] == [
        ("ticker", Kind.LATENCY),
        ("ticker", Kind.THROUGHPUT),
        ("ticker, 4 KiB", Kind.LATENCY),
        ("ticker, 4 KiB", Kind.THROUGHPUT),
    ]


def test_an_outage_of_the_workers_has_a_closed_loop_without_one(make_series: Make) -> None:
    judge = replace(BUILT_IN["judge"].workload, workers_gone=5.0)
    closed = replace(judge, workers_gone=0.0, rate=None, concurrency=8, duration=2.0)
    rows = {"submit_job_sse": {}}
    series = [make_series(rows, workload=asked, runs=1) for asked in (judge, closed)]

    first, second = parts(*series)

    assert first.scenario == second.scenario
    assert judge.exchange is Exchange.JOURNEY


def test_polls_by_tls_are_no_part_of_a_plain_curve(make_series: Make) -> None:
    polling = {"rest_polling": {"analytic_mean": 0.01}}
    asked = [
        replace(TICKER, poll_interval=0.005),
        replace(TICKER, poll_interval=0.02),
        replace(TICKER, poll_interval=0.08, tls=True),
    ]

    found = parts(*(make_series(polling, workload=workload, runs=1) for workload in asked))

    (curve,) = (part for part in found if part.kind is Kind.POLLING)
    assert curve.scenario == "ticker"
    assert sorted(row.workload.poll_interval for row in curve.rows) == [0.005, 0.02]


def test_gateways_of_one_set_up_are_a_curve_and_its_closed_loop_another(make_series: Make) -> None:
    used = Gateways(subscribers=(1,), deliveries=(1,), cores={})
    scaled = {"websocket_scaled": {"gateways": used}, "websocket": {}, "floor": {}}
    chat = BUILT_IN["chat"].workload
    closed = replace(chat, rate=None, concurrency=64)
    asked = [
        *(replace(loop, gateways=count) for loop in (chat, closed) for count in (1, 3)),
        replace(chat, gateways=1, balancer=Balancer.NONE),
    ]
    series = [make_series(scaled, workload=workload, runs=1) for workload in asked]

    found = parts(*(replace(one, command="abec scale --scenario chat") for one in series))

    curves = [part for part in found if part.kind is Kind.GATEWAYS]
    assert [part.scenario for part in curves] == ["chat", "chat"]
    assert {row.pattern for part in curves for row in part.rows} == {"websocket_scaled"}
    assert [[row.workload.gateways for row in part.rows] for part in curves] == [[1, 3], [1, 3]]
    assert [asked_of(part.rows).open_loop for part in curves] == [True, False]


def test_memory_over_gateways_is_no_curve_of_latency(make_series: Make) -> None:
    used = Gateways(subscribers=(1,), deliveries=(1,), cores={})
    chat = BUILT_IN["chat"].workload
    sources = [
        Source(
            name="x.json",
            series=make_series(
                {"websocket_scaled": {"gateways": used}}, workload=replace(chat, gateways=count)
            ),
            memory={"websocket_scaled": MemoryPerConnection(process=1e4, kernel=8e3)},
        )
        for count in (1, 3)
    ]
    assert {part.kind for part in parts_of(sources)} == {Kind.MEMORY}


def test_files_of_one_curve_miss_no_runs_of_another(make_series: Make) -> None:
    used = Gateways(subscribers=(1,), deliveries=(1,), cores={})
    chat = BUILT_IN["chat"].workload
    series = [
        make_series(
            {"websocket_scaled": {"gateways": used}},
            workload=replace(chat, gateways=count),
            runs=count,
        )
        for count in (1, 3)
    ]

    found = parts(*(replace(one, command=f"run {one.runs}") for one in series))

    (curve,) = (part for part in found if part.kind is Kind.GATEWAYS)
    assert curve.source.series.runs == 1
    assert curve.source.series.command == "run 1; run 3"
