"""Whether a pattern's runs keep what was promised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from harness.measure.configuration import (
    BYTES_PER_DELIVERY,
    CPU_PER_DELIVERY,
    LOST,
    MEMORY_PER_CONNECTION,
    P50,
    P90,
    P99,
    P99_9,
    Configuration,
    Kind,
    Metric,
)
from harness.measure.contrast import unfit
from harness.measure.statistics import Sample, median
from harness.objective import Objective

MAXIMUM = Metric(name="max", kind=Kind.LATENCY, of=lambda run: run.delivery.maximum)

_METRICS: Mapping[str, Metric] = {
    "p50": P50,
    "p90": P90,
    "p99": P99,
    "p99.9": P99_9,
    "max": MAXIMUM,
    "cpu": CPU_PER_DELIVERY,
    "bytes": BYTES_PER_DELIVERY,
    "memory": MEMORY_PER_CONNECTION,
    "lost": LOST,
}


class Standing(StrEnum):
    """What became of a promise."""

    MET = "met"
    MISSED = "missed"
    UNKNOWN = "not judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One objective, held against the runs of one pattern."""

    objective: Objective
    pattern: str
    metric: Metric
    standing: Standing
    value: Sample = None
    """The median over valid runs; of losses the sum, since none may hide in a median."""
    runs: tuple[Sample, ...] = ()
    """What the value was taken from, in the order of the runs."""
    reason: str = ""
    """Why it was not judged."""


def kept(objective: Objective, row: Configuration) -> Kept:
    """Judge one objective by the valid runs of one pattern; losses by all of its runs."""
    metric = _METRICS[objective.metric]
    lost = metric.kind is Kind.LOSS
    # That a run is doubted does not bring back what it lost.
    runs = tuple(map(metric.of, row.runs)) if lost else row.samples(metric)
    reason = unfit(row, metric) or ("" if runs else f"{metric.name} was not measured")
    if not reason and metric.kind is Kind.LATENCY and row.saturated:
        reason = "saturated: its latency depends on the window; ask for a lower rate"
    if reason:
        return refused(objective, row.pattern, reason)
    value = sum(run or 0 for run in runs) if lost else median(runs)
    return Kept(
        objective=objective,
        pattern=row.pattern,
        metric=metric,
        standing=Standing.MET if objective.met_by(value) else Standing.MISSED,
        value=value,
        runs=runs,
    )


def refused(objective: Objective, pattern: str, reason: str) -> Kept:
    """Leave an objective unjudged, for want of what to judge by."""
    return Kept(
        objective=objective,
        pattern=pattern,
        metric=_METRICS[objective.metric],
        standing=Standing.UNKNOWN,
        reason=reason,
    )
