"""What was promised, beside what was measured: a line for each objective and pattern."""

from __future__ import annotations

from collections.abc import Sequence

from harness.measure.configuration import Kind
from harness.measure.objectives import Kept, Standing
from harness.report import units
from harness.report.columns import WIDTH, paragraph


def objectives_report(judged: Sequence[Kept], width: int = WIDTH) -> str:
    """Say of each objective whether it is met, by which figure, and of which runs."""
    lines = [paragraph(_line(one), indent="  ", hanging="    ", width=width) for one in judged]
    return "\n".join(["objectives", *lines])


def _line(one: Kept) -> str:
    said = f"{one.pattern} {one.objective.text}: {one.standing}"
    if one.standing is Standing.UNKNOWN:
        return f"{said}: {one.reason}"
    if one.metric.kind is Kind.LOSS:
        figure, how = units.count(one.value), "in all"
    else:
        figure, how = units.figure(one.value, one.metric.unit), "the median"
    if len(one.runs) == 1:
        return f"{said}: {figure} in one run"
    return f"{said}: {figure}, {how} of {len(one.runs)} runs ({_each(one)})"


def _each(one: Kept) -> str:
    if one.metric.kind is Kind.LOSS:
        return ", ".join(map(units.count, one.runs))
    return ", ".join(units.figure(value, one.metric.unit) for value in one.runs)
