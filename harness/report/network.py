"""With a network between servers and clients: what it did to each pattern, and how well it kept."""

from __future__ import annotations

from collections.abc import Sequence

from harness.measure.configuration import P50, Configuration, configurations
from harness.measure.statistics import median
from harness.report import cells, units
from harness.report.columns import WIDTH, Column, joined, paragraph, table
from harness.report.delivery import blocks
from harness.report.question import question
from harness.report.remarks import interval_line, mark, refusals, remarks
from harness.result import Series

_WORST_FIRST = ("! ", "~ ", "  ")


def relay_line(rows: Sequence[Configuration]) -> str:
    """Say how well the relay kept what it promised, at its worst; empty without one."""
    uses = [run.network for row in rows for run in row.runs if run.network is not None]
    if not uses:
        return ""
    p50 = max(use.late_p50 for use in uses)
    p90s = [use.late_p90 for use in uses if use.late_p90 is not None]
    p90 = f", {units.seconds(max(p90s))} at p90" if p90s else ""
    p99 = max(use.late_p99 for use in uses)
    cpu = max(use.cpu for use in uses)
    return (
        f"the network is a relay of ours, late by {units.seconds(p50)} at p50{p90} and "
        f"{units.seconds(p99)} at p99 at most, {units.percent(cpu)} of a load core"
    )


def network_section(without: Series, between: Series, width: int = WIDTH) -> list[str]:
    """Put latency without a network and with one beside each other, a table for each block.

    Where fewer receivers stand behind the relay, ``between`` holds what these measure without it.
    """
    measured = configurations(between)
    rows = [row for row in measured if row.workload.networked]
    if not rows:
        return ["\n".join(refusals(between, width))]
    fewer = [row for row in measured if not row.workload.networked]
    whole = configurations(without)
    many = rows[0].workload.deliveries_per_message
    alike = [row for row in whole if row.workload.deliveries_per_message == many]
    direct = {row.pattern: row for row in fewer or alike}
    rtt = rows[0].workload.rtt
    columns = [
        Column(""),
        Column("p50\nwithout"),
        Column(f"p50 over\n{units.span(rtt)}"),
        Column("added"),
        Column("round trips"),
    ]
    tables = [
        table(
            columns,
            [_line(row, direct.get(row.pattern), told=bool(fewer)) for row in _ordered(block)],
            width,
        )
        for _, block in blocks(rows)
    ]
    title = ["With a network in between", question(rows, between, width)]
    if fewer and whole:
        title.append(paragraph(_fewer(rows, whole), width=width))
    notes = [
        "round trips: what the network added, as a multiple of its round trip",
        relay_line(rows),
        interval_line(rows),
    ]
    below = [*remarks([*rows, *fewer], between, width), joined(notes, width)]
    return ["\n".join([*title, "\n\n".join(tables), *below])]


def _fewer(rows: Sequence[Configuration], whole: Sequence[Configuration]) -> str:
    """Say how many receive here, and why."""
    here, there = (found[0].workload.deliveries_per_message for found in (rows, whole))
    return (
        f"{here} of the {there} receive each message here, with the network and without: beside "
        "its clients on one core a relay does not pass as many in time"
    )


def _worst(sides: Sequence[Configuration | None]) -> str:
    marks = {mark(side) for side in sides if side is not None}
    return next(sign for sign in _WORST_FIRST if sign in marks)


def _ordered(rows: Sequence[Configuration]) -> list[Configuration]:
    def rank(row: Configuration) -> tuple[bool, bool, float]:
        value = median(row.samples(P50))
        return not row.is_floor, not row.valid, float("inf") if value is None else value

    return sorted(rows, key=rank)


def _line(row: Configuration, direct: Configuration | None, *, told: bool) -> list[str]:
    """Lay out one row; ``told`` says whether what is wrong with ``direct`` is told of here, too."""
    far = median(row.samples(P50))
    near = None if direct is None else median(direct.samples(P50))
    added = None if far is None or near is None else far - near
    return [
        _worst([row, direct] if told else [row]) + row.pattern,
        units.ABSENT if direct is None else cells.latency(direct, P50),
        cells.latency(row, P50),
        units.ABSENT if added is None else units.seconds(added),
        units.ABSENT if added is None else f"{added / row.workload.rtt:.2f}",
    ]
