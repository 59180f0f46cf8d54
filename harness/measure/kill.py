"""What a kill did to the messages: counted from every one of them, by arithmetic alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.measure.ledger import UNKNOWN, Ledger, Mask
from harness.queueing import Victim
from harness.recording import NEVER, Ints
from harness.result import Kill

Pairs = Sequence[tuple[int, int]]
"""Publisher and sequence of messages."""


def kill(ledger: Ledger, *, victim: Victim, at_ns: int, back_ns: int, held: Pairs) -> Kill:
    """Count what was lost and repeated, and how late the rest was.

    A confirmed message is a promise; one that was sent and not confirmed is none, and its
    publisher knows. So where Redis was killed, only confirmed ones can be lost. A consumer's
    death breaks no connection of a publisher: there all that was sent is owed.

    Args:
        ledger: all messages and arrivals, those of the killed consumer included.
        victim: who was killed.
        at_ns: when, by CLOCK_MONOTONIC; of Redis, when it was dead.
        back_ns: when Redis answered again.
        held: the jobs that a killed consumer had begun and not delivered.
    """
    messages, arrivals = ledger.messages, ledger.arrivals
    first = arrivals.first
    delivered_ns = np.full(len(messages), NEVER, dtype=np.int64)
    delivered_ns[arrivals.message[first]] = arrivals.received_ns[first]
    came = delivered_ns != NEVER
    elapsed_ns = delivered_ns[came] - messages.due_ns[came]
    held_rows = _rows(ledger, held)
    again = (arrivals.message != UNKNOWN) & ~first
    accepted = waiting = unsaved = survived = None
    if victim is Victim.REDIS:
        promised = messages.accepted_ns != NEVER
        before = promised & (messages.accepted_ns < at_ns)
        accepted = int(np.count_nonzero(before))
        # A consumer that outlives Redis delivers what it had; what it takes afterwards, it
        # delivers later than this.
        taken_again_ns = back_ns + round(ledger.workload.work * 1e9)
        waits = before & ~(came & (delivered_ns < taken_again_ns))
        waiting = int(np.count_nonzero(waits))
        gone_ns = messages.accepted_ns[before & ~came]
        if len(gone_ns):
            first_ns = int(gone_ns.min())
            unsaved = (at_ns - first_ns) / 1e9
            later = waits & came & (messages.accepted_ns > first_ns)
            survived = int(np.count_nonzero(later))
    else:
        promised = messages.sent_ns != NEVER
        back_ns = _first_of_successor(ledger, at_ns)
    return Kill(
        victim=victim,
        at=(at_ns - ledger.window_start_ns) / 1e9,
        back=(back_ns - at_ns) / 1e9,
        held=len(held_rows),
        accepted=accepted,
        waiting=waiting,
        lost=int(np.count_nonzero(promised & ~came)),
        repeated=int(np.count_nonzero(again)) + int(np.count_nonzero(came[held_rows])),
        latest=float(elapsed_ns.max()) / 1e9 if len(elapsed_ns) else None,
        unsaved=unsaved,
        survived=survived,
    )


def _rows(ledger: Ledger, pairs: Pairs) -> Ints:
    """Give the rows of the messages that these pairs of publisher and sequence name."""
    messages = ledger.messages
    named: Mask = np.zeros(len(messages), dtype=np.bool_)
    for publisher, sequence in pairs:
        named |= (messages.publisher == publisher) & (messages.sequence == sequence)
    return np.flatnonzero(named)


def _first_of_successor(ledger: Ledger, at_ns: int) -> int:
    """Give when the first consumer's place, which was the dead one's, delivered again."""
    arrivals = ledger.arrivals
    after = arrivals.received_ns[(arrivals.receiver == 0) & (arrivals.received_ns > at_ns)]
    return int(after.min()) if len(after) else at_ns
