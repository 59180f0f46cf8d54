"""Intervals, tests and resolution against their definitions, scipy and simulation."""

import math
import random
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.measure.statistics import (
    difference,
    estimate,
    holm,
    mann_whitney,
    median,
    ratio,
    resolution,
    smallest_p,
    surely_reaches,
)

NUMBERS = st.floats(0.001, 1000, allow_nan=False)


@pytest.mark.parametrize(
    ("runs", "low", "high", "level"),
    [
        (1, 1, 1, 0.0),
        (2, 1, 2, 0.5),
        (5, 1, 5, 0.9375),
        (6, 1, 6, 0.96875),
        (7, 1, 7, 0.984375),
        (8, 1, 8, 0.9921875),
        (10, 1, 10, 0.998046875),
        (11, 2, 10, 0.98828125),
        (20, 5, 16, 0.98818),
    ],
)
def test_the_interval_is_the_tightest_that_covers_98_percent_and_says_its_level(
    runs: int, low: int, high: int, level: float
) -> None:
    samples = list(range(1, runs + 1))
    random.Random(runs).shuffle(samples)

    found = estimate(samples)

    assert (found.low, found.high, found.n) == (low, high, runs)
    assert found.level == pytest.approx(level, abs=1e-5)
    assert found.median == np.median(samples)


def test_the_interval_of_8_covers_the_true_median_as_often_as_it_says() -> None:
    draws = np.random.default_rng(3).lognormal(size=(20_000, 8))

    covered = np.mean((draws.min(axis=1) <= 1) & (draws.max(axis=1) >= 1))

    assert covered == pytest.approx(estimate([1.0] * 8).level, abs=0.002)


def test_infinite_values_sort_last() -> None:
    mostly = estimate([1.0, 2.0, 3.0, 4.0, None])
    hardly = estimate([1.0, 2.0, None, None, None])

    assert (mostly.median, mostly.low, mostly.high) == (3.0, 1.0, None)
    assert hardly.median is None
    assert mostly.half_width is None
    assert median([1.0, None]) is None


def test_half_width_is_a_share_of_the_median() -> None:
    assert estimate([90, 95, 100, 105, 110]).half_width == pytest.approx(0.1)
    assert estimate([5.0] * 8).half_width == 0


@pytest.mark.parametrize("empty", [estimate, median])
def test_nothing_has_no_median(empty: object) -> None:
    with pytest.raises(ValueError, match="no sample"):
        empty([])  # type: ignore[operator]


@given(st.lists(NUMBERS, min_size=2, max_size=9), st.lists(NUMBERS, min_size=2, max_size=9))
def test_mann_whitney_is_scipys_exact_test_where_nothing_ties(
    old: list[float], new: list[float]
) -> None:
    if len({*old, *new}) < len(old) + len(new):
        return
    expected = stats.mannwhitneyu(old, new, method="exact").pvalue

    assert mann_whitney(old, new) == pytest.approx(expected)


@given(
    st.lists(st.integers(0, 4), min_size=2, max_size=5),
    st.lists(st.integers(0, 4), min_size=2, max_size=5),
)
def test_mann_whitney_with_ties_counts_every_way_to_deal_the_ranks(
    old: list[int], new: list[int]
) -> None:
    ranks = stats.rankdata([*old, *new])
    observed = ranks[: len(old)].sum()
    sums = np.array([sum(chosen) for chosen in combinations(ranks, len(old))])
    tail = min(np.mean(sums <= observed), np.mean(sums >= observed))

    assert mann_whitney(old, new) == pytest.approx(min(1.0, 2 * tail))


def test_mann_whitney_ranks_the_infinite_above_all_and_level_among_themselves() -> None:
    assert mann_whitney([1.0] * 8, [None] * 8) == pytest.approx(smallest_p(8, 8))
    assert mann_whitney([None] * 8, [None] * 8) == 1.0
    with pytest.raises(ValueError, match="no sample"):
        mann_whitney([], [1.0])


def test_the_smallest_p_is_that_of_complete_separation() -> None:
    for runs in (5, 7, 8):
        low, high = range(runs), range(runs, 2 * runs)
        assert smallest_p(runs, runs) == pytest.approx(mann_whitney(list(low), list(high)))


def test_holm_steps_down() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_the_ratio_is_hodges_lehmann_with_the_interval_of_the_exact_test() -> None:
    old = [10, 11, 12, 13, 14, 15, 16, 17]
    new = [20, 21, 22, 23, 24, 25, 26, 27]
    pairs = sorted(b / a for a in old for b in new)

    found = ratio(old, new)

    assert found.value == pytest.approx(np.median(pairs))
    # 8 v 8: P(U < 8) = 45 / 12870, P(U < 9) = 67 / 12870 (published tables of U: 7 at 1 %)
    assert (found.low, found.high) == (pairs[7], pairs[-8])
    assert found.level == pytest.approx(1 - 2 * 45 / 12870)


def test_the_interval_of_a_ratio_covers_the_truth_as_often_as_it_says() -> None:
    draw = random.Random(11)
    covered = 0
    for _ in range(2_000):
        old = [draw.lognormvariate(0, 0.1) for _ in range(7)]
        new = [1.3 * draw.lognormvariate(0, 0.1) for _ in range(7)]
        found = ratio(old, new)
        covered += (found.low or 0) <= 1.3 <= (found.high or math.inf)

    assert covered / 2_000 == pytest.approx(ratio(range(1, 8), range(1, 8)).level, abs=0.006)


def test_shifts_with_infinite_and_equal_values() -> None:
    assert ratio([1.0] * 5, [None] * 5).value is None
    assert ratio([None] * 5, [None] * 5).value == 1.0
    assert ratio([None] * 5, [1.0] * 5).value == 0.0
    assert difference([0] * 5, [3] * 5).value == 3
    with pytest.raises(ValueError, match="no sample"):
        ratio([], [1.0])


@given(st.lists(NUMBERS, min_size=5, max_size=8), st.lists(NUMBERS, min_size=5, max_size=8))
def test_an_interval_that_excludes_1_goes_with_a_rejection(
    old: list[float], new: list[float]
) -> None:
    found = ratio(old, new)
    excludes = (found.low or 0) > 1 or (found.high or math.inf) < 1

    if mann_whitney(old, new) <= 0.005:
        assert excludes or len({*old, *new}) < len(old) + len(new)


@pytest.mark.parametrize(("runs", "alpha"), [(8, 0.01), (8, 0.01 / 12), (6, 0.01)])
def test_the_change_that_would_show_shows_in_8_of_10_attempts(runs: int, alpha: float) -> None:
    draw = np.random.default_rng(5)
    known = resolution(_standard(runs), _standard(runs), alpha)
    assert known is not None
    shift = math.log(known)

    detected = sum(
        mann_whitney(list(draw.normal(0, 1, runs)), list(draw.normal(shift, 1, runs))) <= alpha
        for _ in range(2_000)
    )

    assert detected / 2_000 == pytest.approx(0.8, abs=0.04)


def _standard(runs: int) -> list[float]:
    """Give values whose logarithms have a standard deviation of exactly 1."""
    logs = np.arange(runs) - (runs - 1) / 2
    logs = logs / np.std(logs, ddof=1)
    return [float(value) for value in np.exp(logs)]


@pytest.mark.parametrize("runs", [8, 16])
def test_the_change_that_surely_reaches_a_limit_does_in_8_of_10_attempts(runs: int) -> None:
    draw = np.random.default_rng(6)
    known = surely_reaches(_standard(runs), _standard(runs), 1.1)
    assert known is not None
    logs = draw.normal(0, 1, (1_000, 2, runs)) + np.array([[0.0], [math.log(known)]])
    found = [ratio(list(old), list(new)).value for old, new in np.exp(logs)]
    reached = sum(value is not None and value >= 1.1 for value in found)

    assert reached / 1_000 == pytest.approx(0.8, abs=0.04)


def test_without_spread_the_limit_itself_is_reached() -> None:
    assert surely_reaches([2.0] * 8, [3.0] * 8, 1.1) == pytest.approx(1.1)
    assert surely_reaches([2.0] * 8, [None] * 8, 1.1) is None


def test_no_resolution_without_a_chance_to_detect_anything() -> None:
    assert resolution([1.0] * 5, [1.0] * 5, 0.001) is None
    assert resolution([1.0] * 8, [None] * 8, 0.01) is None
    assert resolution([0.0] * 8, [1.0] * 8, 0.01) is None
    assert resolution([1.0], [1.0], 1.0) is None
