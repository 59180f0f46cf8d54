"""Every Redis command in one table: both clients side by side, what is wrong said below."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.measure.configuration import configurations
from harness.report.commands import Benchmarked, commands_report
from harness.result import Doubt, Series
from harness.workload import ClientKind, Exchange, RedisCommand, Workload

Make = Callable[..., Any]
CALLS = Workload(exchange=Exchange.REQUEST_REPLY, publishers=8)
DOUBT = Doubt(rule="generator CPU", reason="busy", remedy="less")


def measured(make_series: Make, workload: Workload, **library: Any) -> Series:
    parts = [
        make_series(
            {"redis_command": library if client is ClientKind.LIBRARY else {}},
            workload=replace(workload, command=command, client=client),
            runs=1,
            noise=0.0,
        )
        for command in (RedisCommand.GET, RedisCommand.FLUSHALL)
        for client in ClientKind
    ]
    return replace(parts[0], results=tuple(run for part in parts for run in part.results))


def test_one_row_a_command_with_both_clients(make_series: Make) -> None:
    at_rate = measured(make_series, CALLS, p50=900e-6)
    closed = measured(make_series, replace(CALLS, rate=None, concurrency=64))
    text = commands_report(at_rate, closed, Benchmarked(rates={RedisCommand.GET: 98_000.0}))
    rows = [line.split() for line in text.split("\n") if line.startswith(("GET", "FLUSHALL"))]
    assert [row[0] for row in rows] == ["GET", "FLUSHALL"] * 2
    assert "900 µs" in text
    assert rows[2][-1] == "98,000/s"
    assert rows[3][-1] == "–"
    assert max(map(len, text.split("\n"))) <= 100


def test_without_redis_benchmark_there_is_no_column_for_it(make_series: Make) -> None:
    closed = measured(make_series, replace(CALLS, rate=None, concurrency=64))
    text = commands_report(measured(make_series, CALLS), closed, Benchmarked())
    assert "redis-benchmark" not in text


def test_what_is_invalid_is_marked_and_named(make_series: Make) -> None:
    at_rate = measured(make_series, CALLS, doubts=(DOUBT,))
    assert not all(row.valid for row in configurations(at_rate))
    text = commands_report(
        at_rate, measured(make_series, replace(CALLS, rate=None, concurrency=64)), Benchmarked()
    )
    assert "! invalid, generator CPU: GET (library), FLUSHALL (library)." in text


def without(series: Series, command: RedisCommand, client: ClientKind) -> Series:
    """Leave out one cell, as a series does that could not measure it."""
    kept = [
        run
        for run in series.results
        if (run.workload.command, run.workload.client) != (command, client)
    ]
    name = f"redis_command --command {command} --client {client}"
    return replace(series, results=tuple(kept), refused={name: "Redis refused 9 commands: OOM"})


def test_a_cell_that_was_not_measured_is_a_gap_and_has_its_reason(make_series: Make) -> None:
    get, library = RedisCommand.GET, ClientKind.LIBRARY
    at_rate = without(measured(make_series, CALLS, p50=900e-6), get, library)
    closed = without(
        measured(make_series, replace(CALLS, rate=None, concurrency=64)), get, ClientKind.WIRE
    )
    text = commands_report(at_rate, closed, Benchmarked(rates={get: 98_000.0}))
    latency, throughput = (line.split() for line in text.split("\n") if line.startswith("GET"))
    assert latency.count("–") == 2
    assert "900" not in latency
    assert (throughput[:2], throughput[-1]) == (["GET", "–"], "98,000/s")
    for client in ClientKind:
        line = f"! redis_command --command GET --client {client} was not measured: Redis refused"
        assert text.count(line) == 1


def test_a_series_without_a_result_is_its_reasons(make_series: Make) -> None:
    nothing = replace(
        measured(make_series, CALLS), results=(), refused={"redis_command": "no Redis was found"}
    )
    told = "! redis_command was not measured: no Redis was found"
    assert commands_report(nothing, nothing, Benchmarked()) == f"{told}\n\n{told}"
    closed = measured(make_series, replace(CALLS, rate=None, concurrency=64))
    assert told in commands_report(nothing, closed, Benchmarked())


def test_what_redis_benchmark_gave_no_figure_for_is_told(make_series: Make) -> None:
    closed = measured(make_series, replace(CALLS, rate=None, concurrency=64))
    missing = {"it was not done after 60 s": (RedisCommand.GET, RedisCommand.TTL)}
    text = commands_report(measured(make_series, CALLS), closed, Benchmarked(missing=missing))
    assert "redis-benchmark without GET and TTL: it was not done after 60 s." in text
