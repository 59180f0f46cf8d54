"""A saved history into asv's results, so that `asv publish` shows the same figures."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from harness.errors import NotMeasured
from harness.process.child import Child, log_file
from harness.process.watch import KEPT_LOGS, explain

_STOP_S = 4.0


def record(history: Path, scratch: Path) -> None:
    """Have asv store the figures of a saved ``history``.

    Raises:
        NotMeasured: asv could not; says why, and where its log is.
    """
    try:
        child = Child.spawn(
            (sys.executable, "-m", "harness.versions.recording", str(history)),
            name="record",
            log_path=log_file(scratch, "record"),
            env={"TMPDIR": str(scratch), "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
        )
    except OSError as error:
        raise NotMeasured(f"the figures could not be recorded for asv: {error}") from error
    try:
        child.wait()
        if child.exit_code != 0:
            subject = "the figures could not be recorded for asv:"
            problem, _ = explain(subject, child, child.death, keep_logs_dir=KEPT_LOGS)
            raise NotMeasured(problem.rstrip(":"))
    finally:
        child.stop(_STOP_S)
