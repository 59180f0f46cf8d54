"""Tables beside the main one: throughput at saturation, and polling as a curve."""

from __future__ import annotations

from collections.abc import Sequence

from harness.measure.configuration import (
    CPU_PER_MESSAGE,
    Configuration,
    by_workload,
    configurations,
    fans_out,
)
from harness.measure.statistics import estimate
from harness.report import cells, units
from harness.report.columns import Column, joined, table
from harness.report.delivery import blocks
from harness.report.question import CLOSED_LOOP, question
from harness.report.remarks import interval_line, mark, refusals, remarks
from harness.result import Series


def saturation_tables(series: Series) -> list[str]:
    """Say how many messages a second each pattern carries in a closed loop."""
    sections = [throughput_section(members, series) for members in by_workload(series)]
    return [*sections, "\n".join(refusals(series))]


def throughput_section(members: Sequence[Configuration], series: Series) -> str:
    """Give the closed-loop table of rows of one workload, a part for each block."""
    title = f"Throughput at saturation\n{question(members, series)}"
    tables = "\n\n".join(_throughputs(block) for _, block in blocks(members))
    notes = joined([CLOSED_LOOP, interval_line(members)])
    return "\n".join([title, tables, *remarks(members, series), notes])


def polling_curve(series: Series) -> list[str]:
    """Draw the curve: what each poll interval makes of latency and cost."""
    rows = sorted(
        (row for row in configurations(series) if row.polls),
        key=lambda row: (row.pattern, row.workload.poll_interval),
    )
    if not rows:
        return ["\n".join(refusals(series))]
    columns = [
        Column(""),
        Column("interval"),
        Column("half of it"),
        Column("mean service\nlatency"),
        Column("server CPU\nper message"),
        Column("bytes/message\nin + out"),
        Column("segments/message\nin + out"),
    ]
    lines = [
        [
            mark(row) + row.pattern,
            units.span(row.workload.poll_interval),
            units.seconds(row.runs[0].analytic_mean),
            cells.interval(estimate([run.service.mean for run in row.used]), units.seconds),
            cells.cost(row, CPU_PER_MESSAGE),
            cells.wire_bytes(row),
            cells.wire_segments(row),
        ]
        for row in rows
    ]
    title = f"Polling is a curve\n{question(rows, series)}"
    notes = [
        "half of it: what an interval imposes on average, whatever the server",
        interval_line(rows),
    ]
    return ["\n".join([title, table(columns, lines), *remarks(rows, series), joined(notes)])]


def _throughputs(members: Sequence[Configuration]) -> str:
    columns = [
        Column(""),
        Column("throughput"),
        Column("deliveries"),
        Column("server CPU\nper message"),
        Column("cores"),
        Column("load CPU"),
    ]
    fans = fans_out(members[0].workload)
    fastest = sorted(members, key=lambda row: (not row.is_floor, not row.valid, -_rate(row)))
    lines = [
        [
            mark(row) + row.pattern,
            cells.throughput(row),
            f"{units.significant(cells.middle(row, lambda run: run.throughput))}/s" if fans else "",
            cells.cost(row, CPU_PER_MESSAGE),
            cells.cores(row),
            cells.busiest_load(row),
        ]
        for row in fastest
    ]
    return table(columns, lines)


def _rate(row: Configuration) -> float:
    return cells.middle(row, lambda run: run.achieved_rate)
