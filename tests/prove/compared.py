"""3.1: what compares the scenarios of issue 3, in a fresh clone: whole and valid tables, exit 0."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from harness import schema
from harness.comparison import Part, comparison_steps
from harness.machine import Machine
from harness.measure.configuration import configurations
from harness.result import Series
from harness.scenario import BUILT_IN
from tests.prove.claim import Claim, reasons
from tests.prove.clone import Clone, fresh_clone, left_nothing

_SCENARIOS = ("judge", "group_chat", "collab")
_RUNS = 6
"""Five have to be valid, as the network part has them by default."""
_IN_FLIGHT = 64
"""Of ``abec compare``, where nothing else is asked for."""


def prove(machine: Machine) -> Iterator[Claim]:
    """Clone, install, compare each scenario as its reader would."""
    with fresh_clone() as clone:
        installed = clone.run("make", ".venv/.bench")
        if installed.code:
            told = installed.text.strip().splitlines()[-1:]
            yield Claim(what="installation", figure=" ".join(told), bound="exit 0", ok=False)
            return
        for name in _SCENARIOS:
            yield from _compared(clone, name, machine)
        yield left_nothing(clone, "abec compare")


def _compared(clone: Clone, name: str, machine: Machine) -> Iterator[Claim]:
    argv = ("abec", "compare", "--scenario", name, "--runs", str(_RUNS))
    before = _saved(clone)
    ran = clone.run(f".venv/bin/{argv[0]}", *argv[1:])
    yield Claim(
        what=" ".join(argv),
        figure=f"exit {ran.code}, {ran.took_s:.0f} s",
        bound="exit 0",
        ok=ran.code == 0,
    )
    measured = {path.stem.rpartition("-")[2]: path for path in _saved(clone) - before}
    for part, patterns in asked_of(name, machine).items():
        series = schema.load(measured[part]) if part in measured else None
        yield whole(f"{name}, {part}", part, patterns, series)


def _saved(clone: Clone) -> set[Path]:
    return set((clone.root / "results/runs").glob("*.json"))


def asked_of(name: str, machine: Machine) -> Mapping[Part, Collection[str]]:
    """Give the patterns that each part of a comparison of this scenario has a row for."""
    scenario = BUILT_IN[name]
    steps = comparison_steps(
        scenario.patterns,
        scenario.workload,
        machine,
        runs=_RUNS,
        saturation_concurrency=_IN_FLIGHT,
    )
    return {step.part: {cell.pattern for cell in step.cells} for step in steps}


def whole(what: str, part: Part, patterns: Collection[str], series: Series | None) -> Claim:
    """Claim that a table has a row for each pattern, that all are valid and none has lost any.

    Of memory one run a size is looked at, which nobody else's load changes: it has no rules. What a
    closed loop has in flight at its end may be lost.
    """
    rows = () if series is None else configurations(series)
    missing = sorted(set(patterns) - {row.pattern for row in rows})
    refused = [] if series is None else [f"{name}: {why}" for name, why in series.refused.items()]
    invalid = [
        f"{row.pattern} ({reasons(row.invalid_runs)} in {len(row.invalid_runs)} of "
        f"{len(row.runs)} runs)"
        for row in rows
        if not row.valid and part is not Part.MEMORY
    ]
    lost = sum(run.audit.lost for row in rows for run in row.runs if run.workload.open_loop)
    problems = [
        f"without {', '.join(missing)}" if missing else "",
        f"not measured: {'; '.join(refused)}" if refused else "",
        f"invalid: {', '.join(invalid)}" if invalid else "",
    ]
    figure = [f"{len(rows)} rows", f"{lost} lost", *filter(None, problems)]
    return Claim(
        what=what,
        figure=", ".join(figure),
        bound=f"{', '.join(sorted(patterns))}; all valid, 0 lost",
        ok=not (missing or refused or invalid or lost),
    )
