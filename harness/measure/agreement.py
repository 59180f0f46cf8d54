"""Whether the figures of a result are what its raw data give: recomputed, or from its histograms.

Figures are named as in the file: ``delivery.p99``, ``audit.lost``, ``timeline.maximum[3]``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from harness.histogram import Histogram
from harness.measure.latency import rank
from harness.result import OWN_TIMES, Latency, Result, Timeline

_CLOSE = 1e-9
"""Two numbers agree within that share: another processor may round the last digit differently."""
_BUCKET = 1 / 1024
"""No bucket of a histogram is wider than that share of its values."""
_NO_FIGURES = frozenset(
    {"pattern", "block", "floor", "workload", "block_index", "context", "stamps"}
)
"""What was asked and where it ran: nothing that is computed from stamps."""
_QUANTILES: Mapping[str, float] = {
    "p50": 0.5,
    "p90": 0.9,
    "p99": 0.99,
    "p99_9": 0.999,
    "maximum": 1.0,
}
_UNCHECKED = (
    "achieved_rate, throughput, slope, saturated, service_mean_high, server, wire, generator, "
    "host, doubts, remarks"
)
"""What histograms and counts say nothing about."""


def unchecked(result: Result) -> str:
    """Name what nothing in a result's file can be held against."""
    left_out = [name for name in OWN_TIMES if not getattr(result, name).histogram]
    return ", ".join([_UNCHECKED, *left_out])


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A figure that is not what it should be."""

    figure: str
    stored: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How many figures were looked at, and which differ."""

    figures: int
    differences: tuple[Difference, ...]


def recomputed(stored: Result, again: Result) -> Agreement:
    """Hold every figure of a result against those of a result made from its stamps."""
    mine, other = dict(_figures(stored)), dict(_figures(again))
    unknown = tuple(_of_later(stored))
    names = [name for name in dict.fromkeys((*mine, *other)) if not name.startswith(unknown)]
    absent = object()
    differing = (
        Difference(
            figure=name,
            stored=_written(mine[name]) if name in mine else "nothing",
            found=_written(other[name]) if name in other else "nothing",
        )
        for name in names
        if not _equal(name, mine.get(name, absent), other.get(name, absent))
    )
    return Agreement(figures=len(names), differences=tuple(differing))


def _of_later(stored: Result) -> Iterator[str]:
    """Give how the names of figures begin that a file of before they were kept lacks."""
    if stored.timeline is None:
        yield "timeline"
    if stored.kill is not None and stored.kill.unsaved is None:
        yield from ("kill.unsaved", "kill.survived")
    if stored.network is not None and stored.network.late_p90 is None:
        yield "network.late_p90"


def within_itself(result: Result) -> Agreement:
    """Hold counts and quantiles of a result against its histograms, its audit and its timeline.

    A quantile agrees if the histogram has it in the same bucket, a mean if the buckets allow it.
    """
    checked = [
        *(
            check
            for one in fields(Result)
            if isinstance(latency := getattr(result, one.name), Latency)
            for check in _distribution(one.name, latency)
        ),
        *_balance(result),
        *(_sums(result.timeline, result.delivery) if result.timeline is not None else ()),
    ]
    differing = (
        Difference(figure=name, stored=_written(mine), found=_written(found))
        for name, mine, found, agrees in checked
        if not agrees
    )
    return Agreement(figures=len(checked), differences=tuple(differing))


_Check = tuple[str, Any, Any, bool]
"""A figure's name, what the file says, what follows from the rest, and whether they agree."""


def _distribution(name: str, latency: Latency) -> Iterator[_Check]:
    if not latency.histogram and name in OWN_TIMES:  # left out, as `unchecked` says
        return
    try:
        histogram = Histogram.decode(latency.histogram)
    except ValueError as error:
        yield f"{name}.histogram", latency.histogram, error, False
        return
    yield _exactly(f"{name}.count", latency.count, histogram.count)
    for field, q in _QUANTILES.items():
        stored: float | None = getattr(latency, field)
        wanted = rank(q, histogram.count + latency.lost)
        if wanted > histogram.count:
            yield _exactly(f"{name}.{field}", stored, None)
        else:
            top_ns = int(histogram.ranked(np.array([wanted]))[0])
            yield f"{name}.{field}", stored, top_ns / 1e9, _top_ns(stored) == top_ns
    mean_ns = None if latency.lost or not histogram.count else _mean_ns(histogram)
    if mean_ns is None or latency.mean is None:
        yield f"{name}.mean", latency.mean, mean_ns, mean_ns is None and latency.mean is None
    else:
        low_ns = mean_ns * (1 - _BUCKET) - 1
        fits = low_ns <= latency.mean * 1e9 <= mean_ns * (1 + _CLOSE)
        yield f"{name}.mean", latency.mean, mean_ns / 1e9, fits


def _balance(result: Result) -> Iterator[_Check]:
    audit = result.audit
    parts = audit.delivered + audit.lost + audit.corrupted
    yield _exactly("audit.owed", audit.owed, parts)
    rate = result.delivery.messages / result.workload.duration
    close = math.isclose(result.offered_rate, rate, rel_tol=1e-6)
    yield "offered_rate", result.offered_rate, rate, close


def _sums(timeline: Timeline, delivery: Latency) -> Iterator[_Check]:
    highest = [value for value in timeline.maximum if value is not None]
    most = max(highest) if highest and not delivery.lost else None
    yield _exactly("timeline.count", sum(timeline.count), delivery.count)
    yield _exactly("timeline.lost", sum(timeline.lost), delivery.lost)
    yield _exactly("timeline.maximum", most, delivery.maximum)


def _exactly(name: str, stored: object, found: object) -> _Check:
    return name, stored, found, stored == found


def _top_ns(value_s: float | None) -> int | None:
    """Give the highest value of the bucket that a time falls into."""
    if value_s is None or not 0 <= value_s <= 86_400:
        return None
    alone = Histogram.of(np.array([round(value_s * 1e9)], dtype=np.int64))
    return int(alone.ranked(np.array([1]))[0])


def _mean_ns(histogram: Histogram) -> float:
    """Average the highest values of the buckets."""
    ranks = np.cumsum(histogram.counts)[histogram.counts > 0]
    counts = histogram.counts[histogram.counts > 0]
    return float(np.average(histogram.ranked(ranks), weights=counts))


def _figures(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Give every number, word and truth value in a result with its name."""
    if is_dataclass(value):
        for one in fields(value):
            if name or one.name not in _NO_FIGURES:
                inner = f"{name}.{one.name}" if name else one.name
                yield from _figures(getattr(value, one.name), inner)
    elif isinstance(value, Mapping):
        for key in sorted(value):
            yield from _figures(value[key], f"{name}[{key}]")
    elif isinstance(value, tuple):
        for number, part in enumerate(value):
            yield from _figures(part, f"{name}[{number}]")
    else:
        yield name, value


def _equal(name: str, stored: Any, found: Any) -> bool:
    if isinstance(stored, float) and isinstance(found, float):
        return math.isclose(stored, found, rel_tol=_CLOSE, abs_tol=1e-15)
    if name.endswith(".histogram") and isinstance(stored, str) and isinstance(found, str):
        return stored == found or _same_counts(stored, found)
    return bool(stored == found)


def _same_counts(stored: str, found: str) -> bool:
    """Compare what histograms hold: another version may compress it into another text."""
    try:
        counts = Histogram.decode(stored).counts
    except ValueError:
        return False
    return bool(np.array_equal(counts, Histogram.decode(found).counts))


def _written(value: object) -> str:
    text = "infinite" if value is None else str(value)
    return f"{text[:40]}…" if len(text) > 41 else text
