"""Processes frozen at times that are known, against the latencies that these times imply.

What is due while the server is frozen waits for the freeze to end; nothing about that is the
server's secret, so the whole distribution follows from the schedule's own due times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from harness.measure.latency import quantile
from harness.measure.ledger import Ledger
from harness.observe import Live, Stall
from harness.pattern import Pattern
from harness.recording import Ints
from harness.workload import Exchange, Workload
from tests.truth.seen import Seen

LOW_SHARE = -0.01
HIGH_SHARE = 0.03
"""How far a quantile may be off what the freezes imply."""

_NS = 1_000_000_000
_AFTERMATH_NS = 100_000_000
"""So long after a freeze what is released may still meet its backlog."""


def generator(live: Live) -> Sequence[int]:
    """All load processes."""
    return live.load_pids


def receivers(live: Live) -> Sequence[int]:
    """The load process that holds the subscribers: the plan's first share."""
    return live.load_pids[:1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Expected:
    """What the due times and the freezes imply, one row for each message of the window."""

    waited: NDArray[np.bool_]
    """Whether a freeze held it up."""
    received_ns: Ints
    due_ns: Ints

    @property
    def latency_ns(self) -> Ints:
        """Expected delivery latency, rising."""
        return np.sort(self.received_ns - self.due_ns)

    def quantile_s(self, q: float) -> float:
        """A quantile of it, in seconds."""
        return _at(self.latency_ns, q)


def measured_s(seen: Seen, q: float) -> float:
    """Give a quantile of the delivery latency as it was measured, in seconds."""
    return _at(np.sort(seen.book.since(seen.book.messages.due_ns)), q)


def expect(seen: Seen, pattern: Pattern, stalls: Sequence[Stall]) -> Expected:
    """Work out when each message must arrive at its one receiver.

    Outside of freezes a message takes the run's own median. What a freeze holds up goes on when
    it ends, one message after another, each taking the run's own service time. A poll is
    answered at the freeze's end, with all that there is.
    """
    book = seen.book
    interval_ns = round(pattern.poll_interval_s(book.workload) * _NS)
    due_ns = np.sort(book.messages.due_ns[book.messages.in_window])
    undisturbed = _undisturbed(book, stalls, interval_ns)
    if interval_ns:
        arrivals_ns = book.arrivals.received_ns[book.arrivals.timed][undisturbed]
        plain_ns = _answers_ns(due_ns, arrivals_ns, interval_ns)
        half_way_ns, each_ns = 0, 0
    else:
        median_ns = round(float(np.median(book.since(book.messages.due_ns)[undisturbed])))
        plain_ns = due_ns + median_ns
        half_way_ns, each_ns = median_ns // 2, service_time_ns(seen, stalls)
    waited, received_ns = _held_up(plain_ns, stalls, half_way_ns, each_ns)
    return Expected(waited=waited, received_ns=received_ns, due_ns=due_ns)


def service_time_ns(seen: Seen, stalls: Sequence[Stall]) -> int:
    """Give what each message of a backlog takes: how far apart they arrived, in the median.

    The server's CPU time for a message is the most that it can be: alone, a message also pays
    for waking the server, which a backlog does once.
    """
    released_ns = seen.book.messages.released_ns[seen.timed]
    received_ns = released_ns + seen.service_ns
    gaps = [
        np.diff(
            np.sort(received_ns[(released_ns >= stall.begin_ns) & (released_ns < stall.end_ns)])
        )
        for stall in stalls
    ]
    apart = np.concatenate(gaps) if gaps else np.empty(0)
    per_message = seen.result.server.cpu_per_message
    if not len(apart) or per_message is None:
        return 0
    return min(round(float(np.median(apart))), round(per_message * _NS))


def early_arrivals(seen: Seen, stalls: Sequence[Stall]) -> int:
    """Count messages that were released to a frozen server and arrived before it went on."""
    released_ns = seen.book.messages.released_ns[seen.timed]
    received_ns = released_ns + seen.service_ns
    return sum(
        int(
            np.count_nonzero(
                (released_ns >= stall.begin_ns)
                & (released_ns < stall.end_ns)
                & (received_ns < stall.end_ns)
            )
        )
        for stall in stalls
    )


def _undisturbed(book: Ledger, stalls: Sequence[Stall], interval_ns: int) -> NDArray[np.bool_]:
    """Tell which timed arrivals are of messages that no freeze can have touched."""
    due_ns = book.messages.due_ns[book.arrivals.message[book.arrivals.timed]]
    far = np.ones(len(due_ns), dtype=np.bool_)
    for stall in stalls:
        near = stall.begin_ns - interval_ns - _AFTERMATH_NS, stall.end_ns + _AFTERMATH_NS
        far &= (due_ns < near[0]) | (due_ns > near[1])
    return far


def _answers_ns(released_ns: Ints, arrivals_ns: Ints, interval_ns: int) -> Ints:
    """Give the next answer to a poll after each release; polls are due on a fixed grid."""
    phase_ns = int(arrivals_ns[0])
    for _ in range(2):  # the first guess may be an outlier, at the edge of the circle
        half = interval_ns // 2
        phase_ns += int(np.median((arrivals_ns - phase_ns + half) % interval_ns - half))
    answers: Ints = released_ns + (phase_ns - released_ns) % interval_ns
    return answers


def _held_up(
    plain_ns: Ints, stalls: Sequence[Stall], half_way_ns: int, each_ns: int
) -> tuple[NDArray[np.bool_], Ints]:
    """Give what waits for a freeze's end, and when each message arrives, in order of due times."""
    received_ns = plain_ns.copy()
    waited = np.zeros(len(plain_ns), dtype=np.bool_)
    ahead_ns = 0
    for row, arrives_ns in enumerate(plain_ns.tolist()):
        at_server_ns = arrives_ns - half_way_ns
        for stall in stalls:
            if stall.begin_ns <= at_server_ns < stall.end_ns:
                waited[row] = True
                arrives_ns = stall.end_ns + half_way_ns
        received_ns[row] = ahead_ns = max(arrives_ns, ahead_ns + each_ns * (ahead_ns >= arrives_ns))
    return waited, received_ns


def over_one_receiver(workload: Workload, exchange: Exchange) -> Workload:
    """Make a message one delivery; callers so many that none waits for another's answer."""
    callers = 64 if exchange is Exchange.REQUEST_REPLY else 1
    return replace(workload, exchange=exchange, publishers=callers, subscribers=1)


def _at(ordered_ns: Ints, q: float) -> float:
    seconds = quantile(ordered_ns, q)
    if seconds is None:
        raise ValueError("no message arrived")
    return seconds
