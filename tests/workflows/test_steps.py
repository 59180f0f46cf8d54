"""The scripts of the gates, run on a machine with nothing but a checkout, as far as is quick.

A comparison takes minutes: here its sides are refused, after all that comes before has been
done. `make prove N=2.7` runs every script of every workflow in full.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from harness.errors import Exit
from tests.prove.points import POINTS
from tests.prove.workflows import EXPECTED
from tests.workflows.play import Ran, Runner, play, runner
from tests.workflows.workflow import PATHS, ROOT, read

HERE: Mapping[str, Sequence[str]] = {
    "regression.yml": ("Install", "Compare base and head"),
    "library-gate.yml": ("Fetch the suite", "Install the suite", "Compare base and head"),
    "objective-gate.yml": ("Fetch the suite", "Install the suite", "Hold against the objectives"),
}
"""The scripts that a test of this file runs, by workflow."""
SCENARIOS = """
[scenario.prices]
patterns = ["sse"]
rate = "400"
warmup = "100ms"
duration = "400ms"
"""


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_every_script_is_run_by_a_test_or_a_proof(path: Path) -> None:
    workflow = read(path)
    scripts = {step.name for job in workflow.jobs for step in job.scripts}
    assert scripts == set(HERE.get(path.name, ())) | set(EXPECTED.get(path.name, ()))
    assert "2.7" in {point.number for point in POINTS}


@pytest.fixture(scope="module")
def lent(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Give variables by which pip finds here all that it would load, and nothing of the suite."""
    directory = tmp_path_factory.mktemp("lent")
    (site,) = {path for path in sys.path if path.endswith("site-packages")}
    for path in Path(site).iterdir():
        if not path.name.startswith(("abec", "__editable__")) and path.suffix != ".pth":
            (directory / path.name).symlink_to(path)
    # "0": without, by pip's own reading of a variable for an option that begins with "no".
    return {"PYTHONPATH": str(directory), "PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}


@pytest.fixture
def machine(tmp_path: Path, lent: Mapping[str, str]) -> Runner:
    made = runner(tmp_path)
    return Runner(place=made.place, env={**made.env, **lent})


def played(
    name: str, machine: Runner, set_to: Mapping[str, str] | None = None
) -> tuple[Sequence[Ran], Ran]:
    """Run all scripts of a workflow; give those before the last, which are to be fine, and it."""
    (path,) = (path for path in PATHS if path.name == name)
    workflow = read(path)
    (job,) = workflow.jobs
    *before, last = play(workflow, job, machine, set_to)
    assert [ran.step for ran in (*before, last)] == list(HERE[name])
    for ran in before:
        assert ran.code == 0, ran.text
        assert ran.summary == ""
    return before, last


def clone(to: Path) -> None:
    subprocess.run(("git", "clone", "--quiet", str(ROOT), str(to)), check=True)


@pytest.mark.slow
def test_a_pull_request_without_a_base_is_refused(machine: Runner) -> None:
    clone(machine.workspace)
    machine.git("checkout", "--quiet", "--orphan", "topic")
    machine.commit(machine.workspace)
    _, last = played("regression.yml", machine)
    assert last.code == Exit.BAD_INPUT
    assert last.text.startswith("abec: --base HEAD^1: no such commit, tag or branch here")
    assert last.summary == ""
    # Nothing is left that the next commit could hold.
    assert machine.git("status", "--porcelain") == ""


@pytest.mark.slow
def test_a_library_without_a_base_is_refused(machine: Runner) -> None:
    library = machine.workspace / "library"
    library.mkdir()
    machine.commit(library)
    _, last = played("library-gate.yml", machine, {"LIBRARY": "sse-starlette", "SUITE": str(ROOT)})
    assert last.code == Exit.BAD_INPUT
    assert last.text.startswith("abec: --base ../library@HEAD^1: no commit HEAD^1 in that checkout")
    assert last.summary == ""


@pytest.mark.slow
def test_an_objective_that_nothing_can_keep_fails_the_job(machine: Runner) -> None:
    (machine.workspace / "abec.toml").write_text(SCENARIOS)
    machine.commit(machine.workspace)
    variables = {"SUITE": str(ROOT), "OBJECTIVE": "p50<1us", "RUNS": "1"}
    _, last = played("objective-gate.yml", machine, variables)
    # The pipe does not hide it. Where the machine disturbs the run, nobody can tell.
    assert last.code in (Exit.ANSWER_IS_NO, Exit.NOT_MEASURED), last.text
    assert last.summary.startswith("```\nbroadcast 400 msg/s → 1 subscriber")
    assert "p50<1us" in last.summary
    assert list((machine.workspace / "results/runs").glob("*.json"))


def test_a_script_after_a_failed_one_is_not_run(tmp_path: Path) -> None:
    machine = runner(tmp_path)
    (path,) = (path for path in PATHS if path.name == "library-gate.yml")
    workflow = read(path)
    (job,) = workflow.jobs
    (ran,) = play(workflow, job, machine, {"SUITE": str(tmp_path / "none")})
    assert (ran.step, ran.code) == ("Fetch the suite", 128)
    assert "does not exist" in ran.text
    with pytest.raises(ValueError, match=r"library-gate\.yml has no variable BUDGET"):
        next(play(workflow, job, machine, {"BUDGET": "1s"}))
