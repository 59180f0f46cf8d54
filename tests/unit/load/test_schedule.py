"""Schedules: known answers, and what a Poisson process must look like."""

import numpy as np
import pytest
from scipy import stats

from harness.load.schedule import schedule
from harness.workload import Arrivals, Workload


def workload(**fields: object) -> Workload:
    return Workload(**{"warmup": 0.0, "duration": 1.0, **fields})


def test_constant_arrivals_are_evenly_spaced_over_all_publishers() -> None:
    plan = schedule(workload(rate=4.0, publishers=2, arrivals=Arrivals.CONSTANT))
    assert plan.offset_ns.tolist() == [0, 250_000_000, 500_000_000, 750_000_000]
    assert plan.publisher.tolist() == [0, 1, 0, 1]
    assert plan.sequence.tolist() == [0, 0, 1, 1]


def test_a_burst_is_due_at_one_instant_from_all_publishers_in_turn() -> None:
    plan = schedule(workload(rate=12.0, burst=6, publishers=4, arrivals=Arrivals.BURST))
    assert plan.offset_ns.tolist() == [0] * 6 + [500_000_000] * 6
    assert plan.publisher.tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]
    assert plan.sequence.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]


def test_bursts_keep_the_rate_and_a_last_one_is_whole() -> None:
    plan = schedule(workload(rate=300.0, burst=40, duration=2.0, arrivals=Arrivals.BURST))
    instants, at_once = np.unique(plan.offset_ns, return_counts=True)
    assert len(instants) == 15  # every 40/300 s: the last at 1.867 s
    assert set(at_once.tolist()) == {40}


def test_warm_up_is_part_of_the_schedule() -> None:
    plan = schedule(workload(rate=10.0, warmup=0.5, arrivals=Arrivals.CONSTANT))
    assert len(plan) == 15


def test_poisson_gaps_are_exponential() -> None:
    plan = schedule(workload(rate=1000.0, duration=20.0))
    gaps = np.diff(plan.offset_ns) / 1e9
    assert stats.kstest(gaps, "expon", args=(0, 1 / 1000)).pvalue > 0.001
    assert stats.anderson(gaps, "expon", method="interpolate").pvalue >= 0.01


def test_poisson_count_is_poisson() -> None:
    counts = [len(schedule(workload(rate=100.0, seed=seed))) for seed in range(400)]
    assert np.mean(counts) == pytest.approx(100, abs=4 * 10 / 20)
    assert np.var(counts) == pytest.approx(100, rel=0.35)


def test_same_seed_same_schedule_and_other_seed_another() -> None:
    one, same, other = (schedule(workload(seed=seed)) for seed in (1, 1, 2))
    assert np.array_equal(one.offset_ns, same.offset_ns)
    assert not np.array_equal(one.offset_ns[:100], other.offset_ns[:100])


def test_sequences_are_dense_within_each_publisher() -> None:
    plan = schedule(workload(rate=5000.0, publishers=7))
    for publisher in range(7):
        mine = plan.sequence[plan.publisher == publisher]
        assert mine.tolist() == list(range(len(mine)))


def test_shares_of_publishers_add_up_to_the_whole() -> None:
    plan = schedule(workload(rate=1000.0, publishers=5))
    parts = [plan.of(range(2)), plan.of(range(2, 5))]
    assert sum(len(part) for part in parts) == len(plan)
    assert set(parts[0].publisher.tolist()) <= {0, 1}


def test_a_closed_loop_has_no_schedule() -> None:
    with pytest.raises(ValueError, match="closed loop"):
        schedule(workload(rate=None, concurrency=4))
