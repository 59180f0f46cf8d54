"""Recordings and ledgers built from a few tuples, in milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from harness.measure.ledger import Ledger, ledger
from harness.recording import NEVER, Delivered, Published, Recording
from harness.workload import Workload

MS = 1_000_000
Row = tuple[float, ...]


def columns(rows: Sequence[Row], width: int) -> list[np.ndarray]:
    if not rows:
        return [np.empty(0, dtype=np.int64) for _ in range(width)]
    return [np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)]


def in_ns(at_ms: np.ndarray | float) -> Any:
    return np.where(np.asarray(at_ms) == NEVER, NEVER, np.rint(np.asarray(at_ms) * MS))


def record(published: Sequence[Row], delivered: Sequence[Row] = (), **rest: Any) -> Recording:
    """Published: publisher, sequence, due, released, sent. Delivered: receiver, publisher,
    sequence, received, lag. Times in ms; NEVER stays."""
    sent_rows = [(p, s, *(float(in_ns(at)) for at in times)) for p, s, *times in published]
    came_rows = [(r, p, s, *(float(in_ns(at)) for at in times)) for r, p, s, *times in delivered]
    publisher, sequence, due_ns, released_ns, sent_ns = columns(sent_rows, 5)
    receiver, origin, number, received_ns, lag_ns = columns(came_rows, 5)
    return Recording(
        published=Published(
            publisher=publisher,
            sequence=sequence,
            due_ns=due_ns,
            released_ns=released_ns,
            sent_ns=sent_ns,
        ),
        delivered=Delivered(
            receiver=receiver,
            publisher=origin,
            sequence=number,
            received_ns=received_ns,
            lag_ns=lag_ns,
        ),
        **rest,
    )


def build(
    workload: Workload,
    published: Sequence[Row],
    delivered: Sequence[Row] = (),
    *,
    window_ms: tuple[float, float] = (0, 1_000_000),
    **rest: Any,
) -> Ledger:
    start, end = window_ms
    recording = record(published, delivered, **rest)
    return ledger(recording, workload, round(start * MS), round(end * MS))


def stream(
    due_ms: np.ndarray,
    service_ms: np.ndarray | float,
    *,
    late_ms: np.ndarray | float = 0.0,
    workload: Workload | None = None,
    window_ms: tuple[float, float] | None = None,
) -> Ledger:
    """One publisher, one subscriber; a service time that is infinite means lost."""
    count = len(due_ms)
    due_ns = np.rint(np.sort(due_ms) * MS).astype(np.int64)
    released_ns = due_ns + np.rint(np.broadcast_to(late_ms, count) * MS).astype(np.int64)
    service = np.broadcast_to(np.asarray(service_ms, dtype=np.float64), count)
    came = np.flatnonzero(np.isfinite(service))
    received_ns = released_ns[came] + np.rint(service[came] * MS).astype(np.int64)
    order = np.argsort(received_ns, kind="stable")
    zeros = np.zeros(count, dtype=np.int64)
    recording = Recording(
        published=Published(
            publisher=zeros,
            sequence=np.arange(count),
            due_ns=due_ns,
            released_ns=released_ns,
            sent_ns=released_ns,
        ),
        delivered=Delivered(
            receiver=zeros[came],
            publisher=zeros[came],
            sequence=came[order],
            received_ns=received_ns[order],
            lag_ns=zeros[came],
        ),
    )
    start, end = window_ms or (0.0, float(np.max(due_ms)) + 0.001)
    return ledger(recording, workload or Workload(), round(start * MS), round(end * MS))


@pytest.fixture(scope="session")
def make_recording() -> Callable[..., Recording]:
    return record


@pytest.fixture(scope="session")
def make_ledger() -> Callable[..., Ledger]:
    return build


@pytest.fixture(scope="session")
def make_stream() -> Callable[..., Ledger]:
    return stream
