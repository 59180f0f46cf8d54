"""Figures of lines: whole distributions, by percentile and by latency."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.measure.configuration import Configuration
from harness.measure.statistics import Estimate
from harness.report import units
from harness.report.pages import distribution, marks
from harness.report.pages.dots import Colours
from harness.report.pages.page import (
    Axis,
    Cell,
    Column,
    Curves,
    Figure,
    Line,
    Row,
    Table,
    Unit,
)

_Measured = tuple[Configuration, tuple[distribution.Run, ...]]
_BAND = "Median over runs of each run's own curve, with its interval as a band."


def distributions(
    name: str, members: Sequence[Configuration], colours: Colours
) -> tuple[Figure, ...]:
    """Show the whole distribution, by percentile and by latency; empty where no file holds it."""
    measured = [(row, found) for row in members if (found := distribution.runs(row))]
    measured = [(row, found) for row, found in measured if distribution.quantile_grid(row)]
    if not measured:
        return ()
    return (
        _quantiles(f"{name}-percentiles", measured, colours),
        _shares(f"{name}-ecdf", measured, colours),
    )


def _quantiles(name: str, measured: Sequence[_Measured], colours: Colours) -> Figure:
    grids = {row.pattern: distribution.quantile_grid(row) for row, _ in measured}
    curves = {
        row.pattern: distribution.median_over_runs(
            [run.quantiles(grids[row.pattern]) for run in runs]
        )
        for row, runs in measured
    }
    rows = [row for row, _ in measured]
    longest = max(grids.values(), key=len)
    lines = tuple(
        _line(
            row, [distribution.nines(q) for q in grids[row.pattern]], curves[row.pattern], colours
        )
        for row in rows
    )
    return Figure(
        id=name,
        title="Delivery latency by percentile",
        caption=f"{_BAND} {marks.intervals(rows)} Each nine has the same width; a line ends where "
        "fewer than 20 messages lie beyond.",
        drawing=Curves(
            x=Axis(label="percentile of deliveries", unit=Unit.NINES),
            y=Axis(label="delivery latency", unit=Unit.SECONDS, log=True),
            lines=lines,
        ),
        table=_curve_table(
            Column(name="percentile"),
            [Cell(text=f"{100 * q:.6g}", value=round(100 * q, 6)) for q in longest],
            rows,
            curves,
            "s",
            units.seconds,
        ),
    )


def _shares(name: str, measured: Sequence[_Measured], colours: Colours) -> Figure:
    grid = distribution.latency_grid_ns(measured)
    rows = [row for row, _ in measured]
    curves = {
        row.pattern: distribution.median_over_runs([run.shares(grid) for run in runs])
        for row, runs in measured
    }
    seconds = [float(value) / 1e9 for value in grid]
    return Figure(
        id=name,
        title="Share delivered within a time (ECDF)",
        caption=f"{_BAND} {marks.intervals(rows)} What was lost is never delivered.",
        drawing=Curves(
            x=Axis(label="delivery latency", unit=Unit.SECONDS, log=True),
            y=Axis(label="share of deliveries", unit=Unit.SHARE),
            lines=tuple(_line(row, seconds, curves[row.pattern], colours) for row in rows),
        ),
        table=_curve_table(
            Column(name="within", unit="s"),
            [Cell(text=units.seconds(value), value=value) for value in seconds],
            rows,
            curves,
            "",
            lambda share: f"{100 * (share or 0.0):.4g} %",
        ),
    )


def _line(
    row: Configuration, x: Sequence[float], found: Sequence[Estimate], colours: Colours
) -> Line:
    band = distribution.has_band(found)
    return Line(
        name=row.pattern,
        colour=colours[row.family],
        state=marks.state(row),
        x=tuple(x),
        y=tuple(one.median for one in found),
        low=tuple(one.low for one in found) if band else (None,) * len(found),
        high=tuple(one.high for one in found) if band else (None,) * len(found),
    )


def _curve_table(
    first: Column,
    places: Sequence[Cell],
    rows: Sequence[Configuration],
    curves: dict[str, list[Estimate]],
    unit: str,
    write: Callable[[float | None], str],
) -> Table:
    """Give one line for each place of the longest curve, three columns for each pattern."""
    absent = Cell(text=units.ABSENT)

    def at(curve: Sequence[Estimate], place: int) -> tuple[Cell, ...]:
        if place >= len(curve):
            return (absent,) * 3
        one = curve[place]
        if not marks.has_interval(one):
            return marks.cell(one.median, write), absent, absent
        return tuple(marks.cell(end, write) for end in (one.median, one.low, one.high))

    return Table(
        columns=(
            first,
            *(
                Column(name=f"{row.pattern}{end}", unit=unit)
                for row in rows
                for end in ("", " from", " to")
            ),
        ),
        rows=tuple(
            Row(cells=(cell, *(c for row in rows for c in at(curves[row.pattern], place))))
            for place, cell in enumerate(places)
        ),
    )
