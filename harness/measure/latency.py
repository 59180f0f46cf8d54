"""The distributions of one run's times, and how sure its mean is.

Quantiles are exact order statistics of all values, not of histogram buckets.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from harness.histogram import Histogram
from harness.measure.ledger import Ledger
from harness.recording import NEVER, Ints
from harness.result import Latency

Floats = NDArray[np.float64]

CONFIDENCE = 0.999
"""What one-sided bounds of means and slopes hold with."""
BATCHES = 20
"""Batches of consecutive messages: many enough for a narrow t, long enough to be independent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """All times of one run, each over the window; meanings as in ``Result``."""

    delivery: Latency
    delivery_last: Latency
    service: Latency
    pacer_lateness: Latency
    pool_wait: Latency
    receiver_lag: Latency
    setup: Latency
    unhindered: Latency
    """Delivery latency without the time that messages can have waited inside the generator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanBounds:
    """A mean in seconds with its one-sided 99.9 % bounds."""

    mean: float
    low: float
    high: float


def latencies(ledger: Ledger) -> Latencies:
    """Make all distributions.

    Infinite are: deliveries that never came, of messages that were never sent too; waits for a
    transport that never took the message; the lateness of messages that were never released.
    """
    messages, arrivals = ledger.messages, ledger.arrivals
    wanted = messages.in_window
    released = wanted & (messages.released_ns != NEVER)
    sent = wanted & (messages.sent_ns != NEVER)
    scheduled, let_go = int(np.count_nonzero(wanted)), int(np.count_nonzero(released))
    copies = ledger.workload.deliveries_per_message
    arrived = np.bincount(arrivals.message[arrivals.timed], minlength=len(messages))
    last = _last(ledger, arrived)
    lag = arrivals.lag_ns[arrivals.timed]
    delivery = ledger.since(messages.due_ns)
    return Latencies(
        delivery=distribution(delivery, scheduled * copies, scheduled),
        delivery_last=distribution(last, scheduled, scheduled),
        service=distribution(ledger.since(messages.released_ns), let_go * copies, let_go),
        pacer_lateness=distribution(
            (messages.released_ns - messages.due_ns)[released], scheduled, scheduled
        ),
        pool_wait=distribution((messages.sent_ns - messages.released_ns)[sent], let_go, let_go),
        receiver_lag=distribution(lag, len(lag), int(np.count_nonzero(arrived))),
        setup=distribution(ledger.setup_ns, len(ledger.setup_ns), len(ledger.setup_ns)),
        # The wait is a bound, and may reach back beyond the message's own beginning.
        unhindered=distribution(
            np.maximum(delivery - _waited(lag), 0), scheduled * copies, scheduled
        ),
    )


def _waited(lag: Ints) -> Ints:
    """Give how long each message waited for others, at most: its lag beyond a lone message's.

    What a client needs to hand over a message that waits for nothing is part of what is
    measured with that client; the 1st percentile of the lag stands for it.
    """
    if not len(lag):
        return lag
    alone = np.partition(lag, len(lag) // 100)[len(lag) // 100]
    waited: Ints = np.maximum(lag - alone, 0)
    return waited


def _last(ledger: Ledger, arrived: Ints) -> Ints:
    """Give received − due at the last receiver, of the messages that reached all of them."""
    arrivals = ledger.arrivals
    latest = np.full(len(arrived), NEVER, dtype=np.int64)
    np.maximum.at(latest, arrivals.message[arrivals.timed], arrivals.received_ns[arrivals.timed])
    complete = arrived == ledger.workload.deliveries_per_message
    elapsed: Ints = (latest - ledger.messages.due_ns)[complete]
    return elapsed


def distribution(values_ns: Ints, owed: int, messages: int) -> Latency:
    """Describe finite values in nanoseconds, out of ``owed`` ones; the others are infinite."""
    ordered = np.sort(values_ns)
    lost = owed - len(ordered)

    def at(q: float) -> float | None:
        return quantile(ordered, q, lost=lost)

    return Latency(
        count=len(ordered),
        lost=lost,
        messages=messages,
        mean=None if lost or not len(ordered) else float(ordered.mean()) / 1e9,
        p50=at(0.5),
        p90=at(0.9),
        p99=at(0.99),
        p99_9=at(0.999),
        maximum=at(1.0),
        histogram=Histogram.of(ordered).encode(),
    )


def quantile(ordered_ns: Ints, q: float, *, lost: int = 0) -> float | None:
    """Give the smallest value (seconds) with at least ``q``·n of all n values at or below it.

    ``ordered_ns`` rises; ``lost`` more values are infinite. None where the rank falls among
    these, or where there is no value. ``q`` is 0 to 1; 0 gives the minimum, 1 the maximum.
    """
    wanted = rank(q, len(ordered_ns) + lost)
    return None if wanted > len(ordered_ns) else float(ordered_ns[wanted - 1]) / 1e9


def rank(q: float, total: int) -> int:
    """Say which of ``total`` values, the smallest being 1, is the quantile ``q`` (0 to 1)."""
    # 0.07 * 100 is a little above 7: without rounding it would ask for the eighth value.
    return max(1, math.ceil(round(q * total, 6)))


def mean_bounds(ledger: Ledger) -> MeanBounds | None:
    """Bound the mean service latency over messages; None with fewer than two a batch.

    Deliveries of one message are not independent, so the message is the unit: its mean over
    receivers. Neighbours are not independent either, so the standard error comes from the
    means of 20 batches of consecutive messages, with Student's t of 19 degrees of freedom
    (batch means: Law, Simulation Modeling and Analysis, 5th ed., section 9.5.3). Messages that
    reached nobody are left out; what is lost shows in the audit.
    """
    _, means = message_means(ledger, ledger.messages.released_ns)
    if len(means) < 2 * BATCHES:
        return None
    batches = batch_means(means, BATCHES)
    sem = batches.std(ddof=1) / math.sqrt(BATCHES)
    error = float(special.stdtrit(BATCHES - 1, CONFIDENCE) * sem)
    mean = float(means.mean())
    return MeanBounds(mean=mean, low=mean - error, high=mean + error)


def message_means(ledger: Ledger, begin_ns: Ints) -> tuple[Ints, Floats]:
    """Average received − ``begin_ns`` (seconds) over the receivers of each message.

    Gives due time and mean of the window's messages that reached anybody, in order of due time.
    """
    arrivals, due_ns = ledger.arrivals, ledger.messages.due_ns
    message = arrivals.message[arrivals.timed]
    arrived = np.bincount(message, minlength=len(due_ns))
    total = np.bincount(message, weights=ledger.since(begin_ns), minlength=len(due_ns))
    reached = np.flatnonzero(arrived)
    reached = reached[np.argsort(due_ns[reached], kind="stable")]
    return due_ns[reached], total[reached] / arrived[reached] / 1e9


def batch_means(values: Floats, batches: int) -> Floats:
    """Average consecutive values in batches whose sizes differ by one at most."""
    return np.array([batch.mean() for batch in np.array_split(values, batches)])
