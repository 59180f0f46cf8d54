"""What one load process saw, as arrays: the raw material of every figure.

Rows are never aggregated on the load side. Times are nanoseconds of CLOCK_MONOTONIC, which all
processes of one host share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

READING_NS = 25_000_000
"""Load processes read their CPU clocks so often; a longer silence means that they stood."""
NEVER = -1
"""Stands for a time that never came: not released, not sent."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relayed:
    """What the relay of a run saw: one row for each chunk that it passed on."""

    pid: int
    due_ns: Ints
    """When it was to be written."""
    late_ns: Ints
    """How much later it was, and may have been read later than it came."""
    unrecorded: int = 0
    """Chunks that it passed on after it had no room for more rows."""


def _empty() -> Ints:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Published:
    """One row for each message that the schedule wanted, in any order.

    (``publisher``, ``sequence``) identifies a message; sequences of one publisher are dense
    from 0. ``released_ns`` and ``sent_ns`` are ``NEVER`` where that did not happen, and
    ``accepted_ns`` where the server did not confirm it, or nobody asked.
    """

    publisher: Ints = field(default_factory=_empty)
    sequence: Ints = field(default_factory=_empty)
    due_ns: Ints = field(default_factory=_empty)
    released_ns: Ints = field(default_factory=_empty)
    sent_ns: Ints = field(default_factory=_empty)
    accepted_ns: Ints = field(default_factory=_empty)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Delivered:
    """One row for each arrival at a receiver, in order of arrival within each receiver.

    ``publisher`` and ``sequence`` are ``NEVER`` where the bytes were not intact.
    """

    receiver: Ints = field(default_factory=_empty)
    publisher: Ints = field(default_factory=_empty)
    sequence: Ints = field(default_factory=_empty)
    received_ns: Ints = field(default_factory=_empty)
    lag_ns: Ints = field(default_factory=_empty)
    """How long the bytes can have waited inside the generator, at most."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Returned:
    """One row for each time that a receiver lost its connection and had another."""

    receiver: Ints = field(default_factory=_empty)
    lost_ns: Ints = field(default_factory=_empty)
    back_ns: Ints = field(default_factory=_empty)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """TCP payload bytes and segments of all load connections over the window (``TCP_INFO``).

    ``in`` is towards the client. Segments count those that carry no payload too.
    """

    bytes_in: int = 0
    bytes_out: int = 0
    segments_in: int = 0
    segments_out: int = 0

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(
            bytes_in=self.bytes_in + other.bytes_in,
            bytes_out=self.bytes_out + other.bytes_out,
            segments_in=self.segments_in + other.segments_in,
            segments_out=self.segments_out + other.segments_out,
        )

    def __sub__(self, other: Traffic) -> Traffic:
        return Traffic(
            bytes_in=self.bytes_in - other.bytes_in,
            bytes_out=self.bytes_out - other.bytes_out,
            segments_in=self.segments_in - other.segments_in,
            segments_out=self.segments_out - other.segments_out,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadProcess:
    """What one load process used."""

    role: str
    """``publish``, ``receive``, ``both``."""
    pid: int
    core: int | None
    """The core it was pinned to."""
    at_ns: Ints
    """When the CPU clock was read: every 25 ms over the window, unless the process stood."""
    cpu_ns: Ints
    """The process' CPU time at these times."""
    peak_rss_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recording:
    """All that one or several load processes saw of one run."""

    published: Published = field(default_factory=Published)
    delivered: Delivered = field(default_factory=Delivered)
    setup_ns: Ints = field(default_factory=_empty)
    """How long each receiver took from connecting to subscribed."""
    entering_ns: int = 0
    """From the first receiver's connecting to the last one's being subscribed."""
    entering_cpu_ns: int = 0
    """CPU time that the processes of these receivers used meanwhile."""
    notes: Mapping[str, int] = field(default_factory=dict)
    """How often a client said why messages will be missing, by cause."""
    traffic: Traffic = field(default_factory=Traffic)
    connections: int = 0
    """How many connections that traffic is of: those open throughout the window."""
    processes: tuple[LoadProcess, ...] = ()
    returned: Returned = field(default_factory=Returned)


_Table = TypeVar("_Table", Published, Delivered, Returned)


def merge(recordings: Sequence[Recording]) -> Recording:
    """Add recordings up. The order does not matter, but between one who was killed and who took
    its place: their rows are of one receiver, in order of arrival."""
    notes: dict[str, int] = {}
    for recording in recordings:
        for cause, count in recording.notes.items():
            notes[cause] = notes.get(cause, 0) + count
    return Recording(
        published=join(Published, [one.published for one in recordings]),
        delivered=join(Delivered, [one.delivered for one in recordings]),
        setup_ns=_concatenate([one.setup_ns for one in recordings]),
        entering_ns=max((one.entering_ns for one in recordings), default=0),
        entering_cpu_ns=sum(one.entering_cpu_ns for one in recordings),
        notes=notes,
        traffic=sum((one.traffic for one in recordings), start=Traffic()),
        connections=sum(one.connections for one in recordings),
        processes=tuple(process for one in recordings for process in one.processes),
        returned=join(Returned, [one.returned for one in recordings]),
    )


def join(kind: type[_Table], tables: Sequence[_Table]) -> _Table:
    """Put the rows of several tables of one kind one after another."""
    columns = {
        column.name: _concatenate([getattr(table, column.name) for table in tables])
        for column in fields(kind)
    }
    return kind(**columns)


def _concatenate(columns: Sequence[Ints]) -> Ints:
    return np.concatenate(columns) if columns else _empty()
