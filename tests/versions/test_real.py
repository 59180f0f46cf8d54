"""Two versions of a library, installed and measured for real: one waits before it sends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.measure.history import Acts
from harness.measure.statistics import median
from harness.process.scratch import private_directory
from harness.regress import library
from harness.regress.gate import Gate, GateCell
from harness.regress.library import read_version
from harness.regress.sides import Side, resolve
from harness.versions.asked import question
from harness.versions.measuring import build_all, commands, measure
from harness.versions.telling import history
from harness.workload import Workload
from tests.regress.conftest import Project
from tests.versions.conftest import DELAY_S

CELL = GateCell(
    name="server",
    pattern="websocket@websockets",
    workload=Workload(rate=20.0, warmup=0.1, duration=0.5),
    acts=Acts.SERVER,
)


@pytest.mark.slow
def test_each_release_is_measured_in_its_own_environment(
    suite: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(name="short", cells=(CELL,))
    monkeypatch.setitem(library.GATES, "websockets", gate)  # type: ignore[arg-type]
    # One run shows that the releases differ; six would be asked for to establish it.
    asked = replace(question("websockets", ["2.0", "1.0"], runs=6), runs=1)
    commit = resolve(Side.HEAD, "HEAD")
    with private_directory() as directory:
        scratch = Path(directory)
        ready, run_once = commands(build_all(asked, commit, scratch), gate.cells, scratch)
        assert (list(ready.built), ready.refused) == (["1.0", "2.0"], {})
        assert len({len(str(built.directory)) for built in ready.built.values()}) == 1
        found = measure(asked, ready, run_once, order_seed=3)
        installed = {
            name: {run.context.machine.libraries["websockets"] for run in found.results[key]}
            for key in found.results
            for name in [key[1]]
        }
        assert installed == {"1.0": {"1.0"}, "2.0": {"2.0"}}
        p50 = {
            name: median([run.delivery.p50 for run in runs])
            for (_, name), runs in found.results.items()
        }
        assert p50["1.0"] is not None
        assert p50["2.0"] is not None
        assert p50["2.0"] - p50["1.0"] > 0.9 * DELAY_S
        told = history(asked, found, commit.sha)
        assert [bool(row.runs) for row in told.chapters[0].rows] == [True, True]
        missing = read_version("VERSION", "websockets", "3.0")
        with pytest.raises(BadInput, match=r"^VERSION 3\.0: websockets has no such version for"):
            build_all(replace(asked, releases={"3.0": missing}), commit, scratch)
