"""Whole distributions as curves: quantiles and shares per run, then the median over runs.

Histograms of several runs are never merged: a merged one shows the worst run's tail as if it
were everybody's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.histogram import Histogram
from harness.measure.configuration import QUANTILES, Configuration
from harness.measure.latency import rank
from harness.measure.statistics import FEWEST_RUNS, Estimate, estimate
from harness.measure.validity import shown
from harness.recording import Ints
from harness.result import Latency

STEPS_PER_NINE = 10
"""Points of a curve from 90 % to 99 %, from 99 % to 99.9 % and so on."""
_MOST_NINES = 6
SHARES = 60
"""Points of a curve of shares."""
_LOWEST_SHARE = 0.005
"""Where a curve of shares begins."""


class BrokenHistogram(ValueError):
    """A result holds a text that is no histogram of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The distribution of one run's delivery latency: its values' buckets, and what was lost."""

    histogram: Histogram
    lost: int

    @property
    def count(self) -> int:
        """Values in all, the infinite ones included."""
        return self.histogram.count + self.lost

    def quantiles(self, at: Sequence[float]) -> list[float | None]:
        """Give the value (s) at each quantile (0 to 1); None where it is infinite."""
        ranks = np.array([rank(q, self.count) for q in at], dtype=np.int64)
        finite = ranks <= self.histogram.count
        values = self.histogram.ranked(np.minimum(ranks, self.histogram.count)) / 1e9
        return [float(v) if f else None for v, f in zip(values, finite, strict=True)]

    def shares(self, values_ns: Ints) -> list[float]:
        """Give the share (0 to 1) of all values that lie at or below each of ``values_ns``."""
        return [float(n) / self.count for n in self.histogram.at_most(values_ns)]


def read(latency: Latency) -> Run | None:
    """Read one run's distribution; None where the file holds none.

    Raises:
        BrokenHistogram: it is no histogram of ours.
    """
    if not latency.histogram:
        return None
    try:
        run = Run(histogram=Histogram.decode(latency.histogram), lost=latency.lost)
    except ValueError as error:
        raise BrokenHistogram(str(error)) from error
    return run if run.histogram.count else None


def runs(row: Configuration) -> tuple[Run, ...]:
    """Read the distributions of all runs that count; empty where one of them is missing."""
    found = [run for run in (read(run.delivery) for run in row.used) if run is not None]
    return tuple(found) if len(found) == len(row.used) else ()


def nines(q: float) -> float:
    """Give the place of quantile ``q`` on an axis that gives every nine the same width."""
    return -math.log10(1 - q)


def quantile_grid(row: Configuration) -> list[float]:
    """Give the quantiles that ``row`` may show, evenly spaced in nines, and the named ones."""
    even = (1 - 10 ** (-step / STEPS_PER_NINE) for step in range(1, _MOST_NINES * STEPS_PER_NINE))
    wanted = sorted({round(q, 7) for q in (*even, *QUANTILES.values())})
    return [q for q in wanted if all(shown(run.delivery, q) for run in row.used)]


def latency_grid_ns(measured: Sequence[tuple[Configuration, Sequence[Run]]]) -> Ints:
    """Give latencies from the earliest share to the last shown quantile of any row, log-spaced."""
    ends: list[float] = []
    for row, of_row in measured:
        grid = quantile_grid(row)
        if of_row and grid:
            found = [value for run in of_row for value in run.quantiles([_LOWEST_SHARE, grid[-1]])]
            ends += [value for value in found if value is not None]
    if not ends:
        return np.empty(0, dtype=np.int64)
    low, high = max(1.0, min(ends) * 1e9), max(1.0, max(ends) * 1e9)
    return np.unique(np.rint(np.geomspace(low, high, SHARES)).astype(np.int64))


def median_over_runs(by_run: Sequence[Sequence[float | None]]) -> list[Estimate]:
    """Give for each place of a curve the median over runs, with its interval."""
    return [estimate(values) for values in zip(*by_run, strict=True)]


def has_band(found: Sequence[Estimate]) -> bool:
    """Whether these stand on runs enough for an interval."""
    return bool(found) and found[0].n >= FEWEST_RUNS
