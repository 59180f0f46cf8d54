"""Made-up series whose distributions are whole, as a real run's are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from harness.measure.latency import distribution
from harness.result import Latency, Result, Series
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
    delivery = _latency(run.delivery, messages, draw)
    return replace(
        run,
        delivery=delivery,
        delivery_last=delivery,
        service=_latency(run.service, messages, draw),
    )


def _latency(found: Latency, messages: int, draw: np.random.Generator) -> Latency:
    middle = found.p50 or 1e-3
    values = draw.lognormal(np.log(middle * 1e9), LOG_SD, messages - found.lost)
    return distribution(np.rint(values).astype(np.int64), messages, messages)
