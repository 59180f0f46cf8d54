"""What the environment says: which scenarios, how many runs, how long, and what is read instead.

asv runs benchmarks in a directory of its own, so that relative paths start at the checkout.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from harness.errors import BadInput
from harness.workload import Workload

RUNS = 8
"""Enough for asv's test: 6 against 6, or 5 against 7, could never differ significantly."""
QUICK_RUNS = 7
_QUICK_WARMUP_S = 0.5
_QUICK_DURATION_S = 3.0
"""At 1,000/s enough messages for a p99, at 100/s for a p90, whatever the schedule's seed."""
_QUICK_MESSAGES = 70
"""At any rate, enough for a median."""
CHECKOUT = Path(__file__).parents[1]


def quick() -> bool:
    """Whether ``ABEC_QUICK`` asks for shorter windows."""
    return os.environ.get("ABEC_QUICK", "") not in ("", "0")


def quickened(workload: Workload) -> Workload:
    """Shorten the window if ``ABEC_QUICK`` is set."""
    if not quick():
        return workload
    enough = _QUICK_DURATION_S
    if workload.rate is not None:
        enough = max(enough, _QUICK_MESSAGES / workload.rate)
    return replace(
        workload,
        warmup=min(workload.warmup, _QUICK_WARMUP_S),
        duration=min(workload.duration, enough),
    )


def count_of_runs() -> int:
    """Read ``ABEC_RUNS``: how many independent runs a combination gets."""
    text = os.environ.get("ABEC_RUNS", str(QUICK_RUNS if quick() else RUNS))
    if not text.isdigit() or int(text) < 1:
        raise BadInput("ABEC_RUNS", text, "must be a whole number above 0; for example 8")
    return int(text)


def saved_series() -> tuple[Path, ...]:
    """Read ``ABEC_SERIES``: result files to read instead of measuring; empty to measure."""
    paths = os.environ.get("ABEC_SERIES", "").split(os.pathsep)
    return tuple(CHECKOUT / path for path in paths if path)


def scenario_file() -> Path | None:
    """Read ``ABEC_SCENARIOS``: a file of the user's own scenarios."""
    path = os.environ.get("ABEC_SCENARIOS")
    return CHECKOUT / path if path else None
