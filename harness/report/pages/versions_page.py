"""The *Versions* page: each figure of a library over its releases."""

from __future__ import annotations

from collections.abc import Callable

from harness.machine import Machine
from harness.measure.configuration import QUANTILES
from harness.measure.history import History
from harness.report import units
from harness.report.pages import marks
from harness.report.pages.names import OwnMachine, machine_names
from harness.report.pages.page import (
    Axis,
    Cell,
    Column,
    Curves,
    Figure,
    Line,
    Releases,
    Row,
    State,
    Table,
    Unit,
)
from harness.report.release_figures import ReleaseFigure, ReleasePoint, release_figures
from harness.report.releases import asked, found

Clean = Callable[[str], str]
_UNITS = {"s": Unit.SECONDS, "B": Unit.BYTES}


def releases(history: History, clean: Clean, own: OwnMachine | None = None) -> Releases:
    """Show one library; ``clean`` takes private names out of what failures said."""
    machine = history.machine
    names = [] if machine is None else list(machine_names([machine], own).values())
    heading = " · ".join(
        [
            ", ".join(history.releases),
            f"{history.runs} runs each",
            *names,
            *([] if machine is None else [machine.python, _beside(history.library, machine)]),
            *([f"measured {history.measured}"] if history.measured else []),
            f"suite {history.commit[:10]}",
        ]
    )
    drawn = [one for one in release_figures(history) if any(p.estimate for p in one.points)]
    return Releases(
        id=history.library,
        library=history.library,
        asked=(heading, *asked(history)),
        found=tuple(clean(line) for line in found(history)),
        figures=tuple(
            figure(f"{history.library}-{number}", one, clean) for number, one in enumerate(drawn, 1)
        ),
    )


def _beside(library: str, machine: Machine) -> str:
    """Name what stayed the same under all releases."""
    others = (f"{name} {found}" for name, found in machine.libraries.items() if name != library)
    return f"beside {', '.join(others)}"


def figure(name: str, drawn: ReleaseFigure, clean: Clean) -> Figure:
    """Draw one quantity of one cell."""
    points = drawn.points
    estimates = [point.estimate for point in points]
    return Figure(
        id=name,
        title=f"{drawn.library}, {drawn.cell}: {drawn.quantity}",
        caption=_caption(drawn),
        drawing=Curves(
            x=Axis(
                label="release", unit=Unit.PLACE, ticks=tuple(point.release for point in points)
            ),
            y=Axis(label=_label(drawn.quantity), unit=_UNITS[drawn.unit]),
            lines=(
                Line(
                    name=f"{drawn.pattern}, {drawn.library} as {drawn.acts}",
                    colour=1,
                    state=State.VALID,
                    x=tuple(float(point.place) for point in points),
                    y=tuple(None if one is None else one.median for one in estimates),
                    low=tuple(None if one is None else one.low for one in estimates),
                    high=tuple(None if one is None else one.high for one in estimates),
                    marked=True,
                ),
            ),
        ),
        table=_table(drawn, clean),
    )


def _label(quantity: str) -> str:
    """Name what an axis shows: a percentile alone says not of what."""
    return f"delivery latency {quantity}" if quantity in QUANTILES else quantity


def _caption(drawn: ReleaseFigure) -> str:
    differing = [
        f"{point.release} ({units.change(point.change)})" for point in drawn.points if point.differs
    ]
    if differing:
        return f"Differs from the release before: {', '.join(differing)}."
    if drawn.coarsest is None:
        return "No difference between neighbours is established."
    change = units.change(drawn.coarsest).removeprefix("+")
    return (
        f"No difference between neighbours is established; one of {change} would have been found."
    )


def _table(drawn: ReleaseFigure, clean: Clean) -> Table:
    return Table(
        columns=(
            Column(name="release", words=True),
            Column(name="median", unit=drawn.unit),
            Column(name="low", unit=drawn.unit),
            Column(name="high", unit=drawn.unit),
            Column(name="over the one before"),
            Column(name="note", words=True),
        ),
        rows=tuple(_row(drawn, point, clean) for point in drawn.points),
    )


def _row(drawn: ReleaseFigure, point: ReleasePoint, clean: Clean) -> Row:
    def write(value: float | None) -> str:
        return units.figure(value, drawn.unit)

    found_one = point.estimate
    nothing = Cell(text=units.ABSENT)
    numbers = (
        (nothing,) * 3
        if found_one is None
        else tuple(
            marks.cell(end, write) for end in (found_one.median, found_one.low, found_one.high)
        )
    )
    change = nothing if point.change is None else marks.cell(point.change, units.change)
    note = "differs" if point.differs else clean(point.absent)
    name = Cell(text=point.release, value=point.release)
    return Row(
        cells=(name, *numbers, change, Cell(text=note, value=note)),
        state=State.VALID if point.estimate is not None else State.INVALID,
    )
