"""The data of the figures on releases: one line for each quantity of a cell, as values."""

from __future__ import annotations

from dataclasses import dataclass

from harness.measure.configuration import Kind
from harness.measure.history import Acts, Chapter, History, Quantity, Row
from harness.measure.statistics import Estimate, estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePoint:
    """One release in one figure."""

    release: str
    place: int
    """On the axis, from 0: releases are in order, not in time."""
    estimate: Estimate | None
    """Median and interval over independent runs; None where there is no figure."""
    absent: str
    """Why there is none; empty if there is one."""
    differs: bool
    """Whether it is established to differ from the release before it, by as much as matters."""
    change: float | None
    """Over the release before it, as a ratio; None for the first, or where it is infinite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFigure:
    """One quantity of one cell over all releases."""

    library: str
    cell: str
    pattern: str
    acts: Acts
    quantity: str
    unit: str
    """``s`` or ``B``."""
    points: tuple[ReleasePoint, ...]
    coarsest: float | None
    """The smallest ratio that every step would have shown; None if one could show none."""


def release_figures(history: History) -> tuple[ReleaseFigure, ...]:
    """Give a figure for each quantity of each cell; losses are counts, and left to the table."""
    return tuple(
        _figure(history, chapter, quantity)
        for chapter in history.chapters
        for quantity in chapter.quantities
        if quantity.kind is not Kind.LOSS
    )


def _figure(history: History, chapter: Chapter, quantity: Quantity) -> ReleaseFigure:
    seen = [step.seen_from for step in chapter.of(quantity.name) if step.told]
    finite = [value for value in seen if value is not None]
    return ReleaseFigure(
        library=history.library,
        cell=chapter.name,
        pattern=chapter.pattern,
        acts=chapter.acts,
        quantity=quantity.name,
        unit=quantity.unit,
        points=tuple(
            _point(place, chapter, row, quantity) for place, row in enumerate(chapter.rows)
        ),
        coarsest=max(finite) if finite and len(finite) == len(seen) else None,
    )


def _point(place: int, chapter: Chapter, row: Row, quantity: Quantity) -> ReleasePoint:
    samples = row.samples.get(quantity.name, ())
    step = next((s for s in chapter.of(quantity.name) if s.after == row.release), None)
    return ReleasePoint(
        release=row.release,
        place=place,
        estimate=estimate(samples) if samples else None,
        absent="" if samples else row.refused or row.absent.get(quantity.name, ""),
        differs=step is not None and step.differs,
        change=None if step is None or step.change is None else step.change.value,
    )
