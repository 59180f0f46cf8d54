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
from harness.report.columns import WIDTH, Column, joined, table
from harness.report.delivery import blocks
from harness.report.question import CLOSED_LOOP, question
from harness.report.remarks import interval_line, mark, refusals, remarks
from harness.result import Series


def saturation_tables(series: Series, width: int = WIDTH) -> list[str]:
    """Say how many messages a second each pattern carries in a closed loop."""
    sections = [throughput_section(members, series, width) for members in by_workload(series)]
    return [*sections, "\n".join(refusals(series, width))]


def throughput_section(members: Sequence[Configuration], series: Series, width: int = WIDTH) -> str:
    """Give the closed-loop table of rows of one workload, a part for each block."""
    title = f"Throughput at saturation\n{question(members, series, width)}"
    tables = "\n\n".join(_throughputs(block, width) for _, block in blocks(members))
    notes = joined([CLOSED_LOOP, interval_line(members)], width)
    return "\n".join([title, tables, *remarks(members, series, width), notes])


def polling_curve(series: Series, width: int = WIDTH) -> list[str]:
    """Draw the curve: what each poll interval makes of latency and cost."""
    rows = sorted(
        (row for row in configurations(series) if row.polls),
        key=lambda row: (row.pattern, row.workload.poll_interval),
    )
    if not rows:
        return ["\n".join(refusals(series, width))]
    columns = [
        Column(""),
        Column("half of it"),
        Column("mean service\nlatency"),
        Column("server CPU\nper message"),
        Column("bytes/message\nin + out"),
        Column("segments/message\nin + out", aside=1),
    ]
    lines = [
        [
            f"{mark(row)}{row.pattern} every {units.span(row.workload.poll_interval)}",
            units.seconds(_imposed(row)),
            cells.interval(estimate([run.service.mean for run in row.used]), units.seconds),
            cells.cost(row, CPU_PER_MESSAGE),
            cells.wire_bytes(row),
            cells.wire_segments(row),
        ]
        for row in rows
    ]
    title = f"Polling is a curve\n{question(rows, series, width)}"
    notes = [
        "half of it: what an interval imposes on average, whatever the server",
        interval_line(rows),
    ]
    drawn = table(columns, lines, width)
    return ["\n".join([title, drawn, *remarks(rows, series, width), joined(notes, width)])]


def _imposed(row: Configuration) -> float | None:
    """Give what polling imposes by itself, without the network."""
    mean = row.runs[0].analytic_mean
    return None if mean is None else mean - row.workload.network_s


def _throughputs(members: Sequence[Configuration], width: int) -> str:
    columns = [
        Column(""),
        Column("throughput"),
        Column("deliveries", aside=1),
        Column("server CPU\nper message"),
        Column("cores"),
        Column("load CPU", aside=2),
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
    return table(columns, lines, width)


def _rate(row: Configuration) -> float:
    return cells.middle(row, lambda run: run.achieved_rate)
