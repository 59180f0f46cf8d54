"""What asv recorded over commits, and where it steps up or down by asv's own change points.

Imported only where a history is asked for: asv is not needed for anything else on pages.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asv.results import iter_results
from asv.step_detect import detect_steps
from asv.util import UserError, load_json

from harness.errors import BadInput

BENCHMARKS = "benchmarks.json"
SMALLEST_CHANGE = 0.05
"""Steps of a smaller share are not listed, as in asv's own page by default."""
SHOWN = 8
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
    """Which of the machine's environments, from 1: their names hold paths."""
    unit: str
    commits: tuple[str, ...]
    values: tuple[float | None, ...]
    """None where a commit has no valid figure."""
    measured: str = ""
    """The last day (UTC) on which it was recorded; empty where asv kept none."""

    @property
    def where(self) -> str:
        """Say on what it was measured."""
        return f"{self.machine}, environment {self.environment}"


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

    Raises:
        BadInput: asv's list of benchmarks is damaged.
    """
    known = _benchmarks(folder / BENCHMARKS)
    points: dict[tuple[str, str, str, str], dict[tuple[int, str], float | None]] = {}
    recorded: dict[tuple[str, str, str, str], int] = {}
    for result in iter_results(str(folder)):
        machine = _machine(result.params)
        for name in result.get_result_keys(known):
            params = result.get_result_params(name)
            values = result.get_result_value(name, params)
            for combination, value in zip(_combinations(params), values, strict=True):
                key = (name, combination, machine, result.env_name)
                finite = value if value is not None and math.isfinite(value) else None
                points.setdefault(key, {})[result.date, result.commit_hash] = finite
                recorded[key] = max(recorded.get(key, 0), result.started_at.get(name) or 0)
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
            measured=_day(recorded[name, combination, machine, environment]),
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


def commits(change: Change) -> tuple[str, str]:
    """Give the last commit of the old level and the first of the new one."""
    known = change.history.commits
    return known[change.before.last], known[change.after.first]


def _day(milliseconds: int) -> str:
    """Give the day (UTC) of a moment as asv writes it: milliseconds since 1970, 0 for none."""
    if not milliseconds:
        return ""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date().isoformat()


def _benchmarks(path: Path) -> Mapping[str, Any]:
    """Read what asv knows about each benchmark; nothing where it recorded nothing."""
    if not path.is_file():
        return {}
    try:
        listed = load_json(str(path))
    except UserError as error:
        raise BadInput(str(path), "", f"cannot be read: {error}; asv run writes it") from error
    return {name: about for name, about in listed.items() if isinstance(about, dict)}


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
