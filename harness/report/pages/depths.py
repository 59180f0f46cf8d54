"""Figure of lines: how many messages wait in Redis over a run, and when it wrote to its disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.measure.configuration import Configuration
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
from harness.report.queues import deepest, grew
from harness.result import QueueDepth

_Waiting = tuple[Configuration, QueueDepth]


def depths(name: str, members: Sequence[Configuration], colours: Colours) -> tuple[Figure, ...]:
    """Show the queue of each pattern; empty where none grew, and no Redis wrote to its disk."""
    found = [(row, depth) for row in members if (depth := deepest(row)) is not None]
    looked = [(row, _in_window(depth)) for row, depth in found]
    wrote = any(any(depth.writing) for _, depth in looked)
    if not wrote and not any(grew(depth, row.workload.rate) for row, depth in found):
        return ()
    symbols = " Symbols: Redis was writing a snapshot, or its log anew." * wrote
    several = " of the run in which most waited" * any(len(row.used) > 1 for row, _ in looked)
    return (
        Figure(
            id=f"{name}-depths",
            title="Messages in Redis over time within a run",
            caption=f"Waiting or being worked on, ten looks a second{several}.{symbols}",
            drawing=Curves(
                x=Axis(label="time since the window's begin", unit=Unit.SECONDS),
                y=Axis(label="messages in Redis", unit=Unit.COUNT),
                lines=tuple(line for row, depth in looked for line in _lines(row, depth, colours)),
            ),
            table=_table(looked),
            wide=True,
        ),
    )


def _in_window(depth: QueueDepth) -> QueueDepth:
    places = [place for place, at in enumerate(depth.at) if at >= 0]
    return replace(
        depth,
        at=tuple(depth.at[place] for place in places),
        waiting=tuple(depth.waiting[place] for place in places),
        writing=tuple(depth.writing[place] for place in places),
    )


def _lines(row: Configuration, depth: QueueDepth, colours: Colours) -> Iterable[Line]:
    waiting = tuple(map(float, depth.waiting))
    yield _line(row, row.pattern, depth, waiting, colours)
    if any(depth.writing):
        written = zip(waiting, depth.writing, strict=True)
        values = tuple(count if writing else None for count, writing in written)
        name = f"{row.pattern}, writing:"
        yield _line(row, name, depth, values, colours, beside=row.pattern)


def _line(
    row: Configuration,
    name: str,
    depth: QueueDepth,
    values: tuple[float | None, ...],
    colours: Colours,
    beside: str = "",
) -> Line:
    return Line(
        name=name,
        colour=colours[row.family],
        state=marks.state(row),
        x=depth.at,
        y=values,
        marked=bool(beside),
        beside=beside,
    )


def _table(looked: Sequence[_Waiting]) -> Table:
    return Table(
        columns=(
            Column(name="pattern", words=True),
            Column(name="at", unit="s"),
            Column(name="messages"),
            Column(name="writing", words=True),
        ),
        rows=tuple(
            Row(
                state=marks.state(row),
                cells=(
                    Cell(text=row.pattern, value=row.pattern),
                    Cell(text=f"{units.significant(at)} s", value=at),
                    Cell(text=units.count(waiting), value=waiting),
                    Cell(text="yes" if writing else "no", value="yes" if writing else "no"),
                ),
            )
            for row, depth in looked
            for at, waiting, writing in zip(depth.at, depth.waiting, depth.writing, strict=True)
        ),
    )
