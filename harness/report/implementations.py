"""What implementations of one pattern differ by."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from harness.measure.configuration import CPU_PER_DELIVERY, P50, Configuration, Metric, far
from harness.measure.statistics import FEWEST_RUNS, Shift, ratio
from harness.report import units
from harness.report.columns import WIDTH, Column, paragraph, table


def implementation_table(rows: Sequence[Configuration], width: int = WIDTH) -> str:
    """Give each implementation over its pattern's default; empty without a second one.

    Where the default was not measured, the first by name stands in for it.
    """
    pairs = _pairs(rows)
    if not pairs:
        return ""
    metrics = (P50, far(row for pair in pairs for row in pair), CPU_PER_DELIVERY)
    columns = [Column(""), *(Column(m.name) for m in metrics[:2]), Column("CPU/delivery")]
    lines = [
        [_name(default, row), *(_cell(default, row, metric) for metric in metrics)]
        for default, row in pairs
    ]
    note = paragraph(_note(pairs), hanging="  ", width=width)
    return f"What the implementation costs\n{table(columns, lines, width)}\n{note}"


def _pairs(rows: Sequence[Configuration]) -> list[tuple[Configuration, Configuration]]:
    workloads = list(dict.fromkeys(row.workload for row in rows))

    def family(row: Configuration) -> tuple[int, str]:
        return workloads.index(row.workload), row.family

    fit = sorted(
        (row for row in rows if row.valid and not row.is_floor),
        key=lambda row: (*family(row), row.implementation),
    )
    return [(default, other) for _, (default, *others) in groupby(fit, family) for other in others]


def _name(default: Configuration, row: Configuration) -> str:
    over = f" over {default.pattern}" if default.implementation else ""
    return f"  {row.pattern}{over}"


def _ratio(default: Configuration, row: Configuration, metric: Metric) -> Shift | None:
    sides = (default, row)
    if any(side.saturated or not side.shows(metric) for side in sides):
        return None
    first, second = (side.samples(metric) for side in sides)
    return ratio(first, second) if first and second else None


def _cell(default: Configuration, row: Configuration, metric: Metric) -> str:
    found = _ratio(default, row, metric)
    if found is None:
        return units.ABSENT
    if min(len(default.used), len(row.used)) < FEWEST_RUNS:
        return units.times(found.value)
    return f"{units.times(found.value)} [{units.times(found.low)}, {units.times(found.high)}]"


def _note(pairs: Sequence[tuple[Configuration, Configuration]]) -> str:
    found = (_ratio(default, row, P50) for default, row in pairs)
    levels = sorted({units.level(shift.level) for shift in found if shift is not None})
    intervals = f", each interval {' or '.join(levels)} by itself" if levels else ""
    return f"ratio to the pattern's default{intervals}; no verdict is drawn from it"
