"""What every workflow keeps to, whatever it does."""

from __future__ import annotations

import re

import pytest

from harness.regress.library import GATES as LIBRARIES
from tests.workflows.workflow import PATHS, Workflow, read

WORKFLOWS = [read(path) for path in PATHS]
every_workflow = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda one: one.name)
DEPLOYS = {"pages": "write", "id-token": "write"}
GATES = {"regression.yml", "library-gate.yml", "objective-gate.yml"}
UPLOAD = "actions/upload-artifact@"


def test_all_are_read() -> None:
    assert {one.name for one in WORKFLOWS} == GATES | {"tests.yml", "pages.yml"}


@every_workflow
def test_it_may_only_read(workflow: Workflow) -> None:
    assert workflow.document["permissions"] == {"contents": "read"}
    more = {job.name: job.permissions for job in workflow.jobs if job.permissions}
    assert more == ({"deploy": DEPLOYS} if workflow.name == "pages.yml" else {})
    assert "secrets" not in workflow.text
    for step in (step for job in workflow.jobs for step in job.steps):
        if step.action.startswith("actions/checkout@"):
            assert step.inputs["persist-credentials"] is False


@every_workflow
def test_it_ends_and_makes_way(workflow: Workflow) -> None:
    concurrency = workflow.document["concurrency"]
    assert concurrency["cancel-in-progress"] is (workflow.name != "pages.yml")
    for job in workflow.jobs:
        assert job.timeout_minutes is not None
        assert job.timeout_minutes <= 45


@every_workflow
def test_its_actions_are_official_and_pinned_to_a_major_version(workflow: Workflow) -> None:
    actions = [step.action for job in workflow.jobs for step in job.steps if step.action]
    assert actions
    for action in actions:
        assert re.fullmatch(r"actions/[a-z-]+@v\d+", action)


@every_workflow
def test_its_scripts_can_be_run_elsewhere(workflow: Workflow) -> None:
    """Named, with no expression put into a script, and failing where part of a pipe fails."""
    assert workflow.document["defaults"] == {"run": {"shell": "bash"}}
    for job in workflow.jobs:
        names = [step.name for step in job.scripts]
        assert all(names)
        assert len(set(names)) == len(names)
        assert not [step.name for step in job.scripts if "${{" in step.script]


@pytest.mark.parametrize(
    "workflow", [one for one in WORKFLOWS if one.name in GATES], ids=lambda one: one.name
)
def test_a_gate_keeps_its_runs_also_where_it_fails(workflow: Workflow) -> None:
    (job,) = workflow.jobs
    upload = job.steps[-1]
    assert upload.action.startswith(UPLOAD)
    assert upload.condition == "always()"
    assert "results/runs" in upload.inputs["path"]
    assert all(not step.condition for step in job.scripts)


def test_a_maintainer_sets_two_variables() -> None:
    (workflow,) = (one for one in WORKFLOWS if one.name == "library-gate.yml")
    assert set(workflow.env) == {"LIBRARY", "SUITE"}
    assert workflow.env["LIBRARY"] in LIBRARIES
    (comment,) = re.findall(r"# What this repository is: (.*)\.", workflow.text)
    assert set(re.split(", | or ", comment)) == set(LIBRARIES)
