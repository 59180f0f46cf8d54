"""What ``abec scale`` prints: what balancer and backplane add, and figures against gateways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.measure.configuration import P50, Configuration, configurations, far
from harness.measure.statistics import FEWEST_RUNS, difference
from harness.report import cells, gateways, units
from harness.report.columns import WIDTH, Column, joined, paragraph, table
from harness.report.question import CLOSED_LOOP, limits, surroundings, traffic
from harness.report.remarks import hidden_tail_line, mark, refusals
from harness.result import Series
from harness.scaling import Backplane, Balancer
from harness.workload import Workload

_Key = tuple[int, Backplane, Balancer]


def scale_report(latency: Series, saturation: Series, width: int = WIDTH) -> str:
    """Give both tables as far as they were measured, what is invalid in them and what is missing.

    Without any figure at the rate there are no tables.
    """
    rows, closed = configurations(latency), configurations(saturation)
    missing = [
        *refusals(latency, width),
        *refusals(saturation, width, where="in the closed loop"),
    ]
    if not rows:
        return "\n".join(missing)
    workload = rows[0].workload
    asked = joined(
        [
            traffic(workload.bare),
            units.size(workload.payload),
            f"{units.span(workload.duration)} after {units.span(workload.warmup)} warm-up",
            f"{latency.runs} runs each, interleaved" if latency.runs > 1 else "one run each",
        ],
        width,
    )
    parts = [
        f"{asked}\n{surroundings(rows[:1], width)}",
        f"One gateway, and what stands around it\n{_added(rows, width)}",
        _several(rows, closed, width),
        "\n".join(filter(None, (_doubts([*rows, *closed], width), *missing))),
        limits(latency.results, width),
    ]
    return "\n\n".join(part for part in parts if part)


def _added(rows: Sequence[Configuration], width: int) -> str:
    """Say what each part adds to the row in which it alone is left out."""
    by_key = {_key(row.workload): row for row in rows}
    tail = far(rows)
    columns = [Column(""), Column(P50.name), Column("adds"), Column(tail.name), Column("cores")]
    lines = []
    for key in sorted(by_key, key=_place):
        row, (number, backplane, balancer) = by_key[key], key
        if number > 1:
            continue
        without = by_key.get((1, backplane, Balancer.NONE))
        if balancer is Balancer.NONE:
            without = by_key.get((1, Backplane.NONE, Balancer.NONE))
        adds = _difference(without, row) if without is not None and without is not row else ""
        lines.append(
            [
                mark(row) + gateways.around(row.workload),
                cells.latency(row, P50),
                adds,
                cells.latency(row, tail),
                _cores(row),
            ]
        )
    notes = joined(
        [
            "latencies from due to received",
            "adds: to the p50 without that balancer or backplane",
            hidden_tail_line(rows),
        ],
        width,
    )
    return f"{table(columns, lines, width)}\n{notes}"


def _several(rows: Sequence[Configuration], closed: Sequence[Configuration], width: int) -> str:
    """Give the table over gateways with all that stands around them; empty if none has it."""
    whole = max([*closed, *rows], key=lambda row: row.workload.gateways).workload
    if whole.gateways == 1 and not closed:
        return ""
    return f"More gateways, {gateways.around(whole)}\n{_curve(whole, rows, closed, width)}"


def _curve(
    whole: Workload, rows: Sequence[Configuration], closed: Sequence[Configuration], width: int
) -> str:
    around = whole.backplane, whole.balancer
    at_rate = {
        row.workload.gateways: row
        for row in rows
        if (row.workload.backplane, row.workload.balancer) == around
    }
    in_flight = {row.workload.gateways: row for row in closed}
    tail = far(rows)
    columns = [Column(""), Column(P50.name), Column(tail.name), Column("cores")]
    if closed:
        columns.append(Column("throughput"))
    lines = []
    for number in sorted({*at_rate, *in_flight}):
        row, full = at_rate.get(number), in_flight.get(number)
        name = gateways.count(replace(whole, gateways=number))
        latencies = (
            ["! " + name, units.ABSENT, units.ABSENT, ""]
            if row is None
            else [mark(row) + name, cells.latency(row, P50), cells.latency(row, tail), _cores(row)]
        )
        throughput = units.ABSENT if full is None else mark(full) + cells.throughput(full)
        lines.append([*latencies, *([throughput] if closed else [])])
    notes = []
    if closed:
        loop = f"throughput: {CLOSED_LOOP}, {closed[0].workload.concurrency} in flight"
        notes.append(joined([loop], width))
    one_core = paragraph(
        "Where the servers share one core, more gateways cannot be faster on it: what the curve "
        "shows is what each further one costs.",
        width=width,
    )
    return "\n".join([table(columns, lines, width), *notes, one_core])


def _key(workload: Workload) -> _Key:
    return workload.gateways, workload.backplane, workload.balancer


def _place(key: _Key) -> tuple[int, bool, int]:
    """Order by gateways, first without a balancer, then as backplanes are declared."""
    gateways, backplane, balancer = key
    return gateways, balancer is not Balancer.NONE, list(Backplane).index(backplane)


def _difference(without: Configuration, row: Configuration) -> str:
    """Write how much later the median is; nothing where either may not be believed."""
    if not (without.valid and row.valid):
        return units.ABSENT
    shift = difference(without.samples(P50), row.samples(P50))
    if shift.value is None:
        return units.ABSENT
    text = f"{units.seconds(shift.value)}"
    if min(len(without.used), len(row.used)) < FEWEST_RUNS or None in (shift.low, shift.high):
        return text
    return f"{text} [{units.seconds(shift.low)}, {units.seconds(shift.high)}]"


def _cores(row: Configuration) -> str:
    found = gateways.shares([run.gateways for run in row.used if run.gateways is not None])
    return ", ".join(f"{kind} {cores:.2f}" for kind, cores in sorted(found.items()))


def _doubts(rows: Sequence[Configuration], width: int) -> str:
    """Name what makes rows invalid, once a set of rules."""
    invalid: dict[str, list[str]] = {}
    for row in rows:
        if not row.valid:
            rules = sorted({doubt.rule for run in row.invalid_runs for doubt in run.doubts})
            loop = "" if row.workload.open_loop else " in the closed loop"
            invalid.setdefault(", ".join(rules), []).append(gateways.set_up(row.workload) + loop)
    return "\n".join(
        paragraph(f"! invalid, {rules}: {'; '.join(names)}.", hanging="  ", width=width)
        for rules, names in invalid.items()
    )
