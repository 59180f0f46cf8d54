"""Delivery latency over the window: where in time it rose, which no distribution tells."""

from __future__ import annotations

import numpy as np

from harness.measure.latency import quantile
from harness.measure.ledger import Ledger
from harness.result import Timeline

SLICES = 50
"""Of a window: in the usual 5 s, a pause of 100 ms has a slice to itself."""


def timeline(ledger: Ledger) -> Timeline:
    """Cut the window into equal slices by due time, and describe each slice's deliveries.

    A slice holds what was due in it, however late that came: a server that stands still for half
    a second shows in all slices of that half second. Quantiles are as those of the whole run,
    infinite where deliveries are missing.
    """
    messages, arrivals = ledger.messages, ledger.arrivals
    span_ns = ledger.window_end_ns - ledger.window_start_ns
    # Whole numbers: a message due at the very end must not fall into a slice of its own.
    slices = (messages.due_ns - ledger.window_start_ns) * SLICES // span_ns
    wanted = np.bincount(slices[messages.in_window], minlength=SLICES)
    owed = wanted * ledger.workload.deliveries_per_message
    elapsed_ns = ledger.since(messages.due_ns)
    of = slices[arrivals.message[arrivals.timed]]
    order = np.lexsort((elapsed_ns, of))
    count = np.bincount(of, minlength=SLICES)
    parts = np.split(elapsed_ns[order], np.cumsum(count)[:-1])
    lost = (owed - count).tolist()

    def every(q: float) -> tuple[float | None, ...]:
        return tuple(quantile(part, q, lost=gone) for part, gone in zip(parts, lost, strict=True))

    return Timeline(
        slice=ledger.window_s / SLICES,
        count=tuple(count.tolist()),
        lost=tuple(lost),
        p50=every(0.5),
        p99=every(0.99),
        maximum=every(1.0),
    )
