"""When messages are due, and from which publisher: pure arithmetic on a workload."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.recording import Ints
from harness.workload import Arrivals, Workload

NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Schedule:
    """Every message of an open loop, in order of its due time."""

    offset_ns: Ints
    """Due time − start."""
    publisher: Ints
    sequence: Ints
    """Dense from 0 within each publisher."""

    def __len__(self) -> int:
        return len(self.offset_ns)

    def of(self, publishers: range) -> Schedule:
        """Keep the messages of some publishers."""
        mine = (self.publisher >= publishers.start) & (self.publisher < publishers.stop)
        return Schedule(
            offset_ns=self.offset_ns[mine],
            publisher=self.publisher[mine],
            sequence=self.sequence[mine],
        )


def schedule(workload: Workload) -> Schedule:
    """Lay out warm-up and window of an open loop.

    Poisson: exponential gaps of mean 1/rate over all publishers together, each message given to
    a publisher by chance (a split of a Poisson process is Poisson). Constant: one message every
    1/rate seconds, publishers in turn. Burst: so many at one instant, publishers in turn, and
    the next so many a tick later. The same workload gives the same schedule everywhere.

    Raises:
        ValueError: the workload is a closed loop, which has no schedule.
    """
    if workload.rate is None:
        raise ValueError("a closed loop has no schedule")
    span = workload.warmup + workload.duration
    rng = np.random.default_rng(workload.seed)
    if workload.arrivals is Arrivals.POISSON:
        seconds = _poisson(rng, workload.rate, span)
        publisher = rng.integers(0, workload.publishers, len(seconds), dtype=np.int64)
    else:
        at_once = max(1, workload.burst)
        ticks = int(np.ceil(span / workload.tick - 1e-9))
        seconds = np.repeat(np.arange(ticks) * at_once / workload.rate, at_once)
        publisher = np.arange(len(seconds), dtype=np.int64) % workload.publishers
    return Schedule(
        offset_ns=np.rint(seconds * NS).astype(np.int64),
        publisher=publisher,
        sequence=_dense_ranks(publisher, workload.publishers),
    )


def _poisson(rng: np.random.Generator, rate: float, span: float) -> np.ndarray:
    """Draw arrival times in [0, span): draw too many gaps, keep those that fit."""
    expected = rate * span
    draws = int(expected + 10 * np.sqrt(expected) + 20)
    times = np.cumsum(rng.exponential(1 / rate, draws))
    return times[times < span]


def _dense_ranks(publisher: Ints, publishers: int) -> Ints:
    """Number the messages of each publisher from 0 in their order."""
    order = np.argsort(publisher, kind="stable")
    starts = np.zeros(publishers, dtype=np.int64)
    counts = np.bincount(publisher, minlength=publishers)
    starts[1:] = np.cumsum(counts)[:-1]
    ranks = np.empty(len(publisher), dtype=np.int64)
    ranks[order] = np.arange(len(publisher)) - starts[publisher[order]]
    return ranks
