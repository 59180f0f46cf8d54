"""Where the runs behind a metric come from: measured once, read by every metric that asks.

All questions share one ``setup_cache``, so asv runs them in one working directory (for each
environment and commit). The first metric that asks for a combination has it measured and leaves
the runs there; the others read them. asv calls a metric once a round, so the n-th time that it
asks it wants the n-th measurement: a second round measures anew, however many metrics there are.
"""

from __future__ import annotations

import hashlib
import json
import signal
from pathlib import Path

from benchmarks.saved import saved_runs
from benchmarks.settings import CHECKOUT, count_of_runs, saved_series
from benchmarks.values import NotApplicable
from harness import schema
from harness.errors import BadInput
from harness.process.child import die_with_parent
from harness.process.watch import KEPT_LOGS
from harness.result import Series
from harness.workload import Workload


def runs_of(pattern: str, workload: Workload, asked_by: str) -> Series:
    """Give the runs of ``pattern`` under ``workload`` that the metric ``asked_by`` is to read.

    Measures in the current directory, unless ``ABEC_SERIES`` names saved series.

    Raises:
        NotApplicable: the combination cannot be asked for, or the saved series lack it.
        BadInput: a variable of the environment has a wrong value, or a file is no series.
    """
    saved = saved_series()
    if saved:
        return saved_runs(saved, pattern, workload)
    path = _path(pattern, workload, asked_by)
    if path.exists():
        return schema.load(path)
    series = _measure(pattern, workload, count_of_runs())
    # Only now: whoever finds the file takes it for complete.
    schema.save(series, path)
    return series


def _measure(pattern: str, workload: Workload, runs: int) -> Series:
    # Not at the top: asv starts a process for each metric, and most of them only read.
    from harness.series import Cell, measure

    die_with_parent()
    # An asv that is interrupted sends SIGTERM: let it unwind, so that directories are removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if not KEPT_LOGS.exists():
        # Logs of what failed are to outlive asv's directory, and are named as in the checkout.
        (CHECKOUT / KEPT_LOGS).mkdir(parents=True, exist_ok=True)
        KEPT_LOGS.parent.mkdir(parents=True, exist_ok=True)
        KEPT_LOGS.symlink_to(CHECKOUT / KEPT_LOGS)
    try:
        return measure([Cell(pattern=pattern, workload=workload)], runs=runs, command="asv run")
    except BadInput as error:
        raise NotApplicable(str(error)) from error


def _path(pattern: str, workload: Workload, asked_by: str) -> Path:
    """Name the file of the measurement that this metric's next round reads, and count it."""
    key = hashlib.sha256(f"{pattern} {workload}".encode()).hexdigest()[:16]
    counts = Path(f"asked-{key}.json")
    asked = json.loads(counts.read_text()) if counts.exists() else {}
    asked[asked_by] = asked.get(asked_by, 0) + 1
    counts.write_text(json.dumps(asked))
    return Path(f"series-{key}-{asked[asked_by]}.json")
