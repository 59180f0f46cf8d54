"""What a page is made of: values that become JSON for the script and HTML for the reader.

Figures hold numbers in base units (seconds, bytes) and the words to show beside them; the
script only draws. None stands for an infinite number, as in results.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How far a row may be believed, and what takes part in no ranking."""

    VALID = "valid"
    FLOOR = "floor"
    SATURATED = "saturated"
    INVALID = "invalid"


class Unit(StrEnum):
    """What a number counts."""

    SECONDS = "s"
    BYTES = "B"
    RATE = "/s"
    COUNT = ""
    SHARE = "share"
    NINES = "nines"
    """−log10(1 − q) of a quantile q: 99 % is 2, 99.9 % is 3."""
    PLACE = "place"
    """The number of one of the axis' own ticks, from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One axis of a figure."""

    label: str
    """What it shows, with the unit in words where ticks don't carry it."""
    unit: Unit
    log: bool = False
    ticks: tuple[str, ...] = ()
    """What stands at places 0, 1, 2 …, where that is the unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One median over runs, with its interval where there are runs enough."""

    value: float | None
    hover: str
    low: float | None = None
    high: float | None = None
    level: float = 0.0
    """What the interval covers; 0 where there is none, and ``low`` and ``high`` mean nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DotRow:
    """One pattern in a figure of dots."""

    name: str
    colour: int
    """Which colour and symbol of the page's; the same for a pattern in every figure."""
    state: State
    points: tuple[Point | None, ...]
    """One for each of the figure's series; None where it is not shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dots:
    """Patterns below one another, a dot with its interval for each figure."""

    axis: Axis
    series: tuple[str, ...]
    rows: tuple[DotRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line with its band. Lists are of one length; None is a gap.

    A line that has no band leaves its ends out.
    """

    name: str
    colour: int
    state: State
    x: tuple[float, ...]
    y: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    marked: bool = False
    """Whether each point was measured by itself, and so gets a symbol."""
    beside: str = ""
    """The name of the line that this one belongs to: it is drawn thin, and has no legend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Lines over one axis."""

    x: Axis
    y: Axis
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRow:
    """One bar, and how long each of its parts is."""

    name: str
    state: State
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Bars below one another, each divided into the same parts."""

    axis: Axis
    parts: tuple[str, ...]
    bars: tuple[StackRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of a table."""

    text: str
    """As a person reads it."""
    value: float | str | None = None
    """As a program reads it, in the column's unit; ``inf`` is infinite, None is not shown."""
    address: str = ""
    """What it links to; empty for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A heading."""

    name: str
    unit: str = ""
    """Of the values in a download; cells carry their own."""
    words: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table."""

    cells: tuple[Cell, ...]
    state: State = State.VALID


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The data of a figure."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A drawing with its title, what it says, and its data."""

    id: str
    """Unique on the page."""
    title: str
    caption: str
    drawing: Dots | Curves | Stack
    table: Table
    wide: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Figures of patterns that may be compared: one block, one stack."""

    title: str
    stack: str
    """What the stack filter knows it by; empty for what is about all stacks."""
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One workload of one series: what was asked, what may be said, and the figures."""

    id: str
    title: str
    """What it is about, beyond what the name of the scenario says; empty if that says it all."""
    scenario: str
    """What the filter knows it by."""
    client: str
    machine: str
    """The ``id`` of a machine."""
    answers: tuple[str, ...]
    """A line for each block, for the top of the page."""
    choice: bool
    """Whether there are several patterns to choose from in any block."""
    asked: tuple[str, ...]
    reasons: tuple[str, ...]
    """The sentences behind the answers."""
    remarks: tuple[str, ...]
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line of a header."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFacts:
    """One machine that measured, and when, at which commit, with which versions."""

    id: str
    name: str
    facts: tuple[Fact, ...]
    commands: tuple[str, ...]
    """What was typed to measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithinRuns:
    """Whether runs of one machine were the same from begin to end: remarks, and no rule."""

    machine: str
    told: str
    """How many runs are not, and how many chance alone would give."""
    table: Table
    """By scenario and pattern; empty where no run could be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The *Patterns* page."""

    machines: tuple[MachineFacts, ...]
    sections: tuple[Section, ...]
    within: tuple[WithinRuns, ...]
    """In the order of the machines."""
    limits: str
    """What the figures do not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The *Regressions* page."""

    told: str
    """What was looked at, and how many steps were found."""
    changes: Table
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Releases:
    """One library on the *Versions* page."""

    id: str
    library: str
    asked: tuple[str, ...]
    """Releases, runs and machine; then each cell."""
    found: tuple[str, ...]
    """What differs, what could not be measured, and why."""
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """One way of telling a run."""

    name: str
    why: str
    """Why it differs from the truth, in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retold:
    """The page *How others would have told it*."""

    asked: tuple[str, ...]
    """Which run it was."""
    told: str
    """What was done to it, and what that implies."""
    summary: Table
    tellers: tuple[Teller, ...]
    figures: tuple[Figure, ...]
    machine: MachineFacts
