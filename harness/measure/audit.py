"""Every message accounted for, warm-up included."""

from __future__ import annotations

import numpy as np

from harness.measure.ledger import UNKNOWN, Ledger
from harness.recording import NEVER, Ints
from harness.result import Audit
from harness.workload import Exchange


def audit(ledger: Ledger) -> Audit:
    """Count what was delivered, lost, duplicated, reordered and corrupted.

    Two balances close: ``owed == delivered + lost + corrupted``, and arrivals ==
    ``delivered + duplicated + corrupted``. So a corrupted arrival stands for a message that its
    receiver misses; one at a receiver that misses none is surplus, and counts as duplicated.

    Messages that never reached the transport are owed to nobody; in the latencies they are
    infinitely late.
    """
    arrivals = ledger.arrivals
    owed = _owed(ledger)
    receiver = _accounts(ledger)
    delivered = np.bincount(receiver[arrivals.first], minlength=len(owed))
    damaged = np.bincount(receiver[arrivals.message == UNKNOWN], minlength=len(owed))
    corrupted = np.minimum(damaged, owed - delivered)
    return Audit(
        published=int(np.count_nonzero(ledger.messages.sent_ns != NEVER)),
        owed=int(owed.sum()),
        delivered=int(delivered.sum()),
        lost=int((owed - delivered - corrupted).sum()),
        duplicated=int(len(arrivals) - delivered.sum() - corrupted.sum()),
        reordered=_reordered(ledger),
        corrupted=int(corrupted.sum()),
        causes=dict(ledger.notes),
    )


def _owed(ledger: Ledger) -> Ints:
    """How many deliveries each receiver is owed; a work queue has one account for all."""
    workload, messages = ledger.workload, ledger.messages
    sent = messages.sent_ns != NEVER
    if workload.exchange.calls:
        return np.bincount(messages.publisher[sent], minlength=workload.receivers)
    accounts = workload.receivers if workload.exchange.to_all else 1
    return np.full(accounts, np.count_nonzero(sent), dtype=np.int64)


def _accounts(ledger: Ledger) -> Ints:
    receiver = ledger.arrivals.receiver
    if ledger.workload.exchange is Exchange.WORK_QUEUE:
        return np.zeros_like(receiver)
    return receiver


def _reordered(ledger: Ledger) -> int:
    """Count first arrivals below the highest sequence seen before, by receiver and publisher.

    Each consumer of a work queue is looked at by itself: between consumers there is no order.
    """
    arrivals, messages = ledger.arrivals, ledger.messages
    known = np.flatnonzero(arrivals.message != UNKNOWN)
    if not len(known):
        return 0
    publisher = messages.publisher[arrivals.message[known]]
    stream = arrivals.receiver[known] * (int(publisher.max()) + 1) + publisher
    order = np.argsort(stream, kind="stable")
    known, stream = known[order], stream[order]
    # Streams rise from one to the next, so that one running maximum serves all of them.
    nth_stream = np.cumsum(np.diff(stream, prepend=stream[0]) != 0)
    height = nth_stream * len(messages) + arrivals.message[known]
    below = height[1:] < np.maximum.accumulate(height)[:-1]
    return int(np.count_nonzero(below & arrivals.first[known[1:]]))
