"""Declared comparisons, tested together: what the runs support, and what they could have seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from harness.measure.configuration import Configuration, Kind, Metric
from harness.measure.statistics import (
    ALPHA,
    FEWEST_RUNS,
    Sample,
    Shift,
    difference,
    holm,
    mann_whitney,
    ratio,
    resolution,
    smallest_p,
)


class Outcome(StrEnum):
    """What the runs say about one contrast."""

    HIGHER = "higher"
    """The second side's values are higher; for every metric that is worse."""
    LOWER = "lower"
    UNDETECTED = "undetected"
    """No difference was detected; ``resolution`` says how large one would have been."""
    NOT_COMPARED = "not compared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """One comparison, declared before its figures are looked at."""

    metric: Metric
    first: tuple[Sample, ...] = ()
    second: tuple[Sample, ...] = ()
    obstacle: str = ""
    """Why it cannot be made; empty if it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One contrast, tested."""

    contrast: Contrast
    outcome: Outcome
    reason: str = ""
    """Why it was not compared."""
    shift: Shift | None = None
    """Second over first; for losses second minus first."""
    adjusted_p: float | None = None
    resolution: float | None = None
    """The smallest ratio that would have been detected; None for losses."""


def judge(contrasts: Sequence[Contrast], alpha: float = ALPHA) -> list[Finding]:
    """Test contrasts with the error rate ``alpha`` over all of them together (Holm).

    Contrasts that cannot be made don't count, nor do those whose values are all equal, like
    no loss on either side: they cannot be rejected whatever the truth (Tarone 1990).
    """
    tested = [i for i, contrast in enumerate(contrasts) if testable(contrast)]
    p_values = [mann_whitney(contrasts[i].first, contrasts[i].second) for i in tested]
    adjusted = dict(zip(tested, holm(p_values), strict=True))
    return [
        _finding(contrast, adjusted.get(i, 1.0), max(1, len(tested)), alpha)
        for i, contrast in enumerate(contrasts)
    ]


def testable(contrast: Contrast) -> bool:
    """Whether it takes part in the test: it can be made, and its values are not all equal."""
    return not contrast.obstacle and len({*contrast.first, *contrast.second}) > 1


def turned(finding: Finding) -> Finding:
    """Give the same finding with the sides exchanged."""
    contrast = replace(
        finding.contrast, first=finding.contrast.second, second=finding.contrast.first
    )
    outcome = {Outcome.HIGHER: Outcome.LOWER, Outcome.LOWER: Outcome.HIGHER}.get(
        finding.outcome, finding.outcome
    )
    shift = None if finding.shift is None else _shift(contrast)
    return replace(finding, contrast=contrast, outcome=outcome, shift=shift)


def obstacle(row: Configuration, metric: Metric, side: str = "", *, options: bool = True) -> str:
    """Say why ``metric`` of ``row`` takes part in no comparison; empty if it does.

    ``side`` goes before the words "runs", for example ``old``. Without ``options`` no remedy is
    named that is an option of ``abec run``.
    """
    if row.valid and len(row.used) < FEWEST_RUNS:
        runs = f"{len(row.used)} {_before(side)}run{'s' * (len(row.used) != 1)}"
        remedy = "; measure with --runs 8" * options
        return f"only {runs}, a verdict needs {FEWEST_RUNS}{remedy}"
    bar = unfit(row, metric, side, options=options)
    if not bar and len(row.samples(metric)) < FEWEST_RUNS:
        return f"{metric.name} was not measured in all {_before(side)}runs"
    return bar


def unfit(row: Configuration, metric: Metric, side: str = "", *, options: bool = True) -> str:
    """Say why ``metric`` of ``row`` has no figure to be believed, however many runs there are.

    ``side`` and ``options`` are as in ``obstacle``.
    """
    if not row.valid:
        rules = sorted({doubt.rule for run in row.invalid_runs for doubt in run.doubts})
        runs = f"{len(row.invalid_runs)} of {len(row.runs)} {_before(side)}runs"
        return f"{runs} invalid ({', '.join(rules)})"
    if not row.shows(metric):
        remedy = "; add --duration" * options
        return f"too few {_before(side)}messages for {metric.name}{remedy}"
    return ""


def _before(side: str) -> str:
    return f"{side} " if side else ""


def _finding(contrast: Contrast, adjusted_p: float, contrasts: int, alpha: float) -> Finding:
    if contrast.obstacle:
        return Finding(contrast=contrast, outcome=Outcome.NOT_COMPARED, reason=contrast.obstacle)
    first, second = contrast.first, contrast.second
    each = alpha / contrasts
    outcome, reason = Outcome.UNDETECTED, ""
    if adjusted_p <= alpha:
        outcome = _direction(first, second)
    elif testable(contrast) and smallest_p(len(first), len(second)) > each:
        outcome = Outcome.NOT_COMPARED
        reason = f"{len(first)} v {len(second)} runs are too few for {contrasts} comparisons"
    return Finding(
        contrast=contrast,
        outcome=outcome,
        reason=reason,
        shift=_shift(contrast),
        adjusted_p=adjusted_p,
        resolution=None if _is_loss(contrast) else resolution(first, second, each),
    )


def _is_loss(contrast: Contrast) -> bool:
    return contrast.metric.kind is Kind.LOSS


def _shift(contrast: Contrast) -> Shift:
    compare = difference if _is_loss(contrast) else ratio
    return compare(contrast.first, contrast.second)


def _direction(first: Sequence[Sample], second: Sequence[Sample]) -> Outcome:
    """Say to which side the ranks lean: it always agrees with a test that rejects."""
    above = sum(_above(b, a) - _above(a, b) for a in first for b in second)
    return Outcome.HIGHER if above > 0 else Outcome.LOWER


def _above(one: Sample, other: Sample) -> bool:
    return other is not None and (one is None or one > other)
