"""What ``abec run`` prints: the question, a row for each configuration, and what to make of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from harness.measure.configuration import (
    CPU_PER_MESSAGE,
    LAST_P50,
    P50,
    P90,
    P99,
    P99_9,
    Configuration,
    Metric,
    configurations,
    fans_out,
    times_floor,
)
from harness.measure.statistics import FEWEST_RUNS, Estimate, estimate, median
from harness.report import units
from harness.report.columns import Column, joined, table
from harness.report.question import limits, question, surroundings
from harness.report.remarks import hidden_tail_line, interval_line, mark, refusals, remarks
from harness.result import Series
from harness.workload import Exchange

CLOSED_LOOP = "closed loop: not comparable with open-loop figures"


def run_report(series: Series, path_saved: str = "") -> str:
    """Answer what ``abec run`` was asked, with the name of the saved file as last line."""
    parts = [_exchange(series, rows) for rows in _by_exchange(series)]
    parts.append("\n".join(refusals(series)))
    if series.results:
        parts.append(limits(series.results))
    if path_saved:
        parts.append(f"saved {path_saved} · next: abec compare {path_saved} NEWER.json")
    return "\n\n".join(part for part in parts if part)


def exchange_table(series: Series, exchange: Exchange) -> str:
    """Give the part of ``run_report`` that is about one exchange, refusals included."""
    parts = [
        _exchange(series, rows)
        for rows in _by_exchange(series)
        if rows[0].workload.exchange is exchange
    ]
    return "\n\n".join(part for part in (*parts, "\n".join(refusals(series))) if part)


def row_line(row: Configuration, among: Sequence[Configuration]) -> str:
    """Give one row without a table, each figure with its name, to be printed by itself."""
    figures = [
        f"{metric.name} {latency_cell(row, metric)}"
        for metric in (P50, P90, P99)
        if row.shows(metric)
    ]
    multiple = times_floor(row, among)
    return joined(
        [
            f"{mark(row)}{row.pattern}  {_throughput(row)}".rstrip(),
            *figures,
            "" if multiple is None else f"{units.times(multiple)} × floor",
            f"lost {_lost(row)}",
            f"server {_cpu(row)}",
            f"load {_load(row)}",
        ]
    )


def interval_cell(found: Estimate, write: Callable[[float | None], str]) -> str:
    """Write a median, and half its interval in percent where there are runs enough for one."""
    text = write(found.median)
    if found.n < FEWEST_RUNS or found.median is None:
        return text
    if found.high is None:
        return f"{text} ±{units.INFINITE}"
    return f"{text} ±{units.percent(found.half_width)}"


def latency_cell(row: Configuration, metric: Metric) -> str:
    """Write a latency of a row; ``–`` where too few messages lie beyond the percentile."""
    if not row.shows(metric):
        return units.ABSENT
    return interval_cell(estimate(row.samples(metric)), units.seconds)


def _by_exchange(series: Series) -> list[list[Configuration]]:
    """Group rows by workload, in the order in which the workloads were first measured."""
    return [list(rows) for _, rows in groupby(configurations(series), lambda row: row.workload)]


def _exchange(series: Series, rows: Sequence[Configuration]) -> str:
    return "\n".join(
        [
            question(rows, series),
            surroundings(rows),
            _table(rows),
            *remarks(rows, series),
            _footnotes(rows),
        ]
    )


def _table(rows: Sequence[Configuration]) -> str:
    far = P99 if any(row.shows(P99) for row in rows) else P90
    latencies = [P50, far] + [P99_9] * any(row.shows(P99_9) for row in rows)
    latencies += [LAST_P50] * fans_out(rows[0].workload)
    columns = [
        Column(""),
        Column("throughput"),
        *(Column(metric.name) for metric in latencies),
        Column("× floor"),
        Column("lost"),
        Column("server CPU"),
        Column("load CPU"),
    ]
    cells = [
        [
            mark(row) + row.pattern,
            _throughput(row),
            *(latency_cell(row, metric) for metric in latencies),
            _multiple(row, rows),
            _lost(row),
            _cpu(row),
            _load(row),
        ]
        for row in rows
    ]
    return table(columns, cells)


def _footnotes(rows: Sequence[Configuration]) -> str:
    workload = rows[0].workload
    parts = [
        CLOSED_LOOP if not workload.open_loop else "",
        "latencies from due to received",
        "to last: to the last subscriber of each message" if fans_out(workload) else "",
        "× floor by service latency" if workload.open_loop else "",
        "load CPU in its busiest 100 ms",
        hidden_tail_line(rows),
        interval_line(rows),
    ]
    return joined(parts)


def _throughput(row: Configuration) -> str:
    """Write messages per second where the system sets the pace; empty in an open loop."""
    if row.workload.open_loop:
        return ""
    return interval_cell(estimate([run.achieved_rate for run in row.used]), units.rate)


def _multiple(row: Configuration, rows: Sequence[Configuration]) -> str:
    if not row.workload.open_loop:
        return ""
    multiple = times_floor(row, rows)
    return units.ABSENT if multiple is None else units.times(multiple)


def _lost(row: Configuration) -> str:
    return units.count(sum(run.audit.lost for run in row.used))


def _cpu(row: Configuration) -> str:
    values = row.samples(CPU_PER_MESSAGE)
    return f"{units.seconds(median(values))}/msg" if values else units.ABSENT


def _load(row: Configuration) -> str:
    return units.percent(max(run.generator.cpu_peak for run in row.used))
