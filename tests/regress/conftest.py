"""A small project in git, which asv can build without a network; and sides that are here."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.process.scratch import private_directory
from harness.regress.sides import Built, Commit, Side, Wanted

CONF = {
    "version": 1,
    "project": "abec-bench",
    "repo": ".",
    "dvcs": "git",
    "branches": ["HEAD"],
    "benchmark_dir": "benchmarks",
    "env_dir": ".asv/env",
    "results_dir": "results/asv",
    "environment_type": "virtualenv",
    "build_command": [
        "python -m pip wheel --no-deps --no-build-isolation -w {build_cache_dir} {build_dir}"
    ],
    "install_command": [
        "in-dir={env_dir} python -m pip install --no-deps --force-reinstall {wheel_file}"
    ],
    "matrix": {},
}
PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "abec-bench"
version = "1"

[project.scripts]
abec = "abec_stub:main"

[tool.setuptools]
py-modules = ["abec_stub"]
"""

LIBRARY = "websockets"
"""What is lent to environments leaves this out, so that its versions can differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A git repository with a command ``abec`` that only says which commit it is of."""

    path: Path

    def commit(self, says: str, **files: str) -> str:
        """Commit an ``abec`` that prints ``says``; ``files`` replace others by their stem."""
        stub = f"def main():\n    print({says!r})\n"
        for name, text in {"abec_stub.py": stub, "pyproject.toml": PROJECT, **files}.items():
            (self.path / name).write_text(textwrap.dedent(text))
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", says)
        return self.git("rev-parse", "HEAD")

    def git(self, *arguments: str) -> str:
        """Run git in it."""
        options = ("-c", "user.name=test", "-c", "user.email=test@example.org")
        done = subprocess.run(
            ("git", *options, *arguments), cwd=self.path, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Make the current directory such a project.

    Its environments find pip's and asv's requirements in this one, so that nothing is loaded.
    """
    path = tmp_path / "project"
    path.mkdir()
    (path / "asv.conf.json").write_text(json.dumps(CONF))
    (path / ".gitignore").write_text(".asv/\nresults/\n")
    monkeypatch.chdir(path)
    monkeypatch.setenv("ASV_PYTHONPATH", str(_lent(tmp_path / "lent")))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    made = Project(path=path)
    made.git("init", "--quiet")
    return made


def _lent(directory: Path) -> Path:
    """Link all that is installed here, apart from the suite itself."""
    directory.mkdir()
    (site,) = {path for path in sys.path if path.endswith("site-packages")}
    for path in Path(site).iterdir():
        if not path.name.startswith(("abec", "__editable__", LIBRARY)) and path.suffix != ".pth":
            (directory / path.name).symlink_to(path)
    # asv asks for it, and nothing here uses it.
    wheel = directory / "wheel-1.dist-info"
    wheel.mkdir()
    (wheel / "METADATA").write_text("Metadata-Version: 2.1\nName: wheel\nVersion: 1\n")
    return directory


@pytest.fixture
def scratch() -> Iterator[Path]:
    with private_directory() as directory:
        yield Path(directory)


@pytest.fixture
def here() -> Callable[..., Built]:
    """Give a side that is the environment of these tests."""

    def make(side: Side = Side.HEAD, directory: Path = Path(sys.prefix)) -> Built:
        return Built(
            side=side,
            wanted=Wanted(commit=Commit(asked="v1", sha="1a2b3c4d")),
            directory=directory,
        )

    return make
