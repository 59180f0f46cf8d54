"""Environments that asv builds: one a side, kept, and what a failure says."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from harness.errors import BadInput, NotMeasured
from harness.regress.sides import Built, Side, Wanted, build, resolve
from tests.regress.conftest import CONF, Project


def says(built: Built) -> str:
    done = subprocess.run((str(built.abec),), capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.slow
def test_each_side_has_its_commit_in_an_environment_of_its_own(
    project: Project, scratch: Path
) -> None:
    project.commit("one")
    project.git("tag", "v1")
    project.commit("two")
    commits = {
        Side.BASE: Wanted(commit=resolve(Side.BASE, "v1")),
        Side.HEAD: Wanted(commit=resolve(Side.HEAD, "HEAD")),
    }
    base, head = build(commits, scratch)
    assert (says(base), says(head)) == ("one", "two")
    assert len(str(base.directory)) == len(str(head.directory))
    assert base.wanted.label == f"v1 ({base.wanted.commit.sha[:8]})"
    assert not list(scratch.glob("pip-*"))
    # A commit that does not build leaves the other side as it is, and is told with its log.
    project.commit("three", **{"pyproject.toml": "[project]\nname = 3\n"})
    broken = {**commits, Side.BASE: Wanted(commit=resolve(Side.BASE, "HEAD"))}
    with pytest.raises(NotMeasured) as refused:
        build(broken, scratch)
    told = str(refused.value).splitlines()
    assert told[0].startswith("base HEAD (")
    assert "does not build (all of its log: results/logs/build-base-" in told[0]
    assert any("invalid pyproject.toml" in line for line in told[1:]), told
    assert says(head) == "two"


def test_an_unknown_commit_is_refused(project: Project) -> None:
    project.commit("one")
    with pytest.raises(BadInput, match=r"--base v9: no such commit, tag or branch here"):
        resolve(Side.BASE, "v9")


def test_a_directory_without_the_suite_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=r"asv\.conf\.json: .*in a checkout of the suite"):
        resolve(Side.HEAD, "HEAD")


@pytest.mark.slow
def test_a_matrix_of_several_environments_is_refused(project: Project, scratch: Path) -> None:
    matrix = {"req": {"uvicorn": ["0.53.1", "0.54.0"]}}
    (project.path / "asv.conf.json").write_text(json.dumps({**CONF, "matrix": matrix}))
    project.commit("one")
    commits = {side: Wanted(commit=resolve(side, "HEAD")) for side in Side}
    with pytest.raises(NotMeasured, match="describes 2 environments; a gate compares commits"):
        build(commits, scratch)


def test_a_label_names_a_commit_once(project: Project) -> None:
    sha = project.commit("one")
    assert resolve(Side.BASE, sha[:10]).label == sha[:8]
    assert resolve(Side.BASE, sha).label == sha[:8]
