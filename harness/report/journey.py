"""Journeys in a terminal: what each way of waiting took, and where the time went."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from harness.measure.configuration import Configuration
from harness.measure.validity import MESSAGES_BEYOND
from harness.report import cells, units
from harness.report.columns import WIDTH, Column, joined, paragraph, table
from harness.report.remarks import mark
from harness.result import Journey, Parts, Result, Trace
from harness.workload import Exchange

PARTS = ("accepted", "queued", "worked", "notified")
"""In the order of the way."""

_SERVERS = {"judge": "API CPU", "redis": "Redis CPU", "judge_workers": "workers CPU"}
_AT: dict[str, tuple[float, Callable[[Trace], Parts]]] = {
    "mean": (0.0, lambda trace: trace.mean),
    "p50": (0.5, lambda trace: trace.p50),
    "p90": (0.9, lambda trace: trace.p90),
    "p99": (0.99, lambda trace: trace.p99),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Where the time of one row's submissions went, over its runs."""

    at: str
    """``mean``, or the percentile they lie around."""
    seconds: tuple[float, ...]
    """One for each of ``PARTS``: the mean over runs, so that they still add up."""


def shares(row: Configuration) -> list[Share]:
    """Give the parts of the mean, and of each percentile that 20 submissions lie beyond."""
    traces = [trace for trace in map(_trace, row.used) if trace is not None and trace.count]
    found = []
    for at, (q, parts_of) in _AT.items():
        fewest = min((trace.count for trace in traces), default=0)
        if round(fewest * (1 - q), 6) < MESSAGES_BEYOND:
            continue
        parts = [parts_of(trace) for trace in traces]
        seconds = tuple(fmean(getattr(one, part) for one in parts) for part in PARTS)
        found.append(Share(at=at, seconds=seconds))
    return found


def journey_tables(rows: Sequence[Configuration], width: int = WIDTH) -> list[str]:
    """Give the tables that only journeys have; none for other exchanges."""
    rows = [row for row in rows if row.workload.exchange is Exchange.JOURNEY]
    return [part for part in (_costs(rows, width), _whereabouts(rows, width)) if part]


def _costs(rows: Sequence[Configuration], width: int) -> str:
    kept = [row for row in rows if all(run.journey is not None for run in row.used)]
    if not kept:
        return ""
    gone = kept[0].workload.workers_gone
    columns = [
        Column(""),
        Column("latest" if gone else ""),
        Column("lost" if gone else ""),
        Column("requests"),
        Column("bytes\nin + out"),
        *(Column(heading) for heading in _SERVERS.values()),
    ]
    lines = [
        [
            mark(row) + row.pattern,
            _latest(row) if gone else "",
            cells.lost(row) if gone else "",
            _requests(row),
            cells.wire_bytes(row),
            *(_cpu(row, server) for server in _SERVERS),
        ]
        for row in kept
    ]
    heading = "What a submission took"
    if gone:
        heading += (
            f", workers gone for {units.span(gone)} from a quarter of the window on "
            "(all that they held is lost; the verdict that came latest)"
        )
    return f"{paragraph(heading, width=width)}\n{table(columns, lines, width)}"


def _whereabouts(rows: Sequence[Configuration], width: int) -> str:
    found = [(row, shares(row)) for row in rows]
    lines = [
        [
            mark(row) + row.pattern if number == 0 else "",
            share.at,
            *map(units.seconds, share.seconds),
            units.seconds(sum(share.seconds)),
            _cost_of_noting(row) if number == 0 else "",
        ]
        for row, given in found
        for number, share in enumerate(given)
    ]
    if not lines:
        return ""
    columns = [
        Column(""),
        Column("", words=False),
        *map(Column, PARTS),
        Column("whole"),
        Column("noted −\nothers", aside=1),
    ]
    noted = [trace.count for row, _ in found for trace in map(_trace, row.used) if trace]
    notes = joined(
        [
            "accepted: due until the API has it",
            "queued: until a worker has it",
            "worked: until its verdict is on its way",
            "notified: until its user has it",
            "a percentile: mean of the 2 % around it",
            f"{units.count(min(noted))} or more noted a run{_for_the_last(found, min(noted))}",
            "noted − others: what noting costs, with the 99 % interval of the last run",
        ],
        width,
    )
    return f"Where the time went\n{table(columns, lines, width)}\n{notes}"


def _for_the_last(found: Sequence[tuple[Configuration, Sequence[Share]]], noted: int) -> str:
    """Say what the last percentile would take, where it is not there."""
    last, (q, _) = list(_AT.items())[-1]
    if any(share.at == last for _, given in found for share in given):
        return ""
    needed = round(MESSAGES_BEYOND / (1 - q))
    longer_s = found[0][0].workload.duration * 1.1 * needed / max(1, noted)
    return f" ({last} needs {units.count(needed)}: --duration {units.significant(longer_s, 2)}s)"


def _trace(run: Result) -> Trace | None:
    return None if run.journey is None else run.journey.trace


def _journeys(row: Configuration) -> list[Journey]:
    return [run.journey for run in row.used if run.journey is not None]


def _requests(row: Configuration) -> str:
    counts = [one.requests_per_message for one in _journeys(row)]
    known = [count for count in counts if count is not None]
    return units.significant(fmean(known), 3) if known else units.ABSENT


def _cpu(row: Configuration, server: str) -> str:
    used = [one.cpu_per_message[server] for one in _journeys(row) if server in one.cpu_per_message]
    return units.seconds(fmean(used)) if used else units.ABSENT


def _latest(row: Configuration) -> str:
    latest = [one.latest for one in _journeys(row) if one.latest is not None]
    return units.seconds(max(latest)) if latest else units.ABSENT


def _cost_of_noting(row: Configuration) -> str:
    trace = _trace(row.used[-1])
    if trace is None or trace.cost is None or trace.cost_error is None:
        return units.ABSENT
    sign = "−" if trace.cost < 0 else "+"
    return f"{sign}{units.seconds(abs(trace.cost))} ±{units.seconds(trace.cost_error)}"
