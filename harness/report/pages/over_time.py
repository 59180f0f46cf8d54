"""Figure of lines: delivery latency over the window, where a pause has its place in time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from harness.measure.configuration import Configuration
from harness.measure.statistics import estimate
from harness.report import units
from harness.report.pages import marks
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
from harness.result import Timeline

_Values = tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    """What the runs of one pattern have in each slice. None is infinite, a gap is no message."""

    row: Configuration
    due: tuple[bool, ...]
    """Whether a message was due in the slice, in any run."""
    p50: _Values
    """Median over runs."""
    p99: _Values
    maximum: _Values
    """Of any run."""
    lost: tuple[int, ...]
    """In all runs together."""


def over_time(name: str, members: Sequence[Configuration], colours: Colours) -> tuple[Figure, ...]:
    """Show p50 and maximum by due time; empty where no file holds a timeline."""
    found = [(row, _timelines(row)) for row in members]
    courses = [_course(row, timelines) for row, timelines in found if timelines]
    if not courses:
        return ()
    slices = next(timelines[0] for _, timelines in found if timelines)
    middles = tuple((place + 0.5) * slices.slice for place in range(len(slices.count)))
    several = any(len(course.row.used) > 1 for course in courses)
    told = (
        "Thick: p50, its median over runs. Thin: the largest in any run."
        if several
        else "Thick: p50. Thin: the largest."
    )
    return (
        Figure(
            id=f"{name}-over-time",
            title="Delivery latency over time within a run",
            caption=f"{told} By due time, in {len(middles)} slices of "
            f"{units.span(slices.slice)}: what was due while a server paused shows where it was "
            "due. A gap: nothing was due, or what was due is lost.",
            drawing=Curves(
                x=Axis(label="time since the window's begin", unit=Unit.SECONDS),
                y=Axis(label="delivery latency", unit=Unit.SECONDS, log=True),
                lines=tuple(
                    line for course in courses for line in _lines(course, middles, colours)
                ),
            ),
            table=_table(courses, slices.slice),
            wide=True,
        ),
    )


def _timelines(row: Configuration) -> tuple[Timeline, ...]:
    """Give the timelines of all runs that count; empty where one of them is missing."""
    found = [run.timeline for run in row.used if run.timeline is not None]
    lengths = {(len(one.count), one.slice) for one in found}
    return tuple(found) if len(found) == len(row.used) and len(lengths) == 1 else ()


def _course(row: Configuration, runs: Sequence[Timeline]) -> _Course:
    places = range(len(runs[0].count))
    due = [[run for run in runs if run.count[place] + run.lost[place]] for place in places]

    def medians(of: Callable[[Timeline], _Values]) -> _Values:
        return tuple(
            estimate([of(run)[place] for run in due[place]]).median if due[place] else None
            for place in places
        )

    return _Course(
        row=row,
        due=tuple(map(bool, due)),
        p50=medians(lambda run: run.p50),
        p99=medians(lambda run: run.p99),
        maximum=tuple(_highest(run.maximum[place] for run in due[place]) for place in places),
        lost=tuple(sum(run.lost[place] for run in runs) for place in places),
    )


def _highest(values: Iterable[float | None]) -> float | None:
    finite = []
    for value in values:
        if value is None:
            return None
        finite.append(value)
    return max(finite, default=None)


def _lines(course: _Course, middles: tuple[float, ...], colours: Colours) -> Iterable[Line]:
    row = course.row
    for what, values in (("max", course.maximum), ("", course.p50)):
        yield Line(
            name=f"{row.pattern} {what}" if what else row.pattern,
            colour=colours[row.family],
            state=marks.state(row),
            x=middles,
            y=values,
            beside=row.pattern if what else "",
        )


def _table(courses: Sequence[_Course], length_s: float) -> Table:
    return Table(
        columns=(
            Column(name="from", unit="s"),
            *(
                Column(name=f"{course.row.pattern} {what}", unit="" if what == "lost" else "s")
                for course in courses
                for what in ("p50", "p99", "max", "lost")
            ),
        ),
        rows=tuple(
            Row(
                cells=(
                    Cell(text=units.seconds(place * length_s), value=place * length_s),
                    *(cell for course in courses for cell in _cells(course, place)),
                )
            )
            for place in range(len(courses[0].due))
        ),
    )


def _cells(course: _Course, place: int) -> tuple[Cell, ...]:
    if not course.due[place]:
        return (Cell(text=units.ABSENT),) * 4
    times = (course.p50[place], course.p99[place], course.maximum[place])
    lost = course.lost[place]
    return (
        *(marks.cell(value, units.seconds) for value in times),
        Cell(text=units.count(lost), value=lost),
    )
