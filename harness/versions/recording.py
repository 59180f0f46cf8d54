"""``python -m harness.versions.recording HISTORY.json …``: give saved histories to asv.

A process of its own, so that what asv prints has a log. Nothing is measured, and no benchmark
is run: the samples of a history are written as asv writes its own. Every release is an
environment of ``asv.versions.conf.json``, with that release of the library in the place of the
pinned one; every quantity of a cell is a benchmark.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from asv.benchmarks import Benchmarks
from asv.config import Config
from asv.console import log
from asv.environment import get_env_name
from asv.machine import Machine
from asv.plugin_manager import plugin_manager  # noqa: F401 (loads the kinds of repository)
from asv.repo import get_repo
from asv.results import Results
from asv.runner import BenchmarkResult
from asv.util import ProcessError, UserError

from harness.errors import BadInput, Exit
from harness.measure import history as histories
from harness.measure.configuration import Metric
from harness.measure.history import History, Row
from harness.regress.gate import GateCell
from harness.regress.library import GATES
from harness.report import asv_private
from harness.versions.watching import watched

CONF = "asv.versions.conf.json"
_UNITS = {"s": "seconds", "B": "bytes"}
_VERSION = "1"
"""Raised by hand when a figure's meaning changes."""
_DIGITS = 4
"""asv prints what it is given; more digits than these would be noise."""


def benchmarks() -> dict[str, dict[str, Any]]:
    """Describe every quantity of every library's cells as asv describes a benchmark."""
    return {
        name: {
            "name": name,
            "type": "track",
            "unit": _UNITS.get(metric.unit, metric.unit),
            "version": _VERSION,
            "code": f"abec versions --lib {library}\n{cell.pattern}: {cell.workload}",
            "params": [],
            "param_names": [],
            "timeout": 0,
            "setup_cache_key": None,
        }
        for library, gate in GATES.items()
        for cell in gate.cells
        for metric in (one.metric for one in watched(cell))
        for name in [_name(library, cell, metric)]
    }


def requirements(matrix: Mapping[str, Any], library: str, release: str) -> dict[str, str]:
    """Give what an environment holds: the last version of each list, and the ``release``."""
    pinned = {
        name: versions[-1]
        for name, versions in matrix["req"].items()
        if not name.startswith("pip+")
    }
    return {**pinned, library: release}


def record(paths: Sequence[Path]) -> None:
    """Store all releases of each history, beside what asv has of their commit.

    Raises:
        BadInput: a file is no history.
    """
    conf = Config.load(CONF)
    repo = get_repo(conf)
    asv_private.setup()  # asv's own commands load it as a plug-in
    machine = Machine.load(interactive=True, use_defaults=True)
    machine.save(conf.results_dir)
    described = Benchmarks(conf, benchmarks().values())
    described.save()
    for history in map(histories.load, paths):
        for release in history.releases:
            _record(conf, repo, machine, history, release)


def _record(conf: Any, repo: Any, machine: Any, history: History, release: str) -> None:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    pinned = requirements(conf.matrix, history.library, release)
    params = {**vars(machine), "python": python, **pinned}
    name = get_env_name(conf.environment_type, python, pinned, {})
    date = repo.get_date(history.commit)
    results = Results(params, pinned, history.commit, date, python, name, {})
    results.load_data(conf.results_dir)
    known = benchmarks()
    for chapter in history.chapters:
        row = next(row for row in chapter.rows if row.release == release)
        (cell,) = (one for one in GATES[history.library].cells if one.name == chapter.name)
        for one in watched(cell):
            described = known[_name(history.library, cell, one.metric)]
            results.add_result(described, _result(row, one.metric), record_samples=True)
    results.save(conf.results_dir)


def _name(library: str, cell: GateCell, metric: Metric) -> str:
    words = (library, cell.name, f"track_{metric.name}")
    return ".".join(word.replace(" ", "_").replace("-", "_") for word in words)


def _result(row: Row, metric: Metric) -> Any:
    """Give the samples as asv's runner would; none, with the reason, where there is no figure."""
    samples = [
        float("inf") if value is None else float(f"{value:.{_DIGITS}g}")
        for value in row.samples.get(metric.name, ())
    ]
    reason = row.refused or row.absent.get(metric.name, "")
    return BenchmarkResult(
        # asv puts the median of the samples in its place.
        result=[samples[0] if samples else float("nan")],
        samples=[samples or None],
        number=[1 if samples else None],
        errcode=0,
        stderr=reason,
        profile=None,
    )


def main(*paths: str) -> int:
    """Record; give the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    log.enable()
    try:
        record([Path(path) for path in paths])
    except (UserError, ProcessError, BadInput) as error:
        log.flush()
        sys.stderr.write(f"\n{error}\n")
        return Exit.ANSWER_IS_NO
    return Exit.MEASURED


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
