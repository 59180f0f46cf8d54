"""Whether a run was the same from its begin to its end, by Lancet's two questions.

Lancet (Kogias, Mallon and Bugnion, USENIX ATC 2019) believes a latency where it is stationary and
where its samples are independent. It asks of single requests; a result keeps the p50 of each slice
of its window, so that both are rank correlations of slices here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from harness.measure.statistics import midranks
from harness.result import Timeline

ALPHA = 0.01
"""The error of one test of one run."""
FEWEST_SLICES = 20
"""In which a message was due: with fewer, nothing is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """Spearman's rank correlation, and how often chance gives one as large, either way."""

    rho: float
    p: float

    @property
    def established(self) -> bool:
        """Whether it is there, at ``ALPHA``."""
        return self.p <= ALPHA


@dataclass(frozen=True, slots=True, kw_only=True)
class Steadiness:
    """What the slices of one run say."""

    trend: Correlation
    """Of p50 with time: not stationary, where it is established."""
    neighbours: Correlation
    """Of p50 with that of the slice before: not independent, where it is established."""


def steadiness(timeline: Timeline) -> Steadiness | None:
    """Test one run; None where too few slices hold a message.

    A slice whose p50 is infinite ranks last; one in which nothing was due is left out.
    """
    slices = zip(timeline.p50, timeline.count, timeline.lost, strict=True)
    due = [
        (place, math.inf if p50 is None else p50)
        for place, (p50, count, lost) in enumerate(slices)
        if count + lost
    ]
    if len(due) < FEWEST_SLICES:
        return None
    found = dict(due)
    pairs = [(found[place - 1], value) for place, value in due if place - 1 in found]
    return Steadiness(
        trend=spearman([place for place, _ in due], [value for _, value in due]),
        neighbours=spearman([before for before, _ in pairs], [after for _, after in pairs]),
    )


def spearman(one: Sequence[float], other: Sequence[float]) -> Correlation:
    """Correlate the ranks; p is two-sided, by Student's t with n - 2 degrees of freedom.

    That is close enough from about 20 pairs on. Where a side has but one value, or there are no
    three pairs, there is nothing to correlate.
    """
    first, second = _centred_ranks(one), _centred_ranks(other)
    freedom = len(one) - 2
    spread = math.sqrt(float(first @ first) * float(second @ second))
    if freedom < 1 or not spread:
        return Correlation(rho=0.0, p=1.0)
    rho = max(-1.0, min(1.0, float(first @ second) / spread))
    rest = 1 - rho * rho
    t = abs(rho) * math.sqrt(freedom / rest) if rest else math.inf
    return Correlation(rho=rho, p=2 * float(special.stdtr(freedom, -t)))


def more_than_chance(found: int, runs: int) -> bool:
    """Whether so many of these runs come about by chance in less than one case of a hundred.

    A single run is never more: one in a hundred is what its test allows.
    """
    return found > 1 and float(special.bdtrc(found - 1, runs, ALPHA)) < ALPHA


def _centred_ranks(values: Sequence[float]) -> NDArray[np.float64]:
    if not values:
        return np.empty(0)
    ranks = midranks(values)
    centred: NDArray[np.float64] = ranks - ranks.mean()
    return centred
