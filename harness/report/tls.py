"""What ``abec tls`` prints: the same patterns without and with TLS, in one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.measure.compare import MemoryPerConnection
from harness.measure.configuration import CPU_PER_MESSAGE, P50, Configuration
from harness.measure.statistics import estimate
from harness.report import cells, units
from harness.report.columns import WIDTH, Column, joined, paragraph, table
from harness.report.question import limits, surroundings
from harness.report.remarks import mark

Key = tuple[str, bool]
"""A pattern, and whether by TLS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connecting:
    """Figures of several runs in which connections were made at once."""

    per_second: tuple[float, ...]
    server_cpu: tuple[float, ...]
    load_cpu: tuple[float, ...]
    server_share: tuple[float, ...]
    load_share: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """All that was measured."""

    connections: int
    connecting: Mapping[Key, Connecting]
    latency: Sequence[Configuration]
    memory: Mapping[Key, MemoryPerConnection]


def tls_report(priced: Priced, width: int = WIDTH) -> str:
    """Give one row a pattern and way, plain above TLS."""
    by_key = {(row.pattern, row.workload.tls): row for row in priced.latency}
    columns = [
        Column(""),
        Column("connec-\ntions/s"),
        Column("server\nCPU each"),
        Column("load\nCPU each"),
        Column("busy then:\nserver, load"),
        Column("p50"),
        Column("server CPU\na message", aside=1),
        Column("KiB each:\nown + kernel"),
    ]
    lines = [
        [
            _named(key, by_key.get(key)),
            *_connecting(one),
            *_messages(by_key.get(key)),
            _memory(priced.memory.get(key)),
        ]
        for key, one in priced.connecting.items()
    ]
    notes = paragraph(
        f"connections/s: {units.count(priced.connections)} at once, from the first connecting to "
        "the last subscribed. Where the load was the busier side, that is what our client makes; "
        "where neither was busy, something else had the machine, and it says nothing; a core "
        "of the server has 1 s for what stands under server CPU each. Each handshake is a "
        "whole one, none is resumed. p50 from due to received on connections that are open.",
        width=width,
    )
    doubts = _doubts(priced.latency, width)
    rows = list(priced.latency)
    around = surroundings(rows, width) if rows else ""
    told = limits([run for row in rows for run in row.runs], width) if rows else ""
    return "\n\n".join(
        filter(None, (around, f"{table(columns, lines, width)}\n{doubts}{notes}", told))
    )


def _named(key: Key, row: Configuration | None) -> str:
    marked = "! " if row is None else mark(row)
    return f"{marked}{key[0]} {'tls' if key[1] else 'plain'}"


def _messages(row: Configuration | None) -> list[str]:
    """Write what messages take and cost; ``–`` where that could not be measured."""
    if row is None:
        return [units.ABSENT, units.ABSENT]
    return [cells.latency(row, P50), cells.cost(row, CPU_PER_MESSAGE)]


def _doubts(rows: Sequence[Configuration], width: int) -> str:
    """Name the rules by which rows are invalid; they are about p50 and CPU a message."""
    told = [
        paragraph(
            f"! {_named((row.pattern, row.workload.tls), None)[2:]}: p50 and CPU are invalid, "
            f"{', '.join(sorted({d.rule for run in row.invalid_runs for d in run.doubts}))}",
            hanging="  ",
            width=width,
        )
        for row in rows
        if not row.valid
    ]
    return "".join(f"{line}\n" for line in told)


def _connecting(one: Connecting) -> list[str]:
    shares = (estimate(one.server_share).median, estimate(one.load_share).median)
    return [
        cells.interval(estimate(one.per_second), lambda value: units.rate(value, "")),
        cells.interval(estimate(one.server_cpu), units.seconds),
        cells.interval(estimate(one.load_cpu), units.seconds),
        ", ".join(map(units.percent, shares)),
    ]


def _memory(slope: MemoryPerConnection | None) -> str:
    if slope is None:
        return units.ABSENT
    return joined([" + ".join(f"{side / 1024:.1f}" for side in (slope.process, slope.kernel))])
