"""What ``abec run`` prints: the question, a row for each configuration, and what to make of it."""

from __future__ import annotations

from collections.abc import Sequence

from harness.measure.configuration import (
    CPU_PER_MESSAGE,
    LAST_P50,
    P50,
    P99_9,
    Configuration,
    by_workload,
    fans_out,
    far,
    tail,
    times_floor,
)
from harness.measure.statistics import FEWEST_RUNS, median
from harness.report import cells, units
from harness.report.columns import WIDTH, Column, joined, table
from harness.report.journey import journey_tables
from harness.report.network import relay_line
from harness.report.question import CLOSED_LOOP, TO_LAST, limits, question, saved, surroundings
from harness.report.remarks import hidden_tail_line, interval_line, mark, refusals, remarks
from harness.result import Series
from harness.workload import Exchange

_ASIDE = {P99_9.name: 2, LAST_P50.name: 1}
"""What leaves the table first where it is too wide; loss and cost stay beside the latency."""


def run_report(series: Series, path_saved: str = "", width: int = WIDTH) -> str:
    """Answer what ``abec run`` was asked, with the name of the saved file as last line."""
    parts = [_question(series, rows, width) for rows in by_workload(series)]
    parts.append("\n".join(refusals(series, width)))
    if series.results:
        parts.append(limits(series.results, width))
    if path_saved:
        enough = series.runs >= FEWEST_RUNS
        advice = "abec compare OLD.json NEW.json" if enough else "add --runs 8, to compare with"
        parts.append(saved(path_saved, f"next: {advice}", width))
    return "\n\n".join(part for part in parts if part)


def exchange_table(series: Series, exchange: Exchange, width: int = WIDTH) -> str:
    """Give the part of ``run_report`` that is about one exchange, refusals included."""
    parts = [
        _question(series, rows, width)
        for rows in by_workload(series)
        if rows[0].workload.exchange is exchange
    ]
    return "\n\n".join(part for part in (*parts, "\n".join(refusals(series, width))) if part)


def row_line(row: Configuration, among: Sequence[Configuration]) -> str:
    """Give one row without a table, each figure with its name, to be printed by itself."""
    shown = (metric for metric in (P50, tail([row])) if metric is not None)
    closed = not row.workload.open_loop
    return joined(
        [
            mark(row) + row.pattern,
            cells.throughput(row) if closed else "",
            *(f"{metric.name} {cells.latency(row, metric)}" for metric in shown),
            "" if closed else f"{cells.times_floor(times_floor(row, among))} × floor",
            f"lost {cells.lost(row)}",
            f"server {_cpu(row)}",
            f"load {cells.busiest_load(row)}",
        ]
    )


def _question(series: Series, rows: Sequence[Configuration], width: int) -> str:
    return "\n".join(
        [
            question(rows, series, width),
            surroundings(rows, width),
            _table(rows, width),
            *remarks(rows, series, width),
            _footnotes(rows, width),
            *(f"\n{part}" for part in journey_tables(rows, width)),
        ]
    )


def _table(rows: Sequence[Configuration], width: int) -> str:
    open_loop = rows[0].workload.open_loop
    latencies = [P50, far(rows)]
    if open_loop and any(row.shows(P99_9) for row in rows):
        latencies.append(P99_9)
    if fans_out(rows[0].workload):
        latencies.append(LAST_P50)
    columns = [
        Column(""),
        Column("throughput"),
        *(Column(metric.name, aside=_ASIDE.get(metric.name, 0)) for metric in latencies),
        Column("× floor"),
        Column("lost"),
        Column("server CPU"),
        Column("load CPU", aside=3),
    ]
    lines = [
        [
            mark(row) + row.pattern,
            "" if open_loop else cells.throughput(row),
            *(cells.latency(row, metric) for metric in latencies),
            cells.times_floor(times_floor(row, rows)) if open_loop else "",
            cells.lost(row),
            _cpu(row),
            cells.busiest_load(row),
        ]
        for row in rows
    ]
    return table(columns, lines, width)


def _footnotes(rows: Sequence[Configuration], width: int) -> str:
    workload = rows[0].workload
    return joined(
        [
            "" if workload.open_loop else CLOSED_LOOP,
            "latencies from due to received",
            TO_LAST if fans_out(workload) else "",
            "× floor by service latency p50" if workload.open_loop else "",
            "load CPU in its busiest 100 ms",
            relay_line(rows),
            hidden_tail_line(rows),
            interval_line(rows),
        ],
        width,
    )


def _cpu(row: Configuration) -> str:
    values = row.samples(CPU_PER_MESSAGE)
    return f"{units.seconds(median(values))}/msg" if values else units.ABSENT
