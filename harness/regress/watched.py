"""What is watched in a cell, from what change on it matters, and why not from less."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.measure.configuration import (
    BYTES_PER_DELIVERY,
    CLIENT_CPU_PER_DELIVERY,
    CPU_PER_DELIVERY,
    FEWEST_CONNECTIONS,
    LOST,
    MEMORY_PER_CONNECTION,
    P50,
    P99,
    QUANTILES,
    SWITCHES_PER_DELIVERY,
    TIME_PER_MESSAGE,
    Metric,
)
from harness.measure.history import Acts
from harness.measure.validity import MESSAGES_BEYOND
from harness.workload import Workload

_ABOUT_TIMES = frozenset({"pacer lateness", "receiver lag"})
"""Rules that doubt when messages came; what a message weighs does not depend on that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One metric of a cell, and from what change on it matters."""

    metric: Metric
    threshold: float
    """As a share: 0.1 raises no alarm below a change of 10 %, however certain it is."""
    because: str
    """Why the threshold is not lower."""
    despite: frozenset[str] = frozenset()
    """Rules of validity that have no bearing on the metric."""


WATCHED = (
    Watched(
        metric=P50,
        threshold=0.10,
        because="two builds of one commit differ by a few percent: paths, hash seeds, layout",
    ),
    Watched(
        metric=P99,
        threshold=0.25,
        because="some twenty messages of a run decide it, and the machine's own pauses are there",
    ),
    Watched(
        metric=TIME_PER_MESSAGE,
        threshold=0.10,
        because="as p50, of which it is the closed loop's form",
    ),
    Watched(
        metric=CPU_PER_DELIVERY,
        threshold=0.08,
        because="caches and the clock of the processor differ from build to build",
    ),
    Watched(
        metric=BYTES_PER_DELIVERY,
        threshold=0.01,
        because="the same bytes come every time; only how messages share a frame varies",
        despite=_ABOUT_TIMES,
    ),
    Watched(
        metric=SWITCHES_PER_DELIVERY,
        threshold=0.15,
        because="a server that got faster waits more often, up to a seventh, and nothing is worse",
    ),
    Watched(
        metric=MEMORY_PER_CONNECTION,
        threshold=0.25,
        because="a few KiB a connection; pages that other processes share come and go",
        despite=_ABOUT_TIMES,
    ),
    Watched(
        metric=LOST,
        threshold=0.0,
        because="no loss is small enough to pass; one that is not established ends with 3",
        despite=_ABOUT_TIMES,
    ),
)
"""All that a gate can watch. Which of it a cell carries follows from its workload alone."""

_CLIENT_CPU = Watched(
    metric=CLIENT_CPU_PER_DELIVERY,
    threshold=next(one.threshold for one in WATCHED if one.metric is CPU_PER_DELIVERY),
    because="as the server's",
)


def watched_in(workload: Workload, acts: Acts | None) -> tuple[Watched, ...]:
    """Give what a cell can show; ``acts`` says where in it a library is varied, if one is.

    The CPU of a library that is the client is the client's; what the server itself holds and how
    often it waits, that does not move.
    """
    every: tuple[Watched, ...] = WATCHED
    if acts is Acts.CLIENT:
        every = tuple(
            _CLIENT_CPU if one.metric is CPU_PER_DELIVERY else one
            for one in WATCHED
            if one.metric not in (MEMORY_PER_CONNECTION, SWITCHES_PER_DELIVERY)
        )
    return tuple(one for one in every if carries(workload, one.metric))


def carries(workload: Workload, metric: Metric) -> bool:
    """Whether a window shows ``metric``; follows from what is asked, not from what is measured."""
    if metric in (P50, P99):
        return workload.rate is not None and _enough(
            workload.rate * workload.duration, QUANTILES[metric.name]
        )
    if metric is TIME_PER_MESSAGE:
        return not workload.open_loop
    if metric is MEMORY_PER_CONNECTION:
        return workload.receivers >= FEWEST_CONNECTIONS
    return True


def _enough(messages: float, quantile: float) -> bool:
    """Whether so many messages, less three standard deviations, are enough for a quantile."""
    return (messages - 3 * math.sqrt(messages)) * (1 - quantile) >= MESSAGES_BEYOND
