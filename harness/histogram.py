"""HdrHistogram buckets in numpy: from 1 ns to a day, to three significant digits.

The buckets are those of an HdrHistogram with 2,048 sub-buckets: values below 2,048 ns are kept
exactly, each doubling beyond has 1,024 buckets. The hdrhistogram package writes and reads the
file format; its recorder takes a microsecond a value, this binning some ten nanoseconds.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass

import numpy as np
from hdrh.codec import HdrCookieException, HdrLengthException
from hdrh.histogram import HdrHistogram

from harness.recording import Ints

LOWEST_NS = 1
HIGHEST_NS = 24 * 3600 * 1_000_000_000
DIGITS = 3
"""Significant decimal digits that a bucket keeps."""

_SUB_BUCKETS = 2048
"""The power of two that three significant digits need."""
_HALF = _SUB_BUCKETS // 2
_LENGTH = HdrHistogram(LOWEST_NS, HIGHEST_NS, DIGITS).counts_len
_UNREADABLE = (
    HdrCookieException,
    HdrLengthException,
    IndexError,
    TypeError,
    ValueError,
    zlib.error,
)
"""What the package raises where the text is none of its own."""
_CHUNK = 1 << 16
"""Values binned at once, so that the work stays in the cache."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Histogram:
    """How often values fell into each bucket. Values are nanoseconds."""

    counts: Ints
    """By bucket index, as in the hdrhistogram package."""

    @classmethod
    def of(cls, values: Ints) -> Histogram:
        """Bin values.

        Raises:
            ValueError: a value is negative or above ``HIGHEST_NS``.
        """
        counts = np.zeros(_LENGTH, dtype=np.int64)
        if len(values) and not 0 <= values.min() <= values.max() <= HIGHEST_NS:
            raise ValueError(
                f"{values.min()} to {values.max()} ns do not fit a histogram of 0 to {HIGHEST_NS}"
            )
        for begin in range(0, len(values), _CHUNK):
            counts += np.bincount(_buckets(values[begin : begin + _CHUNK]), minlength=_LENGTH)
        return cls(counts=counts)

    @classmethod
    def decode(cls, text: str) -> Histogram:
        """Read what ``encode`` or any HdrHistogram library of the same range wrote.

        Raises:
            ValueError: it is no histogram, or one with other buckets.
        """
        try:
            read = HdrHistogram.decode(text)
        except _UNREADABLE as error:
            raise ValueError(f"no HdrHistogram ({str(error) or 'another cookie'})") from error
        shape = (read.lowest_trackable_value, read.highest_trackable_value)
        if (*shape, read.significant_figures) != (LOWEST_NS, HIGHEST_NS, DIGITS):
            raise ValueError(
                f"histogram of {shape[0]} to {shape[1]} with {read.significant_figures} digits; "
                f"expected {LOWEST_NS} to {HIGHEST_NS} with {DIGITS}"
            )
        return cls(counts=np.array(read.counts, dtype=np.int64))

    def __add__(self, other: Histogram) -> Histogram:
        """Merge two histograms of one run: counts add up."""
        return Histogram(counts=self.counts + other.counts)

    @property
    def count(self) -> int:
        """How many values were binned."""
        return int(self.counts.sum())

    def percentile(self, percent: float) -> int:
        """Give the highest value (ns) of the bucket below or in which ``percent`` % lie.

        Raises:
            ValueError: the histogram is empty, or ``percent`` is not in 0 to 100.
        """
        if not 0 <= percent <= 100 or not self.count:
            raise ValueError(f"percentile {percent:g} of {self.count} values")
        rank = max(1, math.ceil(round(percent / 100 * self.count, 6)))
        return int(self.ranked(np.array([rank]))[0])

    def ranked(self, ranks: Ints) -> Ints:
        """Give for each rank, from 1 to ``count``, the highest value (ns) of its value's bucket."""
        return _highest(np.searchsorted(np.cumsum(self.counts), ranks))

    def at_most(self, values_ns: Ints) -> Ints:
        """Count for each value those that fell into its bucket or a lower one.

        Raises:
            ValueError: a value is negative or above ``HIGHEST_NS``.
        """
        if len(values_ns) and not 0 <= values_ns.min() <= values_ns.max() <= HIGHEST_NS:
            raise ValueError(f"{values_ns.min()} to {values_ns.max()} ns are outside the histogram")
        counts: Ints = np.cumsum(self.counts)[_buckets(values_ns)]
        return counts

    def encode(self) -> str:
        """Write the V2 compressed format in base64, as the hdrhistogram package does."""
        written = HdrHistogram(LOWEST_NS, HIGHEST_NS, DIGITS)
        used = np.flatnonzero(self.counts)
        if len(used):
            np.ctypeslib.as_array(written.counts)[:] = self.counts
            written.set_internal_tacking_values(int(used[0]), int(used[-1]), self.count)
        return str(written.encode().decode("ascii"))


def _buckets(values: Ints) -> Ints:
    """Give each value's bucket index. Doubles hold values up to 2^53 ns exactly."""
    _, bits = np.frexp(values.astype(np.float64))
    doublings = np.maximum(bits.astype(np.int64) - _SUB_BUCKETS.bit_length() + 1, 0)
    index: Ints = doublings * _HALF + (values >> doublings)
    return index


def _highest(bucket: Ints) -> Ints:
    """Give the highest value that falls into each bucket."""
    doublings = np.maximum(0, bucket // _HALF - 1)
    lowest = (bucket - doublings * _HALF) << doublings
    highest: Ints = lowest + (np.left_shift(1, doublings)) - 1
    return highest
