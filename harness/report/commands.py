"""What ``abec commands`` prints: every Redis command with both clients, one row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from harness.measure.configuration import (
    CPU_PER_MESSAGE,
    P50,
    Configuration,
    Metric,
    configurations,
    far,
)
from harness.report import cells, units
from harness.report.columns import WIDTH, Column, joined, listed, paragraph, table
from harness.report.question import CLOSED_LOOP, limits, surroundings
from harness.report.remarks import mark, refusals
from harness.result import Series
from harness.workload import ClientKind, RedisCommand, Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmarked:
    """What redis-benchmark found."""

    rates: Mapping[RedisCommand, float] = field(default_factory=dict)
    """Commands per second; empty where it is not installed."""
    missing: Mapping[str, Sequence[RedisCommand]] = field(default_factory=dict)
    """What it gave no figure for, by the reason."""


Rows = Mapping[tuple[RedisCommand, ClientKind], Configuration]


def commands_report(
    latency: Series, saturation: Series, benchmark: Benchmarked, width: int = WIDTH
) -> str:
    """Give latency and cost at the rate, throughput in a closed loop, and what is invalid.

    Of a command that one client could not be measured with, the other's figures stand alone.
    """
    parts = [
        _section(latency, _latencies, width),
        _section(saturation, partial(_throughputs, benchmark=benchmark.rates), width),
        _unbenchmarked(benchmark, width),
        _doubts([*configurations(latency), *configurations(saturation)], width),
    ]
    if runs := latency.results or saturation.results:
        parts.append(limits(runs, width))
    return "\n\n".join(part for part in parts if part)


def _section(series: Series, draw: Callable[[Series, int], str], width: int) -> str:
    """Give what was asked, its table, and what was not measured: that may be all of it."""
    lines = [_asked(series, width), draw(series, width)] if series.results else []
    return "\n".join([*lines, *refusals(series, width)])


def _unbenchmarked(benchmark: Benchmarked, width: int) -> str:
    return "\n".join(
        paragraph(f"redis-benchmark without {listed(commands)}: {reason}.", "", "  ", width)
        for reason, commands in benchmark.missing.items()
    )


def _rows(series: Series) -> Rows:
    return {
        (row.workload.command, row.workload.client): row
        for row in configurations(series)
        if not row.is_floor
    }


def _asked(series: Series, width: int) -> str:
    rows = configurations(series)
    workload = rows[0].workload
    paces = dict.fromkeys(_pace(row.workload) for row in rows)
    parts = [
        f"{' and '.join(paces)}",
        f"pipeline of {workload.pipeline}",
        f"{units.count(workload.keys)} keys",
        units.size(workload.payload),
        f"{units.span(workload.duration)} after {units.span(workload.warmup)} warm-up",
        f"{series.runs} runs each, interleaved" if series.runs > 1 else "one run each",
    ]
    around = surroundings(rows[:1], width).replace(f" · {workload.client} client", "")
    return f"{joined(parts, width)}\n{around}"


def _pace(workload: Workload) -> str:
    if workload.rate is None:
        pace = f"at most {units.count(workload.concurrency)} in flight"
    else:
        pace = f"{units.rate(workload.rate, 'commands/s')} {workload.arrivals}"
    several = "s" * (workload.publishers > 1)
    return f"{pace} over {workload.publishers} connection{several}"


def _latencies(series: Series, width: int) -> str:
    rows = _rows(series)
    tail = far([row for row in rows.values() if row.shows(P50)])
    columns = [Column("")]
    for client in ClientKind:
        columns += [Column(f"{client}\n{metric.name}") for metric in (P50, tail)]
    columns += [Column("server CPU\nper command"), Column("lost or\nwrong")]
    lines = []
    for command in _commands(rows):
        both = [rows.get((command, client)) for client in ClientKind]
        figures = [_latency(row, metric) for row in both for metric in (P50, tail)]
        wire = rows.get((command, ClientKind.WIRE))
        cost = units.ABSENT if wire is None else cells.cost(wire, CPU_PER_MESSAGE)
        measured = [run for row in both if row is not None for run in row.used]
        wrong = sum(run.audit.lost + run.audit.corrupted for run in measured)
        lines.append([command, *figures, cost, units.count(wrong)])
    notes = joined(
        ["latencies from due to received", "server CPU: with wire, and with what puts back"], width
    )
    return f"{table(columns, lines, width)}\n{notes}"


def _throughputs(series: Series, width: int, benchmark: Mapping[RedisCommand, float]) -> str:
    rows = _rows(series)
    columns = [Column(""), *(Column(str(client)) for client in ClientKind)]
    columns += [Column("redis-benchmark")] if benchmark else []
    lines = []
    for command in _commands(rows):
        both = [rows.get((command, client)) for client in ClientKind]
        line = [command, *map(_per_second, both)]
        if benchmark:
            found = benchmark.get(command)
            line.append(units.ABSENT if found is None else _rate(units.rate(found)))
        lines.append(line)
    notes = [CLOSED_LOOP, "redis-benchmark: C, puts nothing back" if benchmark else ""]
    return f"{table(columns, lines, width)}\n{joined(notes, width)}"


def _latency(row: Configuration | None, metric: Metric) -> str:
    return units.ABSENT if row is None else mark(row) + cells.latency(row, metric)


def _per_second(row: Configuration | None) -> str:
    return units.ABSENT if row is None else mark(row) + _rate(cells.throughput(row))


def _rate(text: str) -> str:
    return text.replace(" msg/s", "/s")


def _commands(rows: Rows) -> list[RedisCommand]:
    asked = {command for command, _ in rows}
    return [command for command in RedisCommand if command in asked]


def _doubts(rows: Sequence[Configuration], width: int) -> str:
    """Say once for each set of rules which rows are invalid by them."""
    invalid: dict[str, list[str]] = {}
    for row in rows:
        if not row.valid:
            rules = sorted({doubt.rule for run in row.invalid_runs for doubt in run.doubts})
            loop = "" if row.workload.open_loop else " in the closed loop"
            name = f"{row.workload.command} ({row.workload.client}{loop})"
            invalid.setdefault(", ".join(rules), []).append(name)
    return "\n".join(
        paragraph(f"! invalid, {rules}: {', '.join(names)}.", hanging="  ", width=width)
        for rules, names in invalid.items()
    )
