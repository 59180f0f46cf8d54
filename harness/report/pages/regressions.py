"""The *Regressions* page: a table of steps, and each history that has one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.report import units
from harness.report.pages import marks
from harness.report.pages.commit_address import commit_address
from harness.report.pages.history import (
    SHOWN,
    SMALLEST_CHANGE,
    Change,
    History,
    changes,
    commits,
    read,
    steps,
)
from harness.report.pages.page import (
    Axis,
    Cell,
    Column,
    Curves,
    Figure,
    Line,
    Past,
    Row,
    State,
    Table,
    Unit,
)

FEWEST_COMMITS = 2


def past(folder: Path) -> Past:
    """Build the *Regressions* page of what asv recorded in ``folder``.

    Raises:
        BadInput: asv's list of benchmarks is damaged, or commits are to link to no address.
    """
    address = commit_address(folder)
    histories = read(folder)
    long = [history for history in histories if len(history.commits) >= FEWEST_COMMITS]
    found = changes(long)
    stepped = list(dict.fromkeys(change.history for change in found))
    worse = sum(change.worse for change in found)
    most = max((len(history.commits) for history in histories), default=0)
    told = (
        f"Histories: {units.count(len(long))}, of up to {most} commits. "
        f"Steps: {worse} for the worse, {len(found) - worse} for the better, "
        f"of {units.percent(SMALLEST_CHANGE)} or more."
        if long
        else f"A step needs results of two commits; there are results of {most}. "
        "Each asv run at another commit adds one."
    )
    return Past(
        told=f"{told} {_where(histories)}".strip(),
        changes=table(found, address),
        figures=tuple(figure(f"h{number}", one, address) for number, one in enumerate(stepped, 1)),
    )


def _where(histories: Sequence[History]) -> str:
    """Say on which machines, when last, up to which commits; empty where nothing was recorded."""
    if not histories:
        return ""
    machines = ", ".join(dict.fromkeys(history.machine for history in histories))
    newest = ", ".join(dict.fromkeys(history.commits[-1][:SHOWN] for history in histories))
    day = max(history.measured for history in histories)
    last = f", last on {day}" if day else ""
    return f"Measured on {machines}{last}; newest commit {newest}."


def table(found: Sequence[Change], address: str = "") -> Table:
    """List changes with the commits between which they happened.

    ``address`` is what a commit's hash is put behind to link to it; empty for no link.
    """
    return Table(
        columns=(
            Column(name="benchmark", words=True),
            Column(name="parameters", words=True),
            Column(name="old"),
            Column(name="new"),
            Column(name="change", words=True),
            Column(name="last commit before", words=True),
            Column(name="first commit after", words=True),
            Column(name="machine", words=True),
        ),
        rows=tuple(
            Row(
                cells=(
                    _word(change.history.benchmark),
                    _word(change.history.combination),
                    marks.cell(change.before.level, _writer(change.history.unit)),
                    marks.cell(change.after.level, _writer(change.history.unit)),
                    _word(f"{'worse' if change.worse else 'better'}, {_percent(change.share)}"),
                    *(_commit(one, address) for one in commits(change)),
                    _word(change.history.where),
                )
            )
            for change in found
        ),
    )


def figure(name: str, history: History, address: str = "") -> Figure:
    """Draw a history with the levels that were found in it; ``address`` as for ``table``."""
    unit = {"seconds": Unit.SECONDS, "bytes": Unit.BYTES}.get(history.unit, Unit.RATE)
    places = tuple(float(place) for place in range(len(history.commits)))
    levels: list[float | None] = [None] * len(places)
    for step in steps(history):
        levels[step.first : step.last + 1] = [step.level] * (step.last + 1 - step.first)
    write = _writer(history.unit)
    return Figure(
        id=name,
        title=f"{history.benchmark}: {history.combination}",
        caption=f"One value a commit, oldest first, on {history.where}. Grey: the levels found.",
        drawing=Curves(
            x=Axis(
                label="commit",
                unit=Unit.PLACE,
                ticks=tuple(commit[:SHOWN] for commit in history.commits),
            ),
            y=Axis(label=history.unit or "value", unit=unit),
            lines=(
                Line(
                    name="level",
                    colour=0,
                    state=State.FLOOR,
                    x=places,
                    y=tuple(levels),
                ),
                Line(
                    name="measured",
                    colour=1,
                    state=State.VALID,
                    x=places,
                    y=history.values,
                    marked=True,
                ),
            ),
        ),
        table=Table(
            columns=(
                Column(name="commit", words=True),
                Column(name="value", unit=history.unit),
                Column(name="level", unit=history.unit),
            ),
            rows=tuple(
                Row(
                    cells=(
                        _commit(commit, address),
                        *(
                            Cell(text=units.ABSENT) if number is None else marks.cell(number, write)
                            for number in (value, level)
                        ),
                    )
                )
                for commit, value, level in zip(
                    history.commits, history.values, levels, strict=True
                )
            ),
        ),
    )


def _writer(unit: str) -> marks.Write:
    if unit == "seconds":
        return units.seconds
    if unit == "bytes":
        return units.size
    return lambda value: f"{units.significant(value or 0.0)} {unit}".strip()


def _percent(share: float) -> str:
    return units.change(1 + share)


def _word(text: str) -> Cell:
    return Cell(text=text, value=text)


def _commit(commit: str, address: str) -> Cell:
    short = commit[:SHOWN]
    return Cell(text=short, value=short, address=f"{address}{commit}" if address else "")
