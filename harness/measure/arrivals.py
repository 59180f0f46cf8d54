"""What can be said of messages that nobody of ours published: how many came, how far apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.measure.latency import quantile
from harness.recording import Ints

_NS = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one subscriber got within a window. Times are seconds, sizes bytes."""

    messages: int
    messages_per_s: float
    bytes_per_s: float
    """Of payload, without any framing."""
    gap_p50: float | None
    """Between one arrival and the next; None with fewer than two."""
    gap_p99: float | None
    longest_gap: float
    """The longest time without an arrival, the window's beginning and end included."""


def heard(at_ns: Ints, sizes: Ints, begin_ns: int, end_ns: int) -> Heard:
    """Count what arrived at ``at_ns`` from ``begin_ns`` on and before ``end_ns``.

    Quantiles are those of the gaps themselves (nearest rank), not of an interpolation.
    """
    inside = (at_ns >= begin_ns) & (at_ns < end_ns)
    within = at_ns[inside]
    seconds = (end_ns - begin_ns) / _NS
    gaps_ns = np.sort(np.diff(within))
    edges = np.concatenate(([begin_ns], within, [end_ns]))
    return Heard(
        messages=len(within),
        messages_per_s=len(within) / seconds,
        bytes_per_s=float(sizes[inside].sum()) / seconds,
        gap_p50=quantile(gaps_ns, 0.5),
        gap_p99=quantile(gaps_ns, 0.99),
        longest_gap=float(np.diff(edges).max()) / _NS,
    )


def spread(values: Sequence[float | None]) -> tuple[float, float, float] | None:
    """Give the least, the middle (the lower of two) and the most; None without a value."""
    known = sorted(value for value in values if value is not None)
    return (known[0], known[(len(known) - 1) // 2], known[-1]) if known else None
