"""Rows as figures and tables show them: their state, why, and each number with its interval."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.measure.configuration import Configuration, Metric
from harness.measure.statistics import FEWEST_RUNS, Estimate, Sample, estimate
from harness.report import units
from harness.report.pages.page import Cell, Column, Point, State

Write = Callable[[float | None], str]
_HOVER_WIDTH = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What one figure is read from a row by, and how it is written."""

    name: str
    unit: str
    samples: Callable[[Configuration], Sequence[Sample]]
    """One value a run; empty where the row does not show it."""
    write: Write


def of_metric(metric: Metric, write: Write, unit: str = "s", name: str = "") -> Measure:
    """Give the measure that a metric of latency or cost is."""

    def samples(row: Configuration) -> Sequence[Sample]:
        return row.samples(metric) if row.shows(metric) else ()

    return Measure(name=name or metric.name, unit=unit, samples=samples, write=write)


def state(row: Configuration) -> State:
    """Say how far a row may be believed."""
    if not row.valid:
        return State.INVALID
    if row.saturated:
        return State.SATURATED
    return State.FLOOR if row.is_floor else State.VALID


def note(row: Configuration) -> str:
    """Say in a few words why a row is not like the others; empty if it is."""
    broken = row.invalid_runs
    if not row.valid:
        doubt = broken[0].doubts[0]
        return (
            f"invalid in {len(broken)} of {len(row.runs)} runs, {doubt.rule}: {doubt.reason}"
            if len(row.runs) > 1
            else f"invalid, {doubt.rule}: {doubt.reason}"
        )
    told = []
    if row.saturated:
        told.append("saturated: its latency depends on the window and takes part in no ranking")
    if broken:
        told.append(f"{len(broken)} of {len(row.runs)} runs invalid, left out")
    lost = sum(run.audit.lost for run in row.used)
    if lost:
        told.append(f"lost {units.count(lost)} deliveries")
    return "; ".join(told)


def point(row: Configuration, measure: Measure) -> Point | None:
    """Give a row's median with its interval; None where the row does not show it."""
    samples = measure.samples(row)
    if not samples:
        return None
    found = estimate(samples)
    return Point(
        value=found.median,
        low=found.low if has_interval(found) else None,
        high=found.high if has_interval(found) else None,
        level=found.level if has_interval(found) else 0.0,
        hover=_hover(row, measure, found),
    )


def has_interval(found: Estimate) -> bool:
    """Whether there are runs enough for an interval."""
    return found.n >= FEWEST_RUNS


def columns(measure: Measure) -> tuple[Column, ...]:
    """Give the headings of a measure: median, and the ends of its interval."""
    return tuple(
        Column(name=f"{measure.name}{end}", unit=measure.unit) for end in ("", " from", " to")
    )


def cells(row: Configuration, measure: Measure) -> tuple[Cell, ...]:
    """Give median and interval of a row under ``columns``."""
    samples = measure.samples(row)
    if not samples:
        return (Cell(text=units.ABSENT),) * 3
    found = estimate(samples)
    if not has_interval(found):
        absent = Cell(text=units.ABSENT)
        return cell(found.median, measure.write), absent, absent
    return tuple(cell(end, measure.write) for end in (found.median, found.low, found.high))


def cell(value: float | None, write: Write) -> Cell:
    """Give one number; None is infinite."""
    infinite = value is None or math.isinf(value)
    return Cell(text=write(value), value="inf" if infinite else value)


def intervals(rows: Sequence[Configuration]) -> str:
    """Say what whiskers and bands of these rows cover, exactly."""
    sizes = sorted({len(row.used) for row in rows}, reverse=True)
    told = [size for size in sizes if size >= FEWEST_RUNS]
    if not told:
        return f"No interval: fewer than {FEWEST_RUNS} runs."
    levels = ", ".join(f"{units.level(estimate([0.0] * n).level)} over {n} runs" for n in told)
    few = f"; none under {FEWEST_RUNS} runs" if len(told) < len(sizes) else ""
    return f"Interval of the median: {levels}{few}."


def _hover(row: Configuration, measure: Measure, found: Estimate) -> str:
    lines = [f"{row.pattern}: {measure.name} {measure.write(found.median)}"]
    if has_interval(found):
        low, high = measure.write(found.low), measure.write(found.high)
        lines.append(f"{low} to {high} ({units.level(found.level)}, {found.n} runs)")
    else:
        lines.append("1 run" if found.n == 1 else f"{found.n} runs: no interval")
    return "\n".join([*lines, *textwrap.wrap(note(row), _HOVER_WIDTH)])
