"""A saved history into asv's results, so that `asv publish` shows the same figures."""

from __future__ import annotations

from pathlib import Path

from harness.regress.record import run_recorder


def record(history: Path, scratch: Path) -> None:
    """Have asv store the figures of a saved ``history``.

    Raises:
        NotMeasured: asv could not; says why, and where its log is.
    """
    run_recorder(("harness.versions.recording", str(history)), "figures", scratch)
