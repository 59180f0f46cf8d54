"""Figure of dots: what became of the messages where a consumer or Redis was killed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.measure.configuration import Configuration
from harness.measure.validity import ABOUT_TIMES
from harness.queueing import Victim
from harness.report import units
from harness.report.pages.dots import Colours
from harness.report.pages.page import (
    Axis,
    Cell,
    Column,
    DotRow,
    Dots,
    Figure,
    Point,
    Row,
    State,
    Table,
    Unit,
)
from harness.result import Kill

_FATES: Mapping[str, Callable[[Kill], int]] = {
    "lost": lambda kill: kill.lost,
    "repeated": lambda kill: kill.repeated,
}


def after_a_kill(
    name: str, members: Sequence[Configuration], colours: Colours
) -> tuple[Figure, ...]:
    """Show what kills of a consumer or of Redis lost and repeated; empty where there were none.

    Means, and no medians: what is rare would vanish in these.
    """
    killed = [(row, kills) for row in members if (kills := _kills(row))]
    if not killed:
        return ()
    who = "a consumer" if killed[0][1][0].victim is Victim.CONSUMER else "Redis"
    return (
        Figure(
            id=f"{name}-kill",
            title="Messages lost and repeated by a kill",
            caption=f"Each run killed {who}. Means over kills; the data have the most of any kill. "
            "Runs that are invalid by the lateness of our own processes count too.",
            drawing=Dots(
                axis=Axis(label="messages of a kill, mean", unit=Unit.COUNT),
                series=tuple(_FATES),
                rows=tuple(
                    DotRow(
                        name=row.pattern,
                        colour=colours[row.family],
                        state=State.VALID,
                        points=tuple(_point(row, fate, kills) for fate in _FATES),
                    )
                    for row, kills in killed
                ),
            ),
            table=_table(killed),
            wide=True,
        ),
    )


def _kills(row: Configuration) -> list[Kill]:
    """Give the kills of runs whose counts hold."""
    return [
        run.kill
        for run in row.runs
        if run.kill is not None and all(doubt.rule in ABOUT_TIMES for doubt in run.doubts)
    ]


def _counts(fate: str, kills: Sequence[Kill]) -> list[int]:
    return list(map(_FATES[fate], kills))


def _point(row: Configuration, fate: str, kills: Sequence[Kill]) -> Point:
    counts = _counts(fate, kills)
    mean = sum(counts) / len(counts)
    told = (
        f"{row.pattern}: {units.count(sum(counts))} {fate} in {len(kills)} kills\n"
        f"{units.count(min(counts))} to {units.count(max(counts))} in each"
    )
    return Point(value=mean, hover=told)


def _table(killed: Sequence[tuple[Configuration, Sequence[Kill]]]) -> Table:
    return Table(
        columns=(
            Column(name="pattern", words=True),
            Column(name="kills"),
            *(Column(name=f"{fate}{of}") for fate in _FATES for of in (" in all", ", at most")),
            Column(name="back after, at most", unit="s"),
        ),
        rows=tuple(
            Row(
                cells=(
                    Cell(text=row.pattern, value=row.pattern),
                    Cell(text=units.count(len(kills)), value=len(kills)),
                    *(
                        Cell(text=units.count(value), value=value)
                        for fate in _FATES
                        for value in (sum(_counts(fate, kills)), max(_counts(fate, kills)))
                    ),
                    Cell(text=units.seconds(_slowest(kills)), value=_slowest(kills)),
                )
            )
            for row, kills in killed
        ),
    )


def _slowest(kills: Sequence[Kill]) -> float:
    return max(kill.back for kill in kills)
