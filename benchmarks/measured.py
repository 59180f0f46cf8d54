"""Where the runs behind a metric come from: measured once, read by every metric that asks.

All questions share one ``setup_cache``, so asv runs them in one working directory (for each
environment and commit). The first metric that asks for a combination has it measured and leaves
the runs there; the others read them. asv calls a metric once a round, so the n-th time that it
asks it wants the n-th measurement: a second round measures anew, however many metrics there are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.settings import count_of_runs, quick, saved_series
from harness import schema
from harness.errors import BadInput
from harness.process.child import die_with_parent
from harness.result import Series
from harness.workload import Workload

_QUICK_WARMUP_S = 0.5
_QUICK_DURATION_S = 2.5
"""At 1,000/s just enough messages for a p99, at 100/s for a p90."""


class NotApplicable(Exception):
    """There is no number for this metric of this combination; the message says why."""


def runs_of(pattern: str, workload: Workload, asked_by: str) -> Series:
    """Give the runs of ``pattern`` under ``workload`` that the metric ``asked_by`` is to read.

    Measures in the current directory, unless ``ABEC_SERIES`` names saved series. Among these,
    warm-up, duration, seed, ramp, load processes and Redis need not agree with ``workload``.

    Raises:
        NotApplicable: the combination cannot be asked for, or the saved series lack it.
        BadInput: a variable of the environment has a wrong value, or a file is no series.
    """
    saved = saved_series()
    if saved:
        return _among([schema.load(path) for path in saved], pattern, workload)
    workload = quickened(workload)
    path = _path(pattern, workload, asked_by)
    if path.exists():
        return schema.load(path)
    # Not at the top: asv starts a process for each metric, and most of them only read.
    from harness.series import Cell, measure

    die_with_parent()
    cell = Cell(pattern=pattern, workload=workload)
    runs = count_of_runs()
    try:
        series = measure([cell], runs=runs, command="asv run")
    except BadInput as error:
        raise NotApplicable(str(error)) from error
    # Only now: whoever finds the file takes it for complete.
    schema.save(series, path)
    return series


def quickened(workload: Workload) -> Workload:
    """Shorten the window if ``ABEC_QUICK`` is set."""
    if not quick():
        return workload
    return replace(
        workload,
        warmup=min(workload.warmup, _QUICK_WARMUP_S),
        duration=min(workload.duration, _QUICK_DURATION_S),
    )


def _path(pattern: str, workload: Workload, asked_by: str) -> Path:
    """Name the file of the measurement that this metric's next round reads, and count it."""
    key = hashlib.sha256(f"{pattern} {workload}".encode()).hexdigest()[:16]
    counts = Path(f"asked-{key}.json")
    asked = json.loads(counts.read_text()) if counts.exists() else {}
    asked[asked_by] = asked.get(asked_by, 0) + 1
    counts.write_text(json.dumps(asked))
    return Path(f"series-{key}-{asked[asked_by]}.json")


def _among(saved: Sequence[Series], pattern: str, workload: Workload) -> Series:
    wanted = _essence(workload)
    results = [
        result
        for series in saved
        for result in series.results
        if result.pattern == pattern and _essence(result.workload) == wanted
    ]
    if not results:
        refused = {name: why for series in saved for name, why in series.refused.items()}
        raise NotApplicable(refused.get(pattern, "not among the saved runs"))
    return replace(saved[0], results=tuple(results))


def _essence(workload: Workload) -> Workload:
    """Give the workload without what changes a figure's precision and not its meaning."""
    plain = Workload()
    return replace(
        workload,
        warmup=plain.warmup,
        duration=plain.duration,
        seed=plain.seed,
        ramp=plain.ramp,
        load_processes=plain.load_processes,
        redis=plain.redis,
    )
