"""Made-up series whose distributions are whole, as a real run's are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from harness.measure.latency import distribution, quantile
from harness.measure.timeline import SLICES
from harness.recording import Ints
from harness.result import Latency, Result, Series, Timeline
from tests.unit.conftest import series

LOG_SD = 0.35
"""Of the made-up latencies: their p99 is about 2.3 times their p50."""


def whole(
    rows: Mapping[str, Mapping[str, Any]], runs: int = 7, messages: int = 5000, **changes: Any
) -> Series:
    """Build a series in which each run holds the histogram of log-normal latencies."""
    made = series(rows, runs=runs, **changes)
    draw = np.random.default_rng(3)
    return replace(made, results=tuple(_whole(run, messages, draw) for run in made.results))


def _whole(run: Result, messages: int, draw: np.random.Generator) -> Result:
    values = _values(run.delivery, messages, draw)
    delivery = distribution(values, messages, messages)
    return replace(
        run,
        delivery=delivery,
        delivery_last=delivery,
        service=distribution(_values(run.service, messages, draw), messages, messages),
        timeline=_timeline(values, run.workload.duration),
    )


def _values(found: Latency, messages: int, draw: np.random.Generator) -> Ints:
    middle = found.p50 or 1e-3
    values = draw.lognormal(np.log(middle * 1e9), LOG_SD, messages - found.lost)
    return np.rint(values).astype(np.int64)


def _timeline(values: Ints, duration_s: float) -> Timeline:
    parts = [np.sort(part) for part in np.array_split(values, SLICES)]
    return Timeline(
        slice=duration_s / SLICES,
        count=tuple(map(len, parts)),
        lost=(0,) * SLICES,
        p50=tuple(quantile(part, 0.5) for part in parts),
        p99=tuple(quantile(part, 0.99) for part in parts),
        maximum=tuple(quantile(part, 1.0) for part in parts),
    )
