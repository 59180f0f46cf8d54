"""What ``abec tls`` prints: the same patterns without and with TLS, in one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.measure.compare import MemoryPerConnection
from harness.measure.configuration import CPU_PER_MESSAGE, P50, Configuration
from harness.measure.set_up import Connecting, SetUp, remedies
from harness.measure.statistics import estimate, median
from harness.report import cells, units
from harness.report.columns import WIDTH, Column, joined, paragraph, table
from harness.report.question import limits, surroundings
from harness.report.remarks import mark

Key = tuple[str, bool]
"""A pattern, and whether by TLS."""
NOT_BELIEVED = "n/a"
"""Stands for a figure that is invalid; why is told below."""


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
            _marked(key, one, by_key.get(key)),
            *_connecting(one),
            *_messages(by_key.get(key)),
            _memory(priced.memory.get(key)),
        ]
        for key, one in priced.connecting.items()
    ]
    notes = paragraph(
        f"connections/s: {units.count(priced.connections)} at once, from the first connecting to "
        f"the last subscribed; {NOT_BELIEVED} where that says nothing about the server. A core "
        "of the server has 1 s for what stands under server CPU each. Each handshake is a "
        "whole one, none is resumed. p50 from due to received on connections that are open.",
        width=width,
    )
    doubts = _doubts(priced, width)
    rows = list(priced.latency)
    around = surroundings(rows, width) if rows else ""
    told = limits([run for row in rows for run in row.runs], width) if rows else ""
    return "\n\n".join(
        filter(None, (around, f"{table(columns, lines, width)}\n{doubts}{notes}", told))
    )


def _named(key: Key) -> str:
    return f"{key[0]} {'tls' if key[1] else 'plain'}"


def _marked(key: Key, connecting: Connecting, row: Configuration | None) -> str:
    sound = connecting.valid and row is not None
    return f"{mark(row) if sound and row is not None else '! '}{_named(key)}"


def _messages(row: Configuration | None) -> list[str]:
    """Write what messages take and cost; ``–`` where that could not be measured."""
    if row is None:
        return [units.ABSENT, units.ABSENT]
    return [cells.latency(row, P50), cells.cost(row, CPU_PER_MESSAGE)]


def _doubts(priced: Priced, width: int) -> str:
    """Say what is invalid and why: connections per second first, then what is about messages."""
    invalid = {key: one for key, one in priced.connecting.items() if not one.valid}
    told = []
    for key, one in invalid.items():
        told.append(paragraph(_why(key, one), hanging="  ", width=width))
        told += one.refused.splitlines()[1:]  # the tail of a log, as it was
    tries = "; ".join(remedies(list(invalid.values())))
    if tries:
        told.append(paragraph(f"{tries[0].upper()}{tries[1:]}.", "  ", "  ", width))
    told += [
        paragraph(
            f"! {_named((row.pattern, row.workload.tls))}: p50 and CPU are invalid, "
            f"{', '.join(sorted({d.rule for run in row.invalid_runs for d in run.doubts}))}",
            hanging="  ",
            width=width,
        )
        for row in priced.latency
        if not row.valid
    ]
    return "".join(f"{line}\n" for line in told)


def _why(key: Key, one: Connecting) -> str:
    """Give the reason of the first run that missed each limit, and in how many that was."""
    if one.refused:
        return f"! {_named(key)}: connections were not measured: {one.refused.splitlines()[0]}"
    reasons: dict[str, list[str]] = {}
    for doubt in (doubt for run in one.doubted for doubt in run.doubts):
        reasons.setdefault(doubt.rule, []).append(doubt.reason)
    found = "; ".join(
        f"{reason[0]} ({rule}, {len(reason)} of {len(one.runs)} runs)"
        for rule, reason in reasons.items()
    )
    cpu = one.server_cpu
    if not cpu:
        return f"! {_named(key)}: connections/s {NOT_BELIEVED}: {found}."
    by_cpu = f" By its CPU each, the server's core takes {units.rate(1 / cpu, 'a second')}."
    return f"! {_named(key)}: connections/s {NOT_BELIEVED}: {found}.{by_cpu}"


def _connecting(one: Connecting) -> list[str]:
    return [
        _over(one.paced, lambda run: run.per_second, lambda value: units.rate(value, "").strip()),
        _over(one.costed, lambda run: run.server_cpu, units.seconds),
        _over(one.costed, lambda run: run.load_cpu, units.seconds),
        ", ".join(_shares(one)) or units.ABSENT,
    ]


def _over(
    runs: Sequence[SetUp],
    of: Callable[[SetUp], float],
    write: Callable[[float | None], str],
) -> str:
    return cells.interval(estimate([of(run) for run in runs]), write) if runs else NOT_BELIEVED


def _shares(one: Connecting) -> list[str]:
    """Write how busy server and load were, of all runs: it is by these that they are judged."""
    sides = ([run.server_share for run in one.runs], [run.load_share for run in one.runs])
    return [units.percent(median(side)) for side in sides] if one.runs else []


def _memory(slope: MemoryPerConnection | None) -> str:
    if slope is None:
        return units.ABSENT
    sides = (slope.process, slope.kernel)
    return joined(
        [" + ".join(units.ABSENT if side is None else f"{side / 1024:.1f}" for side in sides)]
    )
