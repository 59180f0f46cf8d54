"""Who was owed which message, and what came: a recording joined with its window.

Everything that is measured of messages is read from here. Arrays by message are ordered by
publisher, then by sequence number; arrays by arrival keep the order of arrival within each
receiver. Times are nanoseconds of CLOCK_MONOTONIC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.recording import NEVER, Delivered, Ints, Published, Recording
from harness.workload import Exchange, Workload

Mask = NDArray[np.bool_]

UNKNOWN = -1
"""Stands for the message of an arrival that is not intact, or that this receiver isn't owed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Messages:
    """One row for each message that the schedule wanted."""

    publisher: Ints
    sequence: Ints
    due_ns: Ints
    released_ns: Ints
    sent_ns: Ints
    accepted_ns: Ints
    in_window: Mask
    """Whether it was due in the window."""

    def __len__(self) -> int:
        return len(self.due_ns)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arrivals:
    """One row for each arrival."""

    message: Ints
    """Row in ``Messages``, or ``UNKNOWN``."""
    receiver: Ints
    received_ns: Ints
    lag_ns: Ints
    first: Mask
    """Whether its receiver (work queue: any consumer) had not had this message before."""
    timed: Mask
    """Whether it is a first arrival of a message of the window."""

    def __len__(self) -> int:
        return len(self.message)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ledger:
    """All messages and all arrivals of one run."""

    workload: Workload
    window_start_ns: int
    window_end_ns: int
    messages: Messages
    arrivals: Arrivals
    setup_ns: Ints
    notes: Mapping[str, int]

    @property
    def window_s(self) -> float:
        """Length of the window in seconds."""
        return (self.window_end_ns - self.window_start_ns) / 1e9

    def since(self, begin_ns: Ints) -> Ints:
        """Give received − ``begin_ns[message]`` for each timed arrival, in order of arrival.

        ``ledger.since(ledger.messages.released_ns)`` is the service latency; the messages they
        belong to are ``ledger.arrivals.message[ledger.arrivals.timed]``.
        """
        timed = self.arrivals.timed
        elapsed: Ints = self.arrivals.received_ns[timed] - begin_ns[self.arrivals.message[timed]]
        return elapsed

    def sent_between(self, begin_ns: int, end_ns: int) -> int:
        """Count messages handed to the transport in [begin, end)."""
        sent_ns = self.messages.sent_ns
        return int(np.count_nonzero((sent_ns >= begin_ns) & (sent_ns < end_ns)))

    def delivered_between(self, begin_ns: int, end_ns: int) -> int:
        """Count first arrivals in [begin, end), whenever their messages were due."""
        received_ns = self.arrivals.received_ns[self.arrivals.first]
        return int(np.count_nonzero((received_ns >= begin_ns) & (received_ns < end_ns)))


def ledger(
    recording: Recording, workload: Workload, window_start_ns: int, window_end_ns: int
) -> Ledger:
    """Join what was published with what arrived; the window is [start, end) by due time.

    Arrivals that name a message which was never sent, or another caller's,
    count as not intact: nobody is owed them.

    Raises:
        ValueError: the recording contradicts itself or the workload.
    """
    messages, begins = _messages(recording.published, window_start_ns, window_end_ns)
    delivered = recording.delivered
    if len(delivered.receiver) and not (
        0 <= delivered.receiver.min() <= delivered.receiver.max() < workload.receivers
    ):
        raise ValueError(
            f"receivers {delivered.receiver.min()} to {delivered.receiver.max()} recorded; "
            f"the workload has {workload.receivers}"
        )
    message = _identify(delivered, messages, begins, workload)
    first = _first(delivered, message, workload)
    timed = first.copy()
    timed[first] = messages.in_window[message[first]]
    return Ledger(
        workload=workload,
        window_start_ns=window_start_ns,
        window_end_ns=window_end_ns,
        messages=messages,
        arrivals=Arrivals(
            message=message,
            receiver=delivered.receiver,
            received_ns=delivered.received_ns,
            lag_ns=delivered.lag_ns,
            first=first,
            timed=timed,
        ),
        setup_ns=recording.setup_ns,
        notes=recording.notes,
    )


def _messages(published: Published, start_ns: int, end_ns: int) -> tuple[Messages, Ints]:
    """Order the messages; give them, and where each publisher's begin (one entry more)."""
    counts = np.bincount(published.publisher)
    begins = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    rows = begins[published.publisher] + published.sequence
    if np.any(published.sequence < 0) or np.any(rows >= begins[published.publisher + 1]):
        raise ValueError("sequence numbers of a publisher are not dense from 0")
    if np.any(np.bincount(rows, minlength=len(rows)) != 1):
        raise ValueError("a sequence number of a publisher occurs twice")
    order = np.empty(len(rows), dtype=np.int64)
    order[rows] = np.arange(len(rows))
    due_ns = published.due_ns[order]
    messages = Messages(
        publisher=published.publisher[order],
        sequence=published.sequence[order],
        due_ns=due_ns,
        released_ns=published.released_ns[order],
        sent_ns=published.sent_ns[order],
        accepted_ns=(
            published.accepted_ns[order]
            if len(published.accepted_ns)
            else np.full(len(rows), NEVER, dtype=np.int64)
        ),
        in_window=(due_ns >= start_ns) & (due_ns < end_ns),
    )
    if np.any((messages.sent_ns != NEVER) & (messages.released_ns == NEVER)):
        raise ValueError("a message was sent without being released")
    return messages, begins


def _identify(delivered: Delivered, messages: Messages, begins: Ints, workload: Workload) -> Ints:
    """Give the message of each arrival, ``UNKNOWN`` where its receiver is owed no such thing."""
    publishers = len(begins) - 1
    owed = (delivered.publisher >= 0) & (delivered.publisher < publishers)
    owed &= delivered.sequence >= 0
    publisher = np.where(owed, delivered.publisher, 0)
    rows = begins[publisher] + delivered.sequence
    owed &= rows < begins[np.minimum(publisher + 1, publishers)]
    if workload.exchange.calls:
        owed &= delivered.receiver == delivered.publisher
    owed[owed] = messages.sent_ns[rows[owed]] != NEVER
    return np.where(owed, rows, UNKNOWN)


def _first(delivered: Delivered, message: Ints, workload: Workload) -> Mask:
    known = np.flatnonzero(message != UNKNOWN)
    if workload.exchange is Exchange.WORK_QUEUE:
        # Only time orders the arrivals of different consumers; rows order those of one.
        known = known[np.lexsort((delivered.receiver[known], delivered.received_ns[known]))]
        names = message[known]
    else:
        names = message[known] * workload.receivers + delivered.receiver[known]
    _, positions = np.unique(names, return_index=True)
    first = np.zeros(len(message), dtype=np.bool_)
    first[known[positions]] = True
    return first
