"""What a metric gives asv: samples of independent runs, so that asv can test differences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from harness.errors import NotMeasured
from harness.result import Latency, Result

Value = float | dict[str, Any]
"""A plain number, samples, or NaN, which asv shows as n/a."""

DIGITS = 4
"""asv prints what it is given; more digits than these would be noise."""
DISTINCT_BEYOND = 20
"""A percentile is n/a with fewer distinct published messages beyond it."""
QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


class NotApplicable(Exception):
    """There is no number for this metric of this combination; the message says why."""


def latency(runs: Sequence[Result], side: str, quantile: str) -> Value:
    """Give a quantile of ``delivery`` or ``delivery_last``, in seconds.

    Raises:
        NotApplicable: a run has too few messages beyond the quantile.
        NotMeasured: so many messages were lost that the median over the runs is infinite.
    """
    return samples(getattr(getattr(run, side), quantile) for run in shown(runs, side, quantile))


def shown(runs: Sequence[Result], side: str, quantile: str) -> Sequence[Result]:
    """Give ``runs`` back, if each has enough distinct messages beyond the quantile.

    Raises:
        NotApplicable: one has not.
    """
    found: list[Latency] = [getattr(run, side) for run in runs]
    fewest = min(one.messages for one in found)
    if round(fewest * (1 - QUANTILES[quantile]), 6) < DISTINCT_BEYOND:
        raise NotApplicable(f"{quantile} of {fewest} messages; a longer duration has more")
    return runs


def samples(values: Iterable[float | None]) -> Value:
    """Give asv one sample a run. None stands for an infinite time.

    Raises:
        NotMeasured: the median is infinite, which asv cannot store; it calls that failed.
    """
    found = [math.inf if value is None else rounded(value) for value in values]
    infinite = found.count(math.inf)
    if infinite and 2 * infinite >= len(found) - 1:
        raise NotMeasured(
            f"infinite in {infinite} of {len(found)} runs: so many messages were lost; "
            "abec run shows how many, and why"
        )
    return {"samples": found, "number": 1}


def measured(values: Iterable[float | None]) -> Value:
    """Give asv one sample a run, leaving out runs in which it was not measured."""
    found = [rounded(value) for value in values if value is not None]
    if not found:
        raise NotApplicable("was not measured")
    return {"samples": found, "number": 1}


def lost_per_million(runs: Sequence[Result]) -> Value:
    """Give what was lost of a million deliveries owed, over all runs together.

    A plain number and no samples: what is rare would vanish in a median. asv reports any rise
    from zero.
    """
    owed = sum(run.audit.owed for run in runs)
    if not owed:
        raise NotApplicable("nothing was sent")
    return rounded(1e6 * sum(run.audit.lost for run in runs) / owed)


def rounded(value: float) -> float:
    """Round to ``DIGITS`` significant digits."""
    return float(f"{value:.{DIGITS}g}")
