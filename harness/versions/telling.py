"""What the runs of all releases say: each figure, and where one release differs from the last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.measure.configuration import Configuration, Kind
from harness.measure.contrast import Finding, Outcome, judge, obstacle, testable
from harness.measure.history import Chapter, History, Quantity, Row, Step
from harness.measure.statistics import FEWEST_RUNS, surely_reaches
from harness.measure.verdict import contrast
from harness.regress.gate import GateCell
from harness.regress.ruling import fit
from harness.regress.watched import Watched
from harness.versions.asked import Question
from harness.versions.measuring import Measured
from harness.versions.watching import acts, watched


@dataclass(frozen=True, slots=True, kw_only=True)
class _Neighbours:
    """Two releases, one after the other among those that have a figure."""

    cell: GateCell
    watched: Watched
    before: str
    after: str


def history(asked: Question, measured: Measured, commit: str) -> History:
    """Tell all figures, and test all neighbours together (exact test, Holm).

    Neighbours are releases with a figure to be believed: one without is stepped over.
    """
    declared = list(_neighbours(asked, measured))
    findings = judge(
        [
            contrast(
                one.watched.metric,
                _configuration(one.cell, one.watched, measured, one.before),
                _configuration(one.cell, one.watched, measured, one.after),
                (one.before, one.after),
                options=False,
            )
            for one in declared
        ]
    )
    steps = [(one.cell, _step(one, found)) for one, found in zip(declared, findings, strict=True)]
    runs = [run for results in measured.results.values() for run in results]
    return History(
        library=asked.library,
        releases=tuple(asked.releases),
        chapters=tuple(
            Chapter(
                name=cell.name,
                pattern=cell.pattern,
                workload=cell.workload,
                acts=acts(cell),
                quantities=tuple(map(_quantity, watched(cell))),
                rows=tuple(_row(cell, measured, name) for name in asked.releases),
                steps=tuple(step for of, step in steps if of is cell),
            )
            for cell in asked.gate.cells
        ),
        command=asked.command,
        commit=commit,
        machine=runs[0].context.machine if runs else None,
        measured=min((run.context.started_at[:10] for run in runs), default=""),
        order_seed=measured.order_seed,
        runs=asked.runs,
        took_s=round(measured.took_s, 1),
        comparisons=sum(testable(found.contrast) for found in findings),
    )


def _neighbours(asked: Question, measured: Measured) -> Iterable[_Neighbours]:
    for cell in asked.gate.cells:
        for one in watched(cell):
            known = [name for name in asked.releases if not _absent(cell, one, measured, name)]
            for before, after in pairwise(known):
                yield _Neighbours(cell=cell, watched=one, before=before, after=after)


def _absent(cell: GateCell, one: Watched, measured: Measured, name: str) -> str:
    """Say why a release has no figure in this cell; empty if it has one."""
    refused = measured.refused.get((cell.name, name), "")
    if refused:
        return refused
    return obstacle(_configuration(cell, one, measured, name), one.metric, options=False)


def _configuration(cell: GateCell, one: Watched, measured: Measured, name: str) -> Configuration:
    runs = measured.results[cell.name, name]
    used = fit(runs, one)
    valid = len(used) >= FEWEST_RUNS
    return Configuration(
        pattern=cell.pattern,
        workload=cell.workload,
        runs=runs,
        used=used if valid else runs,
        valid=valid,
    )


def _row(cell: GateCell, measured: Measured, name: str) -> Row:
    runs = measured.results[cell.name, name]
    refused = measured.refused.get((cell.name, name), "")
    if refused:
        return Row(release=name, runs=len(runs), refused=refused)
    whys = {one.metric.name: _absent(cell, one, measured, name) for one in watched(cell)}
    return Row(
        release=name,
        runs=len(runs),
        samples={
            one.metric.name: _configuration(cell, one, measured, name).samples(one.metric)
            for one in watched(cell)
            if not whys[one.metric.name]
        },
        absent={metric: why for metric, why in whys.items() if why},
    )


def _quantity(one: Watched) -> Quantity:
    metric = one.metric
    return Quantity(name=metric.name, kind=metric.kind, unit=metric.unit, threshold=one.threshold)


def _step(one: _Neighbours, found: Finding) -> Step:
    threshold = one.watched.threshold
    return Step(
        quantity=one.watched.metric.name,
        before=one.before,
        after=one.after,
        outcome=found.outcome,
        matters=_matters(found, threshold),
        reason=found.reason,
        change=found.shift,
        adjusted_p=found.adjusted_p,
        seen_from=_seen_from(found, threshold),
    )


def _seen_from(found: Finding, threshold: float) -> float | None:
    """Give the smallest ratio that is established, and reaches the threshold, often enough."""
    reaches = surely_reaches(found.contrast.first, found.contrast.second, 1 + threshold)
    if found.resolution is None or reaches is None:
        return None
    return max(found.resolution, reaches)


def _matters(found: Finding, threshold: float) -> bool:
    """Whether the figures differ by as much as matters: up or down by the same factor."""
    first, second = found.contrast.first, found.contrast.second
    if found.contrast.metric.kind is Kind.LOSS:
        # Releases may have a different number of valid runs. Established is a difference by rank.
        unlike = _sum(first) * len(second) != _sum(second) * len(first)
        return unlike or found.outcome in (Outcome.HIGHER, Outcome.LOWER)
    if found.shift is None:
        return False
    factor = found.shift.value
    return factor is None or factor >= 1 + threshold or factor <= 1 / (1 + threshold)


def _sum(samples: Sequence[float | None]) -> float:
    return sum(value or 0 for value in samples)
