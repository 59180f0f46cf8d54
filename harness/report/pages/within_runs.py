"""Lancet's remarks on runs, for the *Method* page: is p50 stationary, are slices independent?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.measure.configuration import Configuration, asked_of
from harness.measure.steadiness import ALPHA, Steadiness, more_than_chance, steadiness
from harness.report import units
from harness.report.pages.page import Cell, Column, Row, Table, WithinRuns
from harness.report.pages.parts import Kind, Part, Source, parts_of

_COLUMNS = (
    Column(name="pattern", words=True),
    Column(name="scenario", words=True),
    Column(name="runs"),
    Column(name="p50 rises"),
    Column(name="p50 falls"),
    Column(name="slices depend"),
    Column(name="remark", words=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tested:
    """A row of the *Patterns* page, and what its runs that can be asked say."""

    scenario: str
    row: Configuration
    runs: tuple[Steadiness, ...]

    @property
    def rises(self) -> int:
        return sum(run.trend.established and run.trend.rho > 0 for run in self.runs)

    @property
    def falls(self) -> int:
        return sum(run.trend.established and run.trend.rho < 0 for run in self.runs)

    @property
    def depend(self) -> int:
        return sum(run.neighbours.established for run in self.runs)

    @property
    def remark(self) -> str:
        told = (
            (self.rises + self.falls, "not stationary"),
            (self.depend, "not independent"),
        )
        return ", ".join(text for found, text in told if more_than_chance(found, len(self.runs)))


def within_runs(name: str, sources: Sequence[Source], clean: Callable[[str], str]) -> WithinRuns:
    """Test every valid run of an open loop that one machine, called ``name``, made.

    Curves and memory are left out: they hold the same runs again, or hardly any message.
    """
    tested = [
        _Tested(scenario=_scenario(part), row=row, runs=runs)
        for part in parts_of(sources)
        if part.kind is Kind.LATENCY
        for row in part.rows
        if row.valid and (runs := _runs(row))
    ]
    return WithinRuns(
        machine=name,
        told=_told(tested),
        table=Table(columns=_COLUMNS, rows=tuple(_row(one, clean) for one in tested)),
    )


def _scenario(part: Part) -> str:
    """Name a scenario as its section does: by its traffic too, where the name is not that."""
    titled = ": ".join(filter(None, (part.scenario, part.beyond_name)))
    return f"{titled}, {asked_of(part.rows).client} client"


def _runs(row: Configuration) -> tuple[Steadiness, ...]:
    timelines = (run.timeline for run in row.used if run.timeline is not None)
    return tuple(found for found in map(steadiness, timelines) if found is not None)


def _told(tested: Sequence[_Tested]) -> str:
    runs = sum(len(one.runs) for one in tested)
    if not runs:
        return "No valid run of an open loop here holds a timeline with messages enough."
    rises = sum(one.rises for one in tested)
    falls = sum(one.falls for one in tested)
    depend = sum(one.depend for one in tested)
    chance = units.significant(ALPHA * runs, 2)
    return (
        f"Of {units.count(runs)} valid runs, p50 rises within {units.count(rises)} and falls "
        f"within {units.count(falls)} (chance alone: {chance} together); in {units.count(depend)} "
        f"a slice's p50 goes with that of the slice before it (chance alone: {chance})."
    )


def _row(one: _Tested, clean: Callable[[str], str]) -> Row:
    words = (one.row.pattern, clean(one.scenario))
    numbers = (len(one.runs), one.rises, one.falls, one.depend)
    return Row(
        cells=(
            *(Cell(text=word, value=word) for word in words),
            *(Cell(text=units.count(number), value=number) for number in numbers),
            Cell(text=one.remark, value=one.remark),
        )
    )
