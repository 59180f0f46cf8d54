"""Lancet's two questions: known correlations, the error under chance, and what must be found."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from harness.measure.steadiness import (
    ALPHA,
    FEWEST_SLICES,
    Steadiness,
    more_than_chance,
    spearman,
    steadiness,
)
from harness.result import Timeline

SLICES = 50


def timeline(p50: Sequence[float | None], due: Sequence[int] = ()) -> Timeline:
    """Build a timeline; None among what was due is a slice that lost its messages."""
    wanted = tuple(due) or (10,) * len(p50)
    lost = tuple(n if value is None else 0 for value, n in zip(p50, wanted, strict=True))
    count = tuple(n - gone for n, gone in zip(wanted, lost, strict=True))
    return Timeline(
        slice=0.1, count=count, lost=lost, p50=tuple(p50), p99=tuple(p50), maximum=tuple(p50)
    )


def asked(p50: Sequence[float | None], due: Sequence[int] = ()) -> Steadiness:
    found = steadiness(timeline(p50, due))
    assert found is not None
    return found


def noise(seed: int) -> list[float]:
    return list(np.random.default_rng(seed).lognormal(-7, 0.1, SLICES))


def test_neighbours_that_changed_places_have_a_known_correlation() -> None:
    # 1 - 6 * 10 / (10 * 99): ten differences of one place each.
    found = spearman(range(10), [2, 1, 4, 3, 6, 5, 8, 7, 10, 9])
    assert found.rho == pytest.approx(1 - 60 / 990)


@pytest.mark.parametrize("digits", [8, 1])
def test_it_is_scipys_with_and_without_ties(digits: int) -> None:
    draw = np.random.default_rng(5)
    one = draw.normal(size=40).round(digits)
    other = (one + draw.normal(size=40)).round(digits)
    expected = stats.spearmanr(one, other)
    found = spearman(list(one), list(other))
    assert (found.rho, found.p) == pytest.approx((expected.statistic, expected.pvalue))


def test_what_does_not_vary_correlates_with_nothing() -> None:
    found = asked([1e-3] * SLICES)
    assert (found.trend.p, found.neighbours.p) == (1.0, 1.0)
    assert spearman([], []).p == 1.0


def test_of_runs_that_only_chance_moves_one_in_a_hundred_is_called() -> None:
    runs = 3000
    found = [asked(noise(seed)) for seed in range(runs)]
    for called in (
        sum(one.trend.established for one in found),
        sum(one.neighbours.established for one in found),
    ):
        assert 0.6 * ALPHA * runs < called < 1.5 * ALPHA * runs


@pytest.mark.parametrize("sign", [1, -1])
def test_a_drift_is_found_with_its_direction(sign: int) -> None:
    found = asked([value * 1.01 ** (sign * place) for place, value in enumerate(noise(1))])
    assert found.trend.established
    assert math.copysign(1, found.trend.rho) == sign


def test_waves_are_no_trend_and_their_neighbours_are_alike() -> None:
    waves = [1e-3 + 2e-4 * math.sin(place / 50 * 10 * math.pi) for place in range(SLICES)]
    found = asked([wave + value / 50 for wave, value in zip(waves, noise(1), strict=True)])
    assert not found.trend.established
    assert found.neighbours.established
    assert found.neighbours.rho > 0


def test_slices_that_lost_their_messages_rank_last() -> None:
    found = asked([*noise(1)[:35], *[None] * 15])
    assert found.trend.established
    assert found.trend.rho > 0


def test_over_a_gap_there_are_no_neighbours() -> None:
    rising = [1e-3 * place if place % 2 else None for place in range(SLICES)]
    found = asked(rising, [place % 2 for place in range(SLICES)])
    assert found.trend.rho == 1.0
    assert found.neighbours.p == 1.0


def test_too_few_slices_are_not_asked() -> None:
    due = [1] * (FEWEST_SLICES - 1) + [0] * (SLICES - FEWEST_SLICES + 1)
    assert steadiness(timeline([1e-3 if n else None for n in due], due)) is None


@pytest.mark.parametrize(
    ("found", "runs", "more"),
    # P(2 or more of 8 at 1 %) is 0.27 %, of 50 is 8.9 %.
    [(0, 8, False), (1, 1, False), (1, 8, False), (2, 8, True), (2, 50, False), (5, 50, True)],
)
def test_more_than_chance_gives(found: int, runs: int, more: bool) -> None:
    assert more_than_chance(found, runs) is more
