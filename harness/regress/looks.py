"""When the runs are looked at, and which error each look may spend: fixed before the first run.

Look k comes after ``8 + 4 (k - 1)`` runs a side and spends ``ALPHA / 2**k``: a half of one
percent at the first look, a quarter at the second, and so on. Whatever the runs say and
whenever one stops, the error rates of all looks add up to less than ``ALPHA`` (the union bound;
Bonferroni over looks, a discrete alpha spending as of Lan and DeMets 1983). Within a look Holm
holds its share over all comparisons.

The first look can just support a verdict on the largest gate: 8 against 8 runs that do not
overlap have p = 2 / C(16, 8) = 1 / 6435 = 0.000155, and 0.005 / 32 is 0.000156.
"""

from __future__ import annotations

from harness.measure.statistics import ALPHA

FIRST_RUNS = 8
"""Runs a side at the first look."""
MORE_RUNS = 4
"""Runs a side that each further look adds, to the cells that are still open."""


def runs_at(look: int) -> int:
    """Give the runs a side of look 1, 2, …"""
    return FIRST_RUNS + MORE_RUNS * (look - 1)


def alpha_at(look: int) -> float:
    """Give the error rate that look 1, 2, … may spend over all of its comparisons."""
    return ALPHA * 0.5**look
