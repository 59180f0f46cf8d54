"""What several independent runs say together: intervals, tests, and what they could have seen.

The unit is the run: one value of one metric per run, never slices of one run. ``None`` stands
for an infinite value (so many messages were lost) and sorts last. Nothing here assumes a
distribution, except ``resolution``, which says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

Sample = float | None
"""One metric of one run; None is infinite."""

MEDIAN_LEVEL = 0.98
"""What the interval of a median covers at least, where so few runs allow it."""
SHIFT_LEVEL = 0.99
"""What the interval of a change covers at least, where so few runs allow it."""
ALPHA = 0.01
"""The error rate of all verdicts of one comparison together. One minus ``SHIFT_LEVEL``, so
that no verdict contradicts the interval printed beside it: Holm's is only ever stricter."""
POWER = 0.8
"""How often the change that ``resolution`` names would be detected."""
FEWEST_RUNS = 5
"""With fewer runs a side there is no interval and no verdict."""

_SIMULATIONS = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The median over runs, with its order-statistic interval. None is infinite."""

    median: float | None
    low: float | None
    high: float | None
    level: float
    """What the interval covers, exactly: 0.9375 for 5 runs."""
    n: int

    @property
    def half_width(self) -> float | None:
        """Half of the interval as a share of the median; None where that is infinite."""
        if self.median is None or self.low is None or self.high is None:
            return None
        if self.high == self.low:
            return 0.0
        return (self.high - self.low) / 2 / self.median if self.median else None


def estimate(samples: Sequence[Sample]) -> Estimate:
    """Give the median and the tightest symmetric interval between two order statistics.

    The interval from the k-th smallest to the k-th largest of n values covers the true
    median with probability ``1 - 2 P(Binomial(n, 1/2) < k)``, whatever the distribution. The
    largest k that covers ``MEDIAN_LEVEL`` is taken, or else k = 1, the whole range.

    Raises:
        ValueError: there is no sample.
    """
    if not samples:
        raise ValueError("no sample to estimate from")
    ordered = sorted(_finite_or_inf(samples))
    n = len(ordered)
    rank = max((k for k in range(2, n // 2 + 1) if _level(n, k) >= MEDIAN_LEVEL), default=1)
    return Estimate(
        median=_median(ordered),
        low=_none_if_infinite(ordered[rank - 1]),
        high=_none_if_infinite(ordered[n - rank]),
        level=_level(n, rank),
        n=n,
    )


def median(samples: Sequence[Sample]) -> float | None:
    """Give the median; None where it is infinite.

    Raises:
        ValueError: there is no sample.
    """
    if not samples:
        raise ValueError("no sample to take the median of")
    return _median(sorted(_finite_or_inf(samples)))


def mann_whitney(old: Sequence[Sample], new: Sequence[Sample]) -> float:
    """Give the exact two-sided p-value of the Mann–Whitney test, ties included.

    With ties (counts of losses, infinite values) the null distribution is that of all ways to
    deal the pooled midranks out to the two sides, counted rather than drawn. Without ties it is
    scipy's ``method="exact"``, which knows none.

    Raises:
        ValueError: a side has no sample.
    """
    if not old or not new:
        raise ValueError("no sample to compare")
    doubled = tuple(int(rank) for rank in 2 * midranks(_finite_or_inf([*old, *new])))
    counts = _rank_sums(tuple(sorted(doubled)), len(old))
    observed = sum(doubled[: len(old)])
    tail = min(counts[: observed + 1].sum(), counts[observed:].sum()) / counts.sum()
    return min(1.0, 2 * float(tail))


def midranks(values: Sequence[float]) -> NDArray[np.float64]:
    """Rank from 1; values that tie have the middle of their ranks."""
    _, place, ties = np.unique(values, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(ties) - (ties - 1) / 2)[place]
    return ranks


def smallest_p(n_old: int, n_new: int) -> float:
    """Give the smallest p-value that so many runs can reach: complete separation."""
    return min(1.0, 2 / math.comb(n_old + n_new, n_old))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values so that the error rate holds over all of them (Holm 1979)."""
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, p_values[index] * (len(p_values) - place)))
        adjusted[index] = largest
    return adjusted


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How far the new side lies from the old: a ratio or a difference. None is infinite."""

    value: float | None
    low: float | None
    high: float | None
    level: float
    """What the interval covers at least; exactly, where no two values tie."""


def ratio(old: Sequence[Sample], new: Sequence[Sample]) -> Shift:
    """Give new / old as the median of all pairwise ratios (Hodges–Lehmann on a log scale).

    Both infinite counts as no change, as a tie does. The samples must be positive.
    """
    return _shift(old, new, _divide)


def difference(old: Sequence[Sample], new: Sequence[Sample]) -> Shift:
    """Give new − old as the median of all pairwise differences (Hodges–Lehmann)."""
    return _shift(old, new, _subtract)


def resolution(old: Sequence[Sample], new: Sequence[Sample], alpha: float) -> float | None:
    """Give the smallest ratio (above 1) that a test at ``alpha`` sees with ``POWER``.

    The logarithms of the samples are taken for normal, with the spread pooled over both
    sides; for that, the power of the exact test is simulated (fixed seed). With 8 runs a side
    the spread itself is known to about a fifth: read it as "about". None where no change
    could be seen: a sample is infinite or not positive, or there are too few runs.
    """
    spread = _log_spread(old, new)
    needed = _detectable_shift(len(old), len(new), alpha)
    return None if spread is None or needed is None else math.exp(needed * spread)


def surely_reaches(old: Sequence[Sample], new: Sequence[Sample], least: float) -> float | None:
    """Give the true ratio whose estimate by ``ratio`` is at least ``least`` with ``POWER``.

    At a true ratio of ``least`` itself, half of all estimates fall short of it. Normal logarithms
    are assumed as in ``resolution``; of those the estimate, a median of pairwise ratios, has π/3
    times the variance of a difference of means (Hodges and Lehmann 1963). None as there.
    """
    spread = _log_spread(old, new)
    if spread is None:
        return None
    error = spread * math.sqrt(math.pi / 3 * (1 / len(old) + 1 / len(new)))
    return least * math.exp(float(special.ndtri(POWER)) * error)


def _log_spread(old: Sequence[Sample], new: Sequence[Sample]) -> float | None:
    """Give the standard deviation of the logarithms, pooled over both sides; None without one."""
    sides = [_finite_or_inf(old), _finite_or_inf(new)]
    if any(not math.isfinite(value) or value <= 0 for side in sides for value in side):
        return None
    freedom = sum(map(len, sides)) - 2
    if freedom < 1:
        return None
    squares = sum(float(np.var(np.log(side))) * len(side) for side in sides)
    return math.sqrt(squares / freedom)


def _level(n: int, rank: int) -> float:
    return float(1 - 2 * special.bdtr(rank - 1, n, 0.5)) if n > 1 else 0.0


def _median(ordered: Sequence[float]) -> float | None:
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return _none_if_infinite(ordered[middle])
    return _none_if_infinite((ordered[middle - 1] + ordered[middle]) / 2)


def _finite_or_inf(samples: Sequence[Sample]) -> list[float]:
    return [math.inf if sample is None else sample for sample in samples]


def _none_if_infinite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _divide(new: float, old: float) -> float:
    return 1.0 if new == old else new / old if old else math.inf


def _subtract(new: float, old: float) -> float:
    return 0.0 if new == old else new - old


def _shift(
    old: Sequence[Sample], new: Sequence[Sample], compare: Callable[[float, float], float]
) -> Shift:
    """Take the interval of Hodges and Lehmann (1963) from the Mann–Whitney distribution.

    With the m·n pairwise shifts in order, the one from the C-th smallest to the C-th largest
    covers with probability ``1 - 2 P(U < C)`` (Hollander, Wolfe, Chicken: Nonparametric
    Statistical Methods, 3rd edition, section 4.3). With ties it covers at least that.
    """
    pairs = sorted(compare(b, a) for a in _finite_or_inf(old) for b in _finite_or_inf(new))
    if not pairs:
        raise ValueError("no sample to compare")
    below = _below(len(old), len(new))
    counts = range(2, len(pairs) // 2 + 1)
    count = max((c for c in counts if 1 - 2 * below[c] >= SHIFT_LEVEL), default=1)
    return Shift(
        value=_median(pairs),
        low=_none_if_infinite(pairs[count - 1]),
        high=_none_if_infinite(pairs[-count]),
        level=max(0.0, 1 - 2 * below[count]) if len(pairs) > 1 else 0.0,
    )


@lru_cache(maxsize=64)
def _rank_sums(doubled_ranks: tuple[int, ...], size: int) -> NDArray[np.float64]:
    """Count the ways to choose ``size`` of the ranks by their (doubled, so whole) sum."""
    total = sum(doubled_ranks)
    ways = np.zeros((size + 1, total + 1))
    ways[0, 0] = 1
    for rank in doubled_ranks:
        ways[1:, rank:] += ways[:-1, : total + 1 - rank].copy()
    counts: NDArray[np.float64] = ways[size]
    return counts


@lru_cache(maxsize=64)
def _below(m: int, n: int) -> tuple[float, ...]:
    """Give P(U < c) for c from 0 to m·n + 1 under the null hypothesis, without ties."""
    counts = _rank_sums(tuple(range(2, 2 * (m + n) + 1, 2)), m)
    of_u = counts[m * (m + 1) : m * (m + 1) + 2 * m * n + 1 : 2]
    return (0.0, *(float(below) for below in np.cumsum(of_u) / of_u.sum()))


@lru_cache(maxsize=256)
def _detectable_shift(m: int, n: int, alpha: float) -> float | None:
    """Give the shift, in standard deviations, that the exact test sees with ``POWER``.

    A shift is seen when U ≤ c, the largest c with P(U ≤ c) ≤ alpha / 2: as soon as it exceeds
    the (c + 1)-th largest of the pairwise differences of unshifted draws. So one quantile over
    simulated draws is the answer, without a search.
    """
    below = _below(m, n)
    if 2 * below[1] > alpha:
        return None
    critical = max(c for c in range(m * n) if 2 * below[c + 1] <= alpha)
    draws = np.random.default_rng(1)
    first: NDArray[np.float64] = draws.standard_normal((_SIMULATIONS, m, 1))
    second: NDArray[np.float64] = draws.standard_normal((_SIMULATIONS, 1, n))
    gaps = np.sort((first - second).reshape(_SIMULATIONS, m * n), axis=1)
    return float(np.quantile(gaps[:, m * n - 1 - critical], POWER))
