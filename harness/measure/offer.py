"""How well the generator kept to its own schedule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.measure.ledger import Ledger
from harness.recording import NEVER, Ints

BIN_S = 0.01
"""Releases are counted in bins of so many seconds."""
GRACE_S = 0.0003
"""A message released no later than this counts in the bin in which it was due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the schedule wanted in the window and what was released of it."""

    scheduled: int
    """Messages due in the window."""
    released: int
    """Those of them released by the window's end, plus one bin or one mean gap."""
    deviation: float
    """Root mean square over the bins of (released − due), as a share of the mean due count."""


def offer(ledger: Ledger) -> Offer:
    """Compare releases with the schedule.

    A schedule of high rate is kept if each 10 ms offer what they should. Messages due in the last
    moments of a bin are released in the next, which is no fault: a release within 300 µs counts
    where it was due. The rest of the lateness is visible as messages moved from bin to bin.
    """
    messages = ledger.messages
    due_ns = messages.due_ns[messages.in_window]
    released_ns = messages.released_ns[messages.in_window]
    scheduled = len(due_ns)
    rate = scheduled / ledger.window_s
    slack_s = max(BIN_S, 1 / rate if rate else 0.0)
    on_time = (released_ns != NEVER) & (released_ns <= ledger.window_end_ns + slack_s * 1e9)
    return Offer(
        scheduled=scheduled,
        released=int(np.count_nonzero(on_time)),
        deviation=_deviation(ledger, due_ns, released_ns),
    )


def _deviation(ledger: Ledger, due_ns: Ints, released_ns: Ints) -> float:
    if not len(due_ns):
        return 0.0
    bins = int(np.ceil(ledger.window_s / BIN_S - 1e-9))
    punctual = (released_ns != NEVER) & (released_ns - due_ns <= GRACE_S * 1e9)
    effective_ns = np.where(punctual, due_ns, released_ns)

    def binned(times_ns: Ints) -> Ints:
        numbers = (times_ns - ledger.window_start_ns) // round(BIN_S * 1e9)
        return np.bincount(numbers[(numbers >= 0) & (numbers < bins)], minlength=bins)

    off = binned(effective_ns) - binned(due_ns)
    return float(np.sqrt(np.mean(np.square(off))) / (len(due_ns) / bins))
