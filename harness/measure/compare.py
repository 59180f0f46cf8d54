"""Patterns against patterns within one series, and how far implementations differ beside that.

Declared beforehand: all pairs of patterns of one stack within a block under one workload, by
the p50 and the tail of delivery latency (in a closed loop, by throughput), with one error rate
over all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import combinations

from harness.measure.configuration import (
    CPU_PER_DELIVERY,
    P50,
    TIME_PER_MESSAGE,
    Configuration,
    Kind,
    Metric,
    configurations,
    tail,
)
from harness.measure.contrast import Contrast, Finding, Outcome, judge, obstacle, turned
from harness.measure.statistics import median
from harness.result import Series
from harness.workload import Workload

_Metrics = Callable[[Configuration, Configuration], list[Metric]]
"""What a pair is compared by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPerConnection:
    """Bytes that one more connection takes, as a slope over numbers of connections."""

    process: float | None
    """Proportional set size of the servers; None where it could not be seen."""
    kernel: float
    """The kernel's slab, both ends of the socket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All that ``abec compare PATTERN…`` measured."""

    latency: Series
    """Open loop: every pattern, its floor and its implementations."""
    saturation: Series | None = None
    """Closed loop."""
    polling: Series | None = None
    """The polling pattern at several intervals."""
    network: Series | None = None
    """With a network in between, where the others have none."""
    memory: Mapping[str, MemoryPerConnection] = field(default_factory=dict)
    """By pattern."""


class Standing(StrEnum):
    """What may be said about two patterns and one metric."""

    AHEAD = "ahead"
    """Supported on every stack that was compared, and by more than implementations differ."""
    WITHIN_SPREAD = "within spread"
    """Supported, but implementations of one of the two patterns differ by as much or more."""
    STACKS_DIFFER = "stacks differ"
    """Supported on one stack, and on another not, or the other way round."""
    UNDETECTED = "undetected"
    NOT_COMPARED = "not compared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How far two implementations of one pattern lie apart."""

    low: str
    high: str
    factor: float
    """Median of ``high`` over median of ``low``; at least 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """Two patterns and one metric, over all stacks that both were measured on."""

    workload: Workload
    first: str
    """The family that is ahead where one is, else the first by name."""
    second: str
    metric: Metric
    standing: Standing
    findings: Mapping[str, Finding]
    """By implementation (empty text: the default); ``second`` over ``first`` in each."""
    spread: Spread | None = None
    """The larger spread among implementations of the two; None with one implementation each."""

    @property
    def factors(self) -> list[float]:
        """The ratios in favour of ``first``, one for each stack that was compared, rising."""
        return sorted(
            math.inf if finding.shift.value is None else finding.shift.value
            for finding in self.findings.values()
            if finding.outcome is not Outcome.NOT_COMPARED and finding.shift is not None
        )


def conclusions(series: Series) -> list[Conclusion]:
    """Test all declared contrasts of a series and say what may be concluded from each."""
    return _conclusions(series, _metrics)


def cost_conclusions(series: Series) -> list[Conclusion]:
    """Do the same for the servers' CPU per delivery of the same pairs.

    These tests have an error rate of their own, so that asking for costs takes nothing from
    what is concluded about latency.
    """
    return _conclusions(series, lambda _first, _second: [CPU_PER_DELIVERY])


def _conclusions(series: Series, metrics: _Metrics) -> list[Conclusion]:
    rows = configurations(series)
    declared = _declare(rows, metrics)
    findings = judge([contrast for _, _, contrast in declared])
    grouped: dict[tuple[Workload, str, str, str], dict[str, Finding]] = {}
    for (first, second, contrast), finding in zip(declared, findings, strict=True):
        key = (first.workload, first.family, second.family, contrast.metric.name)
        grouped.setdefault(key, {})[first.implementation] = finding
    return [_conclude(key, by_stack, rows) for key, by_stack in grouped.items()]


def implementation_spread(
    rows: Sequence[Configuration], family: str, workload: Workload, metric: Metric
) -> Spread | None:
    """Give the widest gap between two implementations of ``family``; None if there is one only.

    A saturated implementation counts with what it showed, which is the least it would show.
    """
    medians = {
        row.pattern: math.inf if value is None else value
        for row in rows
        if row.family == family and row.workload == workload and row.valid and row.shows(metric)
        for value in (median(row.samples(metric)),)
    }
    if len(medians) < 2:
        return None
    low, high = min(medians, key=medians.__getitem__), max(medians, key=medians.__getitem__)
    factor = 1.0 if medians[low] == medians[high] else medians[high] / medians[low]
    return Spread(low=low, high=high, factor=factor)


def _declare(
    rows: Sequence[Configuration], metrics: _Metrics
) -> list[tuple[Configuration, Configuration, Contrast]]:
    pairs = [
        (first, second)
        for first, second in combinations((row for row in rows if not row.is_floor), 2)
        if (first.workload, first.block, first.implementation)
        == (second.workload, second.block, second.implementation)
    ]
    return [
        (first, second, _contrast(metric, first, second))
        for first, second in pairs
        for metric in metrics(first, second)
    ]


def _metrics(first: Configuration, second: Configuration) -> list[Metric]:
    """In a closed loop, latency only mirrors the throughput: that is asked for instead."""
    if not first.workload.open_loop:
        return [TIME_PER_MESSAGE]
    far = tail((first, second))
    return [P50] if far is None else [P50, far]


def _contrast(metric: Metric, first: Configuration, second: Configuration) -> Contrast:
    reasons = [
        f"{row.pattern}: {reason}"
        for row in (first, second)
        if (reason := obstacle(row, metric) or _saturated(row, metric))
    ]
    if reasons:
        return Contrast(metric=metric, obstacle="; ".join(reasons))
    return Contrast(metric=metric, first=first.samples(metric), second=second.samples(metric))


def _saturated(row: Configuration, metric: Metric) -> str:
    if metric.kind is not Kind.LATENCY or not row.saturated:
        return ""
    return "saturated, so its latency depends on the window"


def _conclude(
    key: tuple[Workload, str, str, str],
    by_stack: Mapping[str, Finding],
    rows: Sequence[Configuration],
) -> Conclusion:
    workload, first, second, _ = key
    metric = next(iter(by_stack.values())).contrast.metric
    spread = max(
        filter(None, (implementation_spread(rows, f, workload, metric) for f in (first, second))),
        key=lambda found: found.factor,
        default=None,
    )
    outcomes = {f.outcome for f in by_stack.values()} - {Outcome.NOT_COMPARED}
    if outcomes == {Outcome.LOWER}:
        first, second = second, first
        by_stack = {stack: turned(finding) for stack, finding in by_stack.items()}
    found = Conclusion(
        workload=workload,
        first=first,
        second=second,
        metric=metric,
        standing=_standing(outcomes),
        findings=by_stack,
        spread=spread,
    )
    if found.standing is not Standing.AHEAD or spread is None:
        return found
    # Where nothing was compared there is no factor either.
    covered = spread.factor >= found.factors[0]
    return replace(found, standing=Standing.WITHIN_SPREAD) if covered else found


def _standing(outcomes: set[Outcome]) -> Standing:
    if not outcomes:
        return Standing.NOT_COMPARED
    if len(outcomes) > 1:
        return Standing.STACKS_DIFFER
    return Standing.UNDETECTED if outcomes == {Outcome.UNDETECTED} else Standing.AHEAD
