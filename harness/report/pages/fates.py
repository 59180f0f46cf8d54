"""Figure of dots: what became of the messages where somebody was killed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.measure.configuration import Configuration
from harness.queueing import Victim
from harness.report import units
from harness.report.pages import dots, marks
from harness.report.pages.dots import Colours
from harness.report.pages.marks import Measure
from harness.report.pages.page import Cell, Column, Figure, Unit
from harness.result import Kill


def after_a_kill(
    name: str, members: Sequence[Configuration], colours: Colours
) -> tuple[Figure, ...]:
    """Show what a kill lost and what it repeated; empty where nobody was killed."""
    killed = [row for row in members if _kills(row)]
    if not killed:
        return ()
    measures = [
        _of_kills("lost", lambda kill: kill.lost),
        _of_kills("repeated", lambda kill: kill.repeated),
    ]
    who = "A consumer" if _kills(killed[0])[0].victim is Victim.CONSUMER else "Redis"
    return (
        Figure(
            id=f"{name}-kill",
            title="Messages lost and repeated after a kill",
            caption=f"{who} was killed in each run. Invalid runs count too: what makes them "
            f"invalid is about times. {marks.levels([len(_kills(row)) for row in killed])}",
            drawing=dots.drawing("messages of a kill", Unit.COUNT, killed, measures, colours),
            table=dots.table(
                killed,
                measures,
                (Column(name="kills"), Column(name="back after, at most", unit="s")),
                lambda row: _more(_kills(row)),
            ),
            wide=True,
        ),
    )


def _kills(row: Configuration) -> list[Kill]:
    return [run.kill for run in row.runs if run.kill is not None]


def _of_kills(name: str, of: Callable[[Kill], int]) -> Measure:
    return Measure(
        name=name,
        unit="",
        samples=lambda row: [of(kill) for kill in _kills(row)],
        write=lambda value: units.significant(value or 0.0),
    )


def _more(kills: Sequence[Kill]) -> tuple[Cell, ...]:
    slowest = max(kill.back for kill in kills)
    return (
        Cell(text=units.count(len(kills)), value=len(kills)),
        Cell(text=units.seconds(slowest), value=slowest),
    )
