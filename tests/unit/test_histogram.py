import math

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.histogram import DIGITS, HIGHEST_NS, LOWEST_NS, Histogram

values_ns = st.lists(
    st.one_of(
        st.integers(0, 5_000),
        st.integers(0, HIGHEST_NS),
        st.integers(0, 46).map(lambda power: 1 << power),
        st.integers(1, 46).map(lambda power: (1 << power) - 1),
    ),
    max_size=200,
)


def array(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def oracle(values: list[int]) -> HdrHistogram:
    histogram = HdrHistogram(LOWEST_NS, HIGHEST_NS, DIGITS)
    for value in values:
        assert histogram.record_value(value)
    return histogram


@settings(max_examples=30)
@given(values_ns)
def test_counts_and_text_are_those_of_the_hdrhistogram_package(values: list[int]) -> None:
    expected = oracle(values)
    mine = Histogram.of(array(values))
    assert np.array_equal(mine.counts, np.ctypeslib.as_array(expected.counts))
    assert mine.encode() == expected.encode().decode()
    assert mine.count == len(values)


@settings(max_examples=30)
@given(values_ns)
def test_each_reads_what_the_other_wrote(values: list[int]) -> None:
    expected = oracle(values)
    read = Histogram.decode(expected.encode().decode())
    assert np.array_equal(read.counts, Histogram.of(array(values)).counts)
    theirs = HdrHistogram.decode(Histogram.of(array(values)).encode())
    assert theirs.equals(oracle(values)) or not values
    assert theirs.get_total_count() == len(values)


@settings(max_examples=30)
@given(values_ns, values_ns)
def test_merging_is_binning_together(one: list[int], other: list[int]) -> None:
    merged = Histogram.of(array(one)) + Histogram.of(array(other))
    assert np.array_equal(merged.counts, Histogram.of(array(other + one)).counts)


@settings(max_examples=30)
@given(values_ns.filter(bool), st.floats(0, 100))
def test_percentile_is_the_order_statistic_to_three_digits(
    values: list[int], percent: float
) -> None:
    rank = max(1, math.ceil(round(percent / 100 * len(values), 6)))
    exact = sorted(values)[rank - 1]
    binned = Histogram.of(array(values)).percentile(percent)
    assert exact <= binned <= exact * 1.001 + 1
    assert binned == oracle(values).get_highest_equivalent_value(exact)


def test_blocks_of_many_values_add_up() -> None:
    values = np.random.default_rng(1).integers(0, HIGHEST_NS, 200_000)
    assert Histogram.of(values).count == 200_000


@pytest.mark.parametrize("value", [-1, HIGHEST_NS + 1])
def test_values_out_of_range_are_refused(value: int) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Histogram.of(array([5, value]))


@pytest.mark.parametrize("percent", [-1, 100.5])
def test_impossible_percentiles_are_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        Histogram.of(array([1])).percentile(percent)
    with pytest.raises(ValueError, match="of 0 values"):
        Histogram.of(array([])).percentile(50)


def test_other_buckets_are_refused() -> None:
    with pytest.raises(ValueError, match="expected 1 to"):
        Histogram.decode(HdrHistogram(1, 1000, 2).encode().decode())


@settings(max_examples=30)
@given(values_ns.filter(bool))
def test_ranks_are_the_order_statistics_to_three_digits(values: list[int]) -> None:
    ranked = Histogram.of(array(values)).ranked(np.arange(1, len(values) + 1))
    assert list(ranked) == list(map(oracle(values).get_highest_equivalent_value, sorted(values)))


def test_values_up_to_another_are_counted_bucket_by_bucket() -> None:
    histogram = Histogram.of(array([5, 5, 7, 4096, 4097]))
    assert list(histogram.at_most(array([4, 5, 6, 4095, 4096, 10_000]))) == [0, 2, 2, 3, 5, 5]
    with pytest.raises(ValueError, match="outside the histogram"):
        histogram.at_most(array([-1]))


@pytest.mark.parametrize("text", ["", "AAAA", "bm9uc2Vuc2U=", "HISTFAAAAB", "not base 64!"])
def test_what_is_no_histogram_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no HdrHistogram"):
        Histogram.decode(text)
