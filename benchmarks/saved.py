"""Series that were saved before, read instead of measuring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.values import NotApplicable
from harness import schema
from harness.result import Series
from harness.workload import Workload


def saved_runs(paths: Sequence[Path], pattern: str, workload: Workload) -> Series:
    """Give those runs in ``paths`` that are of ``pattern`` under ``workload``.

    Warm-up, duration, seed, ramp, load processes and Redis need not agree.

    Raises:
        NotApplicable: there are none; the reason is the series', if it has one.
        BadInput: a file is no series.
    """
    saved = [schema.load(path) for path in paths]
    wanted = workload.essence
    results = [
        result
        for series in saved
        for result in series.results
        if result.pattern == pattern and result.workload.essence == wanted
    ]
    refused = {name: why for series in saved for name, why in series.refused.items()}
    why = refused.pop(pattern, "not among the saved runs")
    if not results:
        raise NotApplicable(why)
    # The pattern may have been refused under another workload: these runs are there.
    return replace(saved[0], results=tuple(results), refused=refused)
