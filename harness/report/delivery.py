"""Latency and cost of patterns, one pair of tables for each stack of each block."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness.measure.compare import MemoryPerConnection
from harness.measure.configuration import (
    CPU_PER_DELIVERY,
    CPU_PER_MESSAGE,
    LAST_P50,
    P50,
    Configuration,
    fans_out,
    far,
    times_floor,
)
from harness.measure.statistics import median
from harness.report import cells, units
from harness.report.columns import WIDTH, Column, paragraph, table
from harness.report.remarks import mark
from harness.workload import Exchange

_BLOCKS = {"edge": "Edge delivery", "broker": "Broker delivery"}
_HOLDERS = {Exchange.GROUP: "member", Exchange.JOURNEY: "user"}
"""Who holds one connection or two, by the pattern: then these are counted."""


def delivery_tables(
    rows: Sequence[Configuration],
    memory: Mapping[str, MemoryPerConnection],
    width: int = WIDTH,
) -> list[str]:
    """Give the tables of rows of one workload: no figure of one block beside one of another."""
    parts = []
    for name, block in blocks(rows):
        for stack, members in stacks(block):
            title = f"{name} · {stack}" if stack else name
            ranked = sorted(members, key=_rank)
            for what, drawn in (
                ("latency", _latencies(ranked, rows, width)),
                ("cost", _costs(ranked, memory, width)),
            ):
                heading = paragraph(f"{title}: {what}", hanging="  ", width=width)
                parts.append(f"{heading}\n{drawn}")
    return parts


def holder(exchange: Exchange) -> str:
    """Name whom a figure of memory is for: one connection, or one who may have two."""
    return _HOLDERS.get(exchange, "connection")


def blocks(rows: Sequence[Configuration]) -> Iterable[tuple[str, list[Configuration]]]:
    """Divide rows by block, the edge first, each with its heading."""
    for block in sorted({row.block for row in rows}, reverse=True):
        yield _BLOCKS.get(block, block), [row for row in rows if row.block == block]


def stacks(block: Sequence[Configuration]) -> Iterable[tuple[str, list[Configuration]]]:
    """Divide a block by stack, its floor in each; patterns alone on theirs come last."""
    floors = [row for row in block if row.is_floor]
    by_stack: dict[str, list[Configuration]] = {}
    for row in (row for row in block if not row.is_floor):
        by_stack.setdefault(row.implementation, []).append(row)
    if not by_stack:
        yield "", floors
    alone = [rows[0] for stack, rows in by_stack.items() if stack and len(rows) == 1]
    shared = {stack: rows for stack, rows in by_stack.items() if not stack or len(rows) > 1}
    for stack, rows in sorted(shared.items()):
        title = f"@{stack}" if stack else "default stack"
        yield (title if len(by_stack) > 1 else ""), [*floors, *rows]
    if alone:
        yield (
            "other stacks, each to be read beside its own pattern",
            [
                *floors,
                *alone,
            ],
        )


def _rank(row: Configuration) -> tuple[bool, bool, bool, float]:
    """Order by p50; the floor first, what is in no ranking last."""
    value = median(row.samples(P50))
    late = float("inf") if value is None else value
    return not row.is_floor, not row.valid, row.saturated, late


def _latencies(members: Sequence[Configuration], rows: Sequence[Configuration], width: int) -> str:
    metrics = [P50, far(rows), *([LAST_P50] if fans_out(rows[0].workload) else [])]
    latencies = [Column(metric.name, aside=metric is LAST_P50) for metric in metrics]
    columns = [Column(""), *latencies, Column("× floor"), Column("lost")]
    lines = [
        [
            mark(row) + row.pattern,
            *(cells.latency(row, metric) for metric in metrics),
            cells.times_floor(times_floor(row, rows)),
            cells.lost(row),
        ]
        for row in members
    ]
    return table(columns, lines, width)


def _costs(
    members: Sequence[Configuration], memory: Mapping[str, MemoryPerConnection], width: int
) -> str:
    fans = fans_out(members[0].workload)
    exchange = members[0].workload.exchange
    columns = [
        Column(""),
        Column("server CPU\nper message"),
        Column("server CPU\nper delivery"),
        Column("cores"),
        Column("bytes/message\nin + out"),
        Column("segments/message\nin + out", aside=1),
        Column("connections"),
        Column(f"memory per\n{holder(exchange)}"),
    ]
    lines = [
        [
            mark(row) + row.pattern,
            cells.cost(row, CPU_PER_MESSAGE),
            cells.cost(row, CPU_PER_DELIVERY) if fans else "",
            cells.cores(row),
            cells.wire_bytes(row),
            cells.wire_segments(row),
            cells.connections(row) if exchange in _HOLDERS else "",
            _memory(memory.get(row.pattern)) if memory else "",
        ]
        for row in members
    ]
    return table(columns, lines, width)


def _memory(found: MemoryPerConnection | None) -> str:
    if found is None:
        return units.ABSENT
    process, kernel = (
        units.ABSENT if part is None else units.significant(part / 1024)
        for part in (found.process, found.kernel)
    )
    return f"{process} + {kernel} KiB"
