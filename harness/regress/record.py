"""Both commits' samples into asv's results, so that its tables and pages have the same data."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import NotMeasured
from harness.process.child import Child, log_file
from harness.process.watch import KEPT_LOGS, explain
from harness.regress.gate import Gate
from harness.regress.sides import Built, Side

_STOP_S = 4.0


def record(gate: Gate, sides: Sequence[Built], series: Mapping[Side, Path], scratch: Path) -> None:
    """Have asv read the saved ``series``, and store them as results of their commits.

    Raises:
        NotMeasured: asv could not; says why, and where its log is.
    """
    arguments = [
        f"{built.wanted.commit.sha}={series[Side(built.side)].absolute()}" for built in sides
    ]
    try:
        child = Child.spawn(
            (sys.executable, "-m", "harness.regress.recording", *arguments),
            name="record",
            log_path=log_file(scratch, "record"),
            env={
                "TMPDIR": str(scratch),
                "ABEC_SCENARIOS": str(Path(gate.source).absolute()) if gate.source else "",
                "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            },
        )
    except OSError as error:
        raise NotMeasured(f"the samples could not be recorded for asv: {error}") from error
    try:
        child.wait()
        if child.exit_code != 0:
            subject = "the samples could not be recorded for asv:"
            problem, _ = explain(subject, child, child.death, keep_logs_dir=KEPT_LOGS)
            raise NotMeasured(problem.rstrip(":"))
    finally:
        child.stop(_STOP_S)
