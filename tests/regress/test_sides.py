"""Environments that asv builds: one a side, kept, and what a failure says."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from harness.errors import BadInput, NotMeasured
from harness.regress.library import read_version
from harness.regress.sides import Built, Side, Wanted, build, resolve
from tests.regress.conftest import CONF, LIBRARY, Project


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
def test_sides_differ_in_the_version_of_a_library(
    project: Project, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.commit("one")
    checkout = library(tmp_path / LIBRARY)
    commit = resolve(Side.HEAD, "HEAD")
    wanted = {
        side: Wanted(commit=commit, version=read_version(f"--{side}", LIBRARY, text))
        for side, text in ((Side.BASE, f"{checkout}@HEAD~1"), (Side.HEAD, str(checkout)))
    }
    base, head = build(wanted, scratch)
    assert (version_in(base), version_in(head)) == ("1", "3")
    assert says(base) == says(head) == "one"
    # The directory as it is on disk is taken again each time.
    (checkout / "backend.py").write_text(BACKEND.format(version=4))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (_, again) = build(wanted, scratch)
    assert version_in(again) == "4"
    # What a version requires is not installed on its side alone.
    requires = (r"Version: 5\n", r"Version: 5\nRequires-Dist: no-such-thing\n")
    (checkout / "backend.py").write_text(BACKEND.format(version=5).replace(*requires))
    with pytest.raises(NotMeasured) as lacking:
        build(wanted, scratch)
    (told,) = str(lacking.value).splitlines()
    assert "websockets 5 requires no-such-thing, which is not installed; the sides are to" in told
    none = {
        **wanted,
        Side.BASE: Wanted(commit=commit, version=read_version("--base", LIBRARY, "99")),
    }
    # An index that does not answer says nothing of a version; one that knows others does.
    with pytest.raises(NotMeasured, match=r"^base websockets 99 does not build"):
        build(none, scratch)
    index = tmp_path / "index"
    index.mkdir()
    (index / f"{LIBRARY}-1-py3-none-any.whl").touch()
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    with pytest.raises(BadInput, match=r"^--base 99: websockets has no such version for this"):
        build(none, scratch)


CHECKED = """abec-bench 0.1.0 has requirement websockets>=15, but you have websockets 14.0.
sse-starlette 3.7.0 has requirement starlette>=2, but you have starlette 1.10.0.
sse_starlette 3.7.0 requires anyio, which is not installed.
"""


@pytest.mark.parametrize(
    ("library", "line"),
    [
        ("websockets", ""),
        (
            "sse-starlette",
            "sse-starlette 3.7.0 has requirement starlette>=2, but you have starlette",
        ),
        (
            "SSE_starlette",
            "sse-starlette 3.7.0 has requirement starlette>=2, but you have starlette",
        ),
    ],
)
def test_only_what_the_library_itself_requires_has_to_be_there(library: str, line: str) -> None:
    from harness.regress.build import unmet

    assert unmet(CHECKED, library).removesuffix(" 1.10.0") == line
    assert unmet("No broken requirements found.\n", library) == ""


LIBRARY_PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
BACKEND = """
import zipfile


def build_wheel(directory, config_settings=None, metadata_directory=None):
    name, info = "websockets-{version}-py3-none-any.whl", "websockets-{version}.dist-info"
    files = {{
        "METADATA": "Metadata-Version: 2.1\\nName: websockets\\nVersion: {version}\\n",
        "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        "RECORD": "",
    }}
    with zipfile.ZipFile(f"{{directory}}/{{name}}", "w") as wheel:
        for file, text in files.items():
            wheel.writestr(f"{{info}}/{{file}}", text)
    return name
"""


def library(path: Path) -> Path:
    """Make a checkout of a library that builds itself: versions 1 and 2 in git, 3 on disk."""
    path.mkdir()
    (path / "pyproject.toml").write_text(LIBRARY_PROJECT)
    options = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    subprocess.run(("git", "init", "--quiet"), cwd=path, check=True)
    for version in (1, 2):
        (path / "backend.py").write_text(BACKEND.format(version=version))
        subprocess.run(("git", *options, "add", "--all"), cwd=path, check=True)
        command = ("commit", "--quiet", "--message", f"{version}")
        subprocess.run(("git", *options, *command), cwd=path, check=True)
    (path / "backend.py").write_text(BACKEND.format(version=3))
    return path


def version_in(built: Built) -> str:
    command = "from importlib.metadata import version; print(version('websockets'))"
    python = str(built.directory / "bin/python")
    done = subprocess.run((python, "-c", command), capture_output=True, text=True, check=True)
    return done.stdout.strip()


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
