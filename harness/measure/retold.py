"""What other ways of telling would have reported of one run, each computed from its real stamps.

Of a run in which every message was owed one delivery, sent, and came. Times are nanoseconds of
CLOCK_MONOTONIC, latencies nanoseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from harness.measure.latency import quantile, rank
from harness.measure.ledger import Ledger
from harness.recording import NEVER, Ints

PARTS = 5
"""Of the window, as if each were a run of its own."""
LEVEL = 0.99
"""What the interval of a merged histogram claims to cover."""
_MS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """The messages of a window in order of due time, each with its one delivery."""

    start_ns: int
    end_ns: int
    due_ns: Ints
    sent_ns: Ints
    received_ns: Ints

    @property
    def rate(self) -> float:
        """Messages due per second."""
        return len(self.due_ns) / ((self.end_ns - self.start_ns) / 1e9)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Told:
    """The latencies that one way of telling has, and when each began."""

    at_ns: Ints
    latency_ns: Ints

    def quantile_s(self, q: float) -> float | None:
        """Give a quantile (0 to 1) in seconds."""
        return quantile(np.sort(self.latency_ns), q)


def course(ledger: Ledger) -> Course:
    """Join the messages of the window with their deliveries.

    Raises:
        ValueError: a message is owed several deliveries, was not sent, or did not come.
    """
    messages, arrivals = ledger.messages, ledger.arrivals
    if ledger.workload.deliveries_per_message != 1:
        raise ValueError("its messages go to several subscribers")
    received_ns = np.full(len(messages), NEVER, dtype=np.int64)
    received_ns[arrivals.message[arrivals.timed]] = arrivals.received_ns[arrivals.timed]
    wanted = np.flatnonzero(messages.in_window)
    wanted = wanted[np.argsort(messages.due_ns[wanted], kind="stable")]
    if not len(wanted) or np.any(received_ns[wanted] == NEVER):
        raise ValueError("some of its messages never came")
    return Course(
        start_ns=ledger.window_start_ns,
        end_ns=ledger.window_end_ns,
        due_ns=messages.due_ns[wanted],
        sent_ns=messages.sent_ns[wanted],
        received_ns=received_ns[wanted],
    )


def truth(run: Course) -> Told:
    """Received − due of every message."""
    return Told(at_ns=run.due_ns, latency_ns=run.received_ns - run.due_ns)


def closed_loop(run: Course) -> Told:
    """Received − sent of the messages that a client with one message in flight would have sent.

    Each is the first real message that was sent after the one before it had been received. What
    was sent meanwhile is left out: such a client waits with it, and never sees what it would
    have suffered (coordinated omission).
    """
    taken, free_ns = [], run.start_ns
    for row, sent_ns in enumerate(run.sent_ns.tolist()):
        if sent_ns >= free_ns:
            taken.append(row)
            free_ns = int(run.received_ns[row])
    return Told(at_ns=run.sent_ns[taken], latency_ns=(run.received_ns - run.sent_ns)[taken])


def millisecond_clock(run: Course) -> Told:
    """Received − sent by a clock of whole milliseconds, of which values of 0 are dropped.

    As the OpenMessaging Benchmark does: ``currentTimeMillis() − publishTimestamp``, recorded
    only if it is above 0 (LocalWorker, WorkerStats).
    """
    elapsed_ms = run.received_ns // _MS - run.sent_ns // _MS
    seen = elapsed_ms > 0
    return Told(at_ns=run.sent_ns[seen], latency_ns=elapsed_ms[seen] * _MS)


def wrk2(run: Course) -> Told:
    """Tell what one connection of wrk2 would have recorded at the run's rate.

    Its arithmetic (wrk.c: usec_to_next_send, response_complete): request k is expected at
    start + k ÷ rate and timed from there, but only one is in flight; since it was last on time,
    it sends at most at twice the rate; it waits in whole milliseconds, rounded up; what has not
    been answered at the end is not counted. Its calibration of 10 s is left out.

    A reply comes as the real server gave it: the run's median of received − sent after it was
    sent, or together with the last real message that was sent before it, if that came later.
    """
    gap_ns = 1e9 / run.rate
    usual_ns = float(np.median(run.received_ns - run.sent_ns))
    received_ns = np.maximum.accumulate(run.received_ns)
    at_ns: list[float] = []
    latency_ns: list[float] = []
    pacer = _Pacer(start_ns=run.start_ns, gap_ns=gap_ns)
    now_ns = float(run.start_ns)
    while True:
        while (wait_ns := pacer.wait_ns(now_ns)) > 0:
            now_ns += (wait_ns // _MS + 1) * _MS
        before = int(np.searchsorted(run.sent_ns, now_ns, side="right")) - 1
        reply_ns = now_ns + usual_ns
        if before >= 0:
            reply_ns = max(reply_ns, float(received_ns[before]))
        if reply_ns >= run.end_ns:
            break
        at_ns.append(pacer.expected_ns)
        latency_ns.append(reply_ns - pacer.expected_ns)
        pacer.completed()
        now_ns = reply_ns
    return Told(at_ns=_whole(at_ns), latency_ns=_whole(latency_ns))


class _Pacer:
    """When wrk2 may send its next request."""

    def __init__(self, *, start_ns: int, gap_ns: float) -> None:
        self._start_ns = start_ns
        self._gap_ns = gap_ns
        self._complete = 0
        self._behind_since: tuple[float, int] | None = None
        """When it last sent on time, and how many were complete then: a stop that follows is
        credit, so that all of its backlog may go at once."""

    @property
    def expected_ns(self) -> float:
        """When the next request is expected by the schedule."""
        return self._start_ns + self._complete * self._gap_ns

    def completed(self) -> None:
        """Count a reply."""
        self._complete += 1

    def wait_ns(self, now_ns: float) -> float:
        """Give how long the next request has to wait yet; 0 or less if it may go."""
        if self.expected_ns > now_ns:
            self._behind_since = None
            return self.expected_ns - now_ns
        if self._behind_since is None:
            self._behind_since = now_ns, self._complete
        since_ns, complete = self._behind_since
        return since_ns + (self._complete - complete) * self._gap_ns / 2 - now_ns


def parts(run: Course) -> tuple[Told, ...]:
    """Cut the truth into equal parts of the window by due time, as if they were runs.

    A part in which nothing was due is left out.
    """
    whole = truth(run)
    number = (run.due_ns - run.start_ns) * PARTS // (run.end_ns - run.start_ns)
    return tuple(
        Told(at_ns=whole.at_ns[number == part], latency_ns=whole.latency_ns[number == part])
        for part in range(PARTS)
        if np.any(number == part)
    )


def best(told: Sequence[Told]) -> Told:
    """Give the one with the lowest p99."""
    return min(told, key=lambda one: one.quantile_s(0.99) or 0.0)


def merged(told: Sequence[Told]) -> Told:
    """Pour all values into one histogram."""
    return Told(
        at_ns=np.concatenate([one.at_ns for one in told]),
        latency_ns=np.concatenate([one.latency_ns for one in told]),
    )


def claimed_interval_s(told: Told, q: float) -> tuple[float, float]:
    """Give the 99 % interval of a quantile as if all values were independent, in seconds.

    Order statistics: the ranks between which a Binomial(n, q) lies (Conover, Practical
    Nonparametric Statistics, 3rd ed., section 3.2).
    """
    ordered = np.sort(told.latency_ns)
    count = len(ordered)
    below = special.bdtr(np.arange(count + 1), count, q)
    low, high = (int(np.searchsorted(below, p)) for p in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    ranks = (max(1, low), min(count, high + 1))
    return float(ordered[ranks[0] - 1]) / 1e9, float(ordered[ranks[1] - 1]) / 1e9


def implied_s(run: Course, stalls: Sequence[tuple[int, int]], q: float) -> float:
    """Give a quantile (0 to 1) of what the stops alone imply, in seconds: a lower bound.

    What is due while the server stands still waits until it goes on; all else waits for nothing.
    """
    waits = held_up_ns(run, stalls)
    return float(np.sort(waits)[rank(q, len(waits)) - 1]) / 1e9


def held_up_ns(run: Course, stalls: Sequence[tuple[int, int]]) -> Ints:
    """Give how long each message's due time was before the end of a stop that it fell into."""
    waits = np.zeros(len(run.due_ns), dtype=np.int64)
    for begin_ns, end_ns in stalls:
        within = (run.due_ns >= begin_ns) & (run.due_ns < end_ns)
        waits[within] = end_ns - run.due_ns[within]
    return waits


def begun_within(told: Told, stalls: Sequence[tuple[int, int]]) -> int:
    """Count the values that began while the server stood still."""
    inside: NDArray[np.bool_] = np.zeros(len(told.at_ns), dtype=np.bool_)
    for begin_ns, end_ns in stalls:
        inside |= (told.at_ns >= begin_ns) & (told.at_ns < end_ns)
    return int(np.count_nonzero(inside))


def _whole(values: Sequence[float]) -> Ints:
    return np.rint(np.array(values, dtype=np.float64)).astype(np.int64)
