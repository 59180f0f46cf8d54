"""The error that looks spend, and that it suffices for a verdict: arithmetic by hand."""

import math

import pytest

from harness.measure.statistics import ALPHA, holm, mann_whitney, smallest_p
from harness.regress.gate import MOST_COMPARISONS
from harness.regress.looks import FIRST_RUNS, MORE_RUNS, alpha_at, spent_by

LOOKS = range(1, 60)


def test_runs_and_errors_of_the_first_looks() -> None:
    assert (FIRST_RUNS, MORE_RUNS) == (8, 4)
    assert [alpha_at(look) for look in (1, 2, 3)] == pytest.approx([0.005, 1 / 600, 1 / 1200])


def test_all_looks_together_spend_no_more_than_alpha() -> None:
    for look in LOOKS:
        spent = math.fsum(map(alpha_at, range(1, look + 1)))
        assert spent == pytest.approx(spent_by(look))
        assert spent < ALPHA


def test_every_look_can_support_a_verdict_on_the_largest_gate() -> None:
    assert smallest_p(8, 8) == pytest.approx(1 / 6435)
    assert alpha_at(1) / MOST_COMPARISONS == pytest.approx(0.00015625)
    for look in LOOKS:
        runs = FIRST_RUNS + MORE_RUNS * (look - 1)
        assert smallest_p(runs, runs) <= alpha_at(look) / MOST_COMPARISONS


def test_one_comparison_more_could_not_be_carried() -> None:
    assert smallest_p(FIRST_RUNS, FIRST_RUNS) > alpha_at(1) / (MOST_COMPARISONS + 1)
    assert smallest_p(FIRST_RUNS, FIRST_RUNS - 1) > alpha_at(1) / MOST_COMPARISONS


def test_eight_separated_runs_among_the_most_comparisons_are_a_verdict() -> None:
    low, high = [1.0 + i / 100 for i in range(8)], [2.0 + i / 100 for i in range(8)]
    p_values = [mann_whitney(low, high), *[1.0] * (MOST_COMPARISONS - 1)]
    assert holm(p_values)[0] <= alpha_at(1)
