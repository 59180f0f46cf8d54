"""asv as its user has it: in a checkout of its own, with a home directory of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from harness.result import Result
from harness.scenario import BUILT_IN
from harness.schema import save
from tests.unit.conftest import series

ROOT = Path(__file__).parents[2]
HOST = "build-host-7"
"""What the host is called, as far as asv can see: a name that can be searched for."""
_NAMED = """
import platform, socket
known = platform.uname()._replace(node={host!r})
platform.uname = lambda: known
platform.node = socket.gethostname = lambda: {host!r}
"""
MEASURED = {
    "ticker": ("floor", "floor@no-loop", "redis_pubsub", "sse", "websocket"),
    "jobs": ("floor", "redis_queue"),
    "rpc": ("floor", "rest", "websocket"),
}
"""What the made-up series hold, by scenario."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A git checkout of the working tree as it is now, and asv in it."""

    path: Path
    env: Mapping[str, str] = field(default_factory=dict)

    def asv(self, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        """Run asv to its end, which is to be a good one; give what it printed."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.path,
            env={**self.env, **(env or {})},
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def command(self, *arguments: str) -> list[str]:
        """Give the command line of asv."""
        return [sys.executable, "-m", "asv", *arguments]

    def run(self, bench: str, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        """Run benchmarks in this environment, for the commit that is checked out."""
        return self.asv(
            *("run", "--environment", "existing:same", "--set-commit-hash", self.git("rev-parse")),
            *("--show-stderr", "--bench", bench, *arguments),
            env=env,
        )

    def git(self, command: str, *arguments: str) -> str:
        """Run git; ``rev-parse`` is of HEAD."""
        options = ("-c", "user.name=test", "-c", "user.email=test@example.org")
        arguments = arguments or (("HEAD",) if command == "rev-parse" else ())
        done = subprocess.run(
            ["git", *options, command, *arguments],
            cwd=self.path,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def results(self) -> dict[str, dict[tuple[str, ...], Any]]:
        """Give what asv has stored for HEAD: by benchmark and parameters, value or None."""
        stored: dict[str, dict[tuple[str, ...], Any]] = {}
        commit = self.git("rev-parse")[:8]
        for path in (self.path / "results/asv").glob(f"*/{commit}-*.json"):
            document = json.loads(path.read_text())
            for name, row in document["results"].items():
                columns = dict(zip(document["result_columns"], row, strict=False))
                stored[name] = dict(
                    zip(_product(columns["params"]), columns["result"], strict=True)
                )
        return stored


def _product(params: list[list[str]]) -> list[tuple[str, ...]]:
    combinations: list[tuple[str, ...]] = [()]
    for axis in params:
        combinations = [(*one, value.strip("'")) for one in combinations for value in axis]
    return combinations


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Commit the working tree, as it is now, to a repository of its own."""
    path = tmp_path_factory.mktemp("checkout")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, path / name)
    home = tmp_path_factory.mktemp("home")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ABEC_")}
    (home / "sitecustomize.py").write_text(_NAMED.format(host=HOST))
    made = Checkout(path=path, env={**kept, "HOME": str(home), "PYTHONPATH": str(home)})
    made.git("init", "--quiet")
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", "As it is now")
    made.asv("machine", "--yes")
    return made


@pytest.fixture(scope="session")
def saved(checkout: Checkout) -> str:
    """Save made-up series as `make bench` measures them; give the value of ``ABEC_SERIES``."""
    paths = []
    for name, patterns in MEASURED.items():
        workload = replace(BUILT_IN[name].workload, warmup=0.3, duration=2.5)
        path = Path("results/runs") / f"{name}.json"
        made = series({pattern: {} for pattern in patterns}, runs=7, workload=workload)
        save(replace(made, results=tuple(map(_lossy, made.results))), checkout.path / path)
        paths.append(str(path))
    return os.pathsep.join(paths)


def _lossy(run: Result) -> Result:
    """Have the floor without a loop lose most of its messages, twice."""
    if run.pattern != "floor@no-loop" or run.block_index >= 2:
        return run
    return replace(run, delivery=replace(run.delivery, p50=None, p90=None, p99=None))


@pytest.fixture(scope="session")
def fed(checkout: Checkout, saved: str) -> Checkout:
    """Have asv read the made-up series, as `make bench` does."""
    checkout.run("'(ticker|jobs|rpc)'", "--launch-method", "forkserver", env={"ABEC_SERIES": saved})
    return checkout


@pytest.fixture
def in_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give what sets the environment of a benchmark that runs in a directory of its own."""
    monkeypatch.chdir(tmp_path)
    for name in ("ABEC_SERIES", "ABEC_RUNS", "ABEC_PROFILE", "ABEC_SCENARIOS"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch.setenv
