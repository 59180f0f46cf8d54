"""The *Regressions* page: where asv's records step up or down, by asv's own change points.

Imported only where a history is asked for: asv is not needed for anything else on pages.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asv.results import iter_results
from asv.step_detect import detect_steps
from asv.util import load_json

from harness.report import units
from harness.report.pages import marks
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

BENCHMARKS = "benchmarks.json"
FEWEST_COMMITS = 2
SMALLEST_CHANGE = 0.05
"""Steps of a smaller share are not listed, as in asv's own page by default."""
_SHOWN = 8
"""Characters of a commit."""
_HIGHER_IS_BETTER = re.compile(r"throughput", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One figure of one combination over commits, oldest first, on one machine."""

    benchmark: str
    combination: str
    """The parameters, for example ``ticker, sse``."""
    machine: str
    """CPU and cores; the name by which asv knows it is that of the host."""
    environment: int
    """Which of the machine's environments, from 1."""
    unit: str
    commits: tuple[str, ...]
    values: tuple[float | None, ...]
    """None where a commit has no valid figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A stretch of commits at one level."""

    first: int
    last: int
    """Places among the commits, both inclusive."""
    level: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """From one level to the next."""

    history: History
    before: Step
    after: Step

    @property
    def share(self) -> float:
        """New over old, minus 1."""
        return self.after.level / self.before.level - 1 if self.before.level else math.inf

    @property
    def worse(self) -> bool:
        """Whether it is a regression: for a throughput, less is worse."""
        falls = bool(_HIGHER_IS_BETTER.search(self.history.benchmark))
        return (self.share < 0) is falls


def read(folder: Path) -> list[History]:
    """Read all that asv recorded in ``folder``; empty where it recorded nothing.

    Results of an older version of a benchmark are left out: they mean something else.
    """
    if not (folder / BENCHMARKS).is_file():
        return []
    known: Mapping[str, Any] = {
        name: about
        for name, about in load_json(str(folder / BENCHMARKS)).items()
        if isinstance(about, dict)
    }
    points: dict[tuple[str, str, str, str], dict[tuple[int, str], float | None]] = {}
    for result in iter_results(str(folder)):
        machine = _machine(result.params)
        for name in result.get_result_keys(known):
            params = result.get_result_params(name)
            values = result.get_result_value(name, params)
            for combination, value in zip(_combinations(params), values, strict=True):
                key = (name, combination, machine, result.env_name)
                finite = value if value is not None and math.isfinite(value) else None
                points.setdefault(key, {})[result.date, result.commit_hash] = finite
    environments = _numbered(key[2:] for key in points)
    return [
        History(
            benchmark=name,
            combination=combination,
            machine=machine,
            environment=environments[machine, environment],
            unit=str(known[name].get("unit", "")),
            commits=tuple(commit for _, commit in sorted(found)),
            values=tuple(found[at] for at in sorted(found)),
        )
        for (name, combination, machine, environment), found in sorted(points.items())
        if any(value is not None for value in found.values())
    ]


def steps(history: History) -> list[Step]:
    """Divide a history into stretches of one level (asv's penalised piecewise fit)."""
    return [
        Step(first=left, last=right - 1, level=level)
        for left, right, level, *_ in detect_steps(list(history.values))
    ]


def changes(histories: Iterable[History]) -> list[Change]:
    """Give every step of at least ``SMALLEST_CHANGE``, the largest regression first."""
    found = [
        Change(history=history, before=before, after=after)
        for history in histories
        for before, after in itertools.pairwise(steps(history))
    ]
    kept = [change for change in found if abs(change.share) >= SMALLEST_CHANGE]
    return sorted(kept, key=lambda change: (not change.worse, -abs(change.share)))


def past(folder: Path) -> Past:
    """Build the *Regressions* page of what asv recorded in ``folder``."""
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
        else f"A step needs results of two commits; there are results of {most}."
    )
    return Past(
        told=told,
        changes=table(found),
        figures=tuple(figure(f"h{number}", one) for number, one in enumerate(stepped, 1)),
    )


def table(found: Sequence[Change]) -> Table:
    """List changes with the commits between which they happened."""
    return Table(
        columns=(
            Column(name="benchmark", words=True),
            Column(name="parameters", words=True),
            Column(name="old"),
            Column(name="new"),
            Column(name="change", words=True),
            Column(name="between commits", words=True),
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
                    _word(" to ".join(commits(change))),
                    _word(_where(change.history)),
                )
            )
            for change in found
        ),
    )


def figure(name: str, history: History) -> Figure:
    """Draw a history with the levels that were found in it."""
    unit = {"seconds": Unit.SECONDS, "bytes": Unit.BYTES}.get(history.unit, Unit.RATE)
    places = tuple(float(place) for place in range(len(history.commits)))
    nothing: tuple[None, ...] = (None,) * len(places)
    levels: list[float | None] = [None] * len(places)
    for step in steps(history):
        levels[step.first : step.last + 1] = [step.level] * (step.last + 1 - step.first)
    write = _writer(history.unit)
    return Figure(
        id=name,
        title=f"{history.benchmark}: {history.combination}",
        caption=f"One value a commit, oldest first, on {_where(history)}. Grey: the levels found.",
        drawing=Curves(
            x=Axis(
                label="commit",
                unit=Unit.PLACE,
                ticks=tuple(commit[:_SHOWN] for commit in history.commits),
            ),
            y=Axis(label=history.unit or "value", unit=unit),
            lines=(
                Line(
                    name="level",
                    colour=0,
                    state=State.FLOOR,
                    x=places,
                    y=tuple(levels),
                    low=nothing,
                    high=nothing,
                ),
                Line(
                    name="measured",
                    colour=1,
                    state=State.VALID,
                    x=places,
                    y=history.values,
                    low=nothing,
                    high=nothing,
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
                        _word(commit[:_SHOWN]),
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


def commits(change: Change) -> tuple[str, str]:
    """Give the last commit of the old level and the first of the new one, shortened."""
    known = change.history.commits
    return known[change.before.last][:_SHOWN], known[change.after.first][:_SHOWN]


def _combinations(params: Sequence[Sequence[str]]) -> list[str]:
    """Name every combination of parameters in asv's order."""
    return [", ".join(part.strip("'") for part in one) for one in itertools.product(*params)]


def _machine(params: Mapping[str, Any]) -> str:
    """Name a machine by what it is; asv's own name for it is that of the host."""
    return f"{params.get('cpu', 'unknown CPU')}, {params.get('num_cpu', '?')} cores"


def _numbered(keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Number the environments of each machine: their names hold paths."""
    by_machine: dict[str, list[str]] = {}
    for machine, environment in sorted(set(keys)):
        by_machine.setdefault(machine, []).append(environment)
    return {
        (machine, environment): number
        for machine, environments in by_machine.items()
        for number, environment in enumerate(environments, 1)
    }


def _where(history: History) -> str:
    return f"{history.machine}, environment {history.environment}"


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
