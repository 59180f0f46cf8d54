import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.histogram import Histogram
from harness.measure.latency import distribution, latencies, mean_bounds, message_means, quantile
from harness.measure.ledger import Ledger
from harness.recording import NEVER
from harness.workload import Workload

Make = Callable[..., Ledger]


def ns(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.int64)


@pytest.mark.parametrize(
    ("q", "expected"), [(0, 1), (0.1, 1), (0.11, 2), (0.5, 5), (0.9, 9), (0.99, 10), (1, 10)]
)
def test_quantiles_of_ten_values(q: float, expected: int) -> None:
    assert quantile(ns(*range(1, 11)), q) == pytest.approx(expected / 1e9)


@pytest.mark.parametrize(("q", "rank"), [(0.07, 7), (0.29, 29), (0.57, 57), (0.999, 100)])
def test_ranks_are_not_raised_by_rounding_errors(q: float, rank: int) -> None:
    assert quantile(ns(*range(1, 101)), q) == pytest.approx(rank / 1e9)


def test_quantiles_among_the_lost_are_infinite() -> None:
    assert quantile(ns(1, 2, 3), 0.75, lost=1) == pytest.approx(3e-9)
    assert quantile(ns(1, 2, 3), 0.76, lost=1) is None
    assert quantile(ns(), 0.5) is None


@given(
    st.lists(st.integers(0, 10**12), max_size=50),
    st.integers(0, 20),
    st.floats(0.001, 1),
)
def test_a_quantile_has_its_share_at_or_below_and_none_smaller_has(
    values: list[int], lost: int, q: float
) -> None:
    ordered, total = np.sort(ns(*values)), len(values) + lost
    found = quantile(ordered, q, lost=lost)
    share = [np.count_nonzero(ordered <= value) for value in ordered]
    enough = [
        int(value) for value, at in zip(ordered, share, strict=True) if at >= q * total - 1e-6
    ]
    assert found == (enough[0] / 1e9 if enough else None)


def test_distribution_tells_everything() -> None:
    found = distribution(ns(*range(1_000_000, 101_000_000, 1_000_000)), 100, 50)
    assert (found.count, found.lost, found.messages) == (100, 0, 50)
    assert found.mean == pytest.approx(0.0505)
    assert (found.p50, found.p90, found.p99) == (0.05, 0.09, 0.099)
    assert found.p99_9 == found.maximum == 0.1
    assert Histogram.decode(found.histogram).count == 100


def test_loss_makes_mean_and_maximum_infinite() -> None:
    found = distribution(ns(1, 2, 3), 4, 4)
    assert (found.count, found.lost) == (3, 1)
    assert found.mean is None
    assert found.maximum is None
    assert found.p50 == pytest.approx(2e-9)


def test_a_distribution_of_nothing() -> None:
    found = distribution(ns(), 0, 0)
    assert (found.count, found.mean, found.p50, found.maximum) == (0, None, None, None)


@pytest.fixture
def three(make_ledger: Make) -> Ledger:
    """Two subscribers; the warm-up's message, three timed ones, one of them half lost, one
    never sent, one never released."""
    return make_ledger(
        Workload(subscribers=2),
        [
            (0, 0, 5, 5, 5),
            (0, 1, 10, 11, 12),
            (0, 2, 20, 21, 23),
            (0, 3, 30, 31, NEVER),
            (0, 4, 40, NEVER, NEVER),
            (0, 5, 50, 50, 50),
        ],
        [
            (0, 0, 0, 6, 1),
            (0, 0, 1, 13, 2),
            (0, 0, 1, 14, 9),
            (0, 0, 2, 25, 3),
            (1, 0, 0, 7, 1),
            (1, 0, 1, 17, 4),
            (1, 0, 5, 53, 5),
        ],
        window_ms=(10, 50),
        setup_ns=ns(2_000_000, 4_000_000),
    )


def test_only_the_windows_messages_are_timed(three: Ledger) -> None:
    found = latencies(three)
    delivery = found.delivery
    assert (delivery.count, delivery.lost, delivery.messages) == (3, 5, 4)
    assert quantile(ns(3_000_000, 5_000_000, 7_000_000), 0.25, lost=5) == 0.005
    assert delivery.p50 is None
    assert Histogram.decode(delivery.histogram).count == 3


def test_service_counts_from_the_release(three: Ledger) -> None:
    service = latencies(three).service
    assert (service.count, service.lost, service.messages) == (3, 3, 3)
    assert service.p50 == 0.006


def test_the_last_receiver_decides(three: Ledger) -> None:
    last = latencies(three).delivery_last
    assert (last.count, last.lost, last.messages) == (1, 3, 4)
    assert Histogram.decode(last.histogram).percentile(100) == pytest.approx(7_000_000, rel=1e-3)


def test_our_own_waits(three: Ledger) -> None:
    found = latencies(three)
    assert (found.pacer_lateness.count, found.pacer_lateness.lost) == (3, 1)
    assert found.pacer_lateness.p50 == 0.001
    assert (found.pool_wait.count, found.pool_wait.lost) == (2, 1)
    assert found.pool_wait.p50 == 0.002
    lag = found.receiver_lag
    assert (lag.count, lag.lost, lag.messages, lag.p50, lag.maximum) == (3, 0, 2, 0.003, 0.004)
    assert (found.setup.count, found.setup.mean) == (2, pytest.approx(0.003))


def test_message_means_average_over_receivers_in_order_of_due_time(make_ledger: Make) -> None:
    built = make_ledger(
        Workload(publishers=2, subscribers=2),
        [(0, 0, 30, 30, 30), (1, 0, 10, 10, 10), (1, 1, 20, 20, 20)],
        [(0, 1, 0, 12, 0), (0, 0, 0, 33, 0), (1, 1, 0, 14, 0)],
    )
    due_ns, means = message_means(built, built.messages.due_ns)
    assert due_ns.tolist() == [10_000_000, 30_000_000]
    assert means == pytest.approx([0.003, 0.003])


def test_mean_bounds_are_those_of_batch_means(make_stream: Make) -> None:
    service_ms = np.random.default_rng(1).uniform(1, 3, 100)
    bounds = mean_bounds(make_stream(np.arange(100.0) * 10, service_ms, workload=Workload()))
    assert bounds is not None
    batches = service_ms.reshape(20, 5).mean(axis=1) / 1e3
    error = stats.t.ppf(0.999, 19) * batches.std(ddof=1) / math.sqrt(20)
    assert bounds.mean == pytest.approx(service_ms.mean() / 1e3, rel=1e-5)
    assert bounds.high - bounds.mean == pytest.approx(error, rel=1e-4)
    assert bounds.mean - bounds.low == pytest.approx(error, rel=1e-4)


def test_mean_bounds_cover_the_true_mean_of_correlated_times(make_stream: Make) -> None:
    """A wait that wanders slowly: bounds from single messages would miss it in every fifth run."""
    rng = np.random.default_rng(2)
    missed_low = missed_high = 0
    for _ in range(300):
        wander = np.empty(2000)
        wander[0] = 0
        steps = rng.normal(size=2000)
        for number in range(1, 2000):
            wander[number] = 0.8 * wander[number - 1] + steps[number]
        bounds = mean_bounds(make_stream(np.arange(2000.0), 50 + wander))
        assert bounds is not None
        missed_low += bounds.low > 0.05
        missed_high += bounds.high < 0.05
    assert missed_low <= 3
    assert missed_high <= 3


def test_few_messages_have_no_mean_bounds(make_stream: Make) -> None:
    assert mean_bounds(make_stream(np.arange(39.0), 1.0)) is None
    assert mean_bounds(make_stream(np.arange(40.0), 1.0)) is not None


def test_unhindered_is_without_the_lag_beyond_that_of_a_lone_message(make_ledger: Make) -> None:
    built = make_ledger(
        Workload(),
        [(0, number, number, number, number) for number in range(200)],
        [(0, 0, number, number + 10, 2 if number < 80 else 5) for number in range(200)],
    )
    found = latencies(built)
    assert found.delivery.p50 == found.delivery.p99 == 0.010
    assert found.unhindered.p50 == 0.007
    assert found.unhindered.p99 == 0.010
