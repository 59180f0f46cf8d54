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
    pairs = [f"{built.wanted.commit.sha}={series[Side(built.side)].absolute()}" for built in sides]
    scenarios = str(Path(gate.source).absolute()) if gate.source else ""
    run_recorder(
        ("harness.regress.recording", *pairs), "samples", scratch, {"ABEC_SCENARIOS": scenarios}
    )


def run_recorder(
    words: Sequence[str], what: str, scratch: Path, env: Mapping[str, str] | None = None
) -> None:
    """Run a module, the first of ``words``, that gives asv ``what`` was measured.

    A process of its own, so that what asv prints has a log.

    Raises:
        NotMeasured: it failed; says why, and where its log is.
    """
    inherited = {"TMPDIR": str(scratch), "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    failed = f"the {what} could not be recorded for asv:"
    try:
        child = Child.spawn(
            (sys.executable, "-m", *words),
            name="record",
            log_path=log_file(scratch, "record"),
            env={**inherited, **(env or {})},
        )
    except OSError as error:
        raise NotMeasured(f"{failed} {error}") from error
    try:
        child.wait()
        if child.exit_code != 0:
            problem, _ = explain(failed, child, child.death, keep_logs_dir=KEPT_LOGS)
            raise NotMeasured(problem.rstrip(":"))
    finally:
        child.stop(_STOP_S)
