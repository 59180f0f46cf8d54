"""2.4: releases of two libraries, measured beside each other and committed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.machine import Machine
from harness.measure.history import Chapter, History, load
from tests.prove.claim import Claim

_HISTORIES = Path(__file__).parents[2] / "results" / "baseline" / "versions"
_LIBRARIES = ("websockets", "redis")
_FEWEST = 5


def prove(_machine: Machine) -> Iterator[Claim]:
    """Read what ``make versions`` found; each quantity shows a difference or a resolution."""
    for library in _LIBRARIES:
        history = load(_HISTORIES / f"{library}.json")
        yield _measured(history)
        for chapter in history.chapters:
            yield _told(library, chapter)


def _measured(history: History) -> Claim:
    refused = [row.release for chapter in history.chapters for row in chapter.rows if row.refused]
    minutes = history.took_s / 60
    return Claim(
        what=f"releases of {history.library}",
        figure=f"{', '.join(history.releases)}; {history.runs} runs each, {minutes:.0f} minutes at "
        f"{history.commit[:7]}; refused: {', '.join(refused) or 'none'}",
        bound=f"≥ {_FEWEST}, none refused",
        ok=len(history.releases) >= _FEWEST and not refused,
    )


def _told(library: str, chapter: Chapter) -> Claim:
    """Say for each quantity where it first differs, or what would have been seen."""
    figures = []
    for quantity in chapter.quantities:
        steps = chapter.of(quantity.name)
        first = next((step.after for step in steps if step.differs), None)
        seen = [step.seen_from for step in steps if step.seen_from is not None]
        if first is not None:
            figures.append(f"{quantity.name} differs at {first}")
        elif steps and all(step.told for step in steps):
            bound = f", {max(seen) - 1:.0%} would be seen" if len(seen) == len(steps) else ""
            figures.append(f"{quantity.name} none{bound}")
        else:
            figures.append(f"{quantity.name} could not be told")
    return Claim(
        what=f"{library}, {chapter.name}",
        figure="; ".join(figures),
        bound="each a difference, or none with its resolution",
        ok=not any("could not be told" in figure for figure in figures),
    )
