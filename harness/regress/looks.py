"""When the runs are looked at, and which error each look may spend: fixed before the first run.

Look k comes after ``8 + 4 (k - 1)`` runs a side and spends ``ALPHA / (k (k + 1))``: a half of one
percent at the first look, a sixth at the second, a twelfth at the third. Added up, k looks have
spent ``ALPHA k / (k + 1)``: less than ``ALPHA``, whatever the runs say and whenever one stops
(the union bound; Bonferroni over looks, an alpha spending as of Lan and DeMets 1983). Within a
look Holm holds its share over all comparisons.

The first look can just support a verdict on the largest gate: 8 against 8 runs that do not
overlap have p = 2 / C(16, 8) = 1 / 6435 = 0.000155, and 0.005 / 32 is 0.000156.
"""

from __future__ import annotations

from harness.measure.statistics import ALPHA

FIRST_RUNS = 8
"""Runs a side at the first look."""
MORE_RUNS = 4
"""Runs a side that each further look adds, to the cells that are still open."""


def alpha_at(look: int) -> float:
    """Give the error rate that look 1, 2, … may spend over all of its comparisons."""
    return ALPHA / (look * (look + 1))


def spent_by(look: int) -> float:
    """Give the error rate that looks 1 to ``look`` have spent together."""
    return ALPHA * look / (look + 1)
