"""Whether the system kept up with the schedule, and what it carried."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from harness.measure.latency import BATCHES, CONFIDENCE, batch_means, message_means
from harness.measure.ledger import Ledger

DELIVERED_SHARE = 0.99
"""Of the window's offered deliveries, so many must be made in time."""
SLOPE_LIMIT = 0.001
"""Seconds per second by which a latency may grow."""
_FEWEST_POINTS = 3
"""A line through fewer leaves no residual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saturation:
    """Rates in messages (throughput: deliveries) per second; slopes in seconds per second."""

    offered_rate: float
    achieved_rate: float
    throughput: float
    slope: float
    slope_low: float
    """Lower 99.9 % bound (one-sided)."""
    saturated: bool

    @property
    def growing(self) -> bool:
        """Whether latency surely grew over the window, whatever was lost."""
        return self.slope_low > SLOPE_LIMIT


def saturation(
    ledger: Ledger, *, poll_interval_s: float, service_p50_s: float | None
) -> Saturation:
    """Judge whether deliveries fell behind an open loop's schedule; a closed loop has none.

    In time is what arrives by the window's end plus one poll interval plus the run's median
    service latency (which holds round trip and service time; None: infinite, adds nothing).
    One message may always be late: of 50 messages a single one is more than 1 %.
    """
    messages, arrivals = ledger.messages, ledger.arrivals
    copies = ledger.workload.deliveries_per_message
    deadline_ns = ledger.window_end_ns + round((poll_interval_s + (service_p50_s or 0.0)) * 1e9)
    in_time = arrivals.timed & (arrivals.received_ns <= deadline_ns)
    arrived = np.bincount(arrivals.message[in_time], minlength=len(messages))
    offered = int(np.count_nonzero(messages.in_window))
    complete = int(np.count_nonzero(arrived == copies))
    slope, slope_low = _slope(ledger)
    behind = int(arrived.sum()) < (DELIVERED_SHARE * offered - 1) * copies
    return Saturation(
        offered_rate=offered / ledger.window_s,
        achieved_rate=complete / ledger.window_s,
        throughput=ledger.delivered_between(ledger.window_start_ns, ledger.window_end_ns)
        / ledger.window_s,
        slope=slope,
        slope_low=slope_low,
        saturated=ledger.workload.open_loop and (behind or slope_low > SLOPE_LIMIT),
    )


def _slope(ledger: Ledger) -> tuple[float, float]:
    """Fit a line to the batch means of delivery latency by due time; give slope and lower bound.

    Residuals of single messages are correlated, those of batches hardly. 0 with too few messages
    to fit a line.
    """
    due_ns, means = message_means(ledger, ledger.messages.due_ns)
    points = min(BATCHES, len(means))
    if points < _FEWEST_POINTS or due_ns[0] == due_ns[-1]:
        return 0.0, 0.0
    at_s = batch_means((due_ns - ledger.window_start_ns) / 1e9, points)
    (slope, _), covariance = np.polyfit(at_s, batch_means(means, points), 1, cov=True)
    error = special.stdtrit(points - 2, CONFIDENCE) * np.sqrt(covariance[0, 0])
    return float(slope), float(slope - error)
