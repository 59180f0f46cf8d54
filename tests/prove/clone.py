"""1.1: a fresh clone with empty caches, by the README's two commands, and what they leave."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from harness import schema
from harness.cli.bench import ASKED
from harness.machine import Machine
from harness.workload import Workload
from tests.prove.claim import Claim
from tests.prove.users import users_of

ROOT = Path(__file__).parents[2]
_BENCH_S = 300.0
_TEST_S = 600.0
_SCENARIO = """
[scenario.quotes]
exchange = "broadcast"
patterns = ["sse"]
subscribers = 3
rate = "200"
payload = "512B"
warmup = "200ms"
duration = "2s"
seed = 7
"""
_FILE = "quotes.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clone:
    """A clone, and the environment in which its commands run."""

    root: Path
    env: Mapping[str, str]

    def run(self, *argv: str, **more_env: str) -> Ran:
        """Run a command in the clone to its end."""
        begun_s = time.monotonic()
        done = subprocess.run(
            argv,
            cwd=self.root,
            env={**self.env, **more_env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Ran(code=done.returncode, text=done.stdout, took_s=time.monotonic() - begun_s)

    def leftovers(self) -> list[str]:
        """Name processes of the clone, and what is left in its temporary directory."""
        found = [str(path.name) for path in Path(self.env["TMPDIR"]).glob("abec-*")]
        found += [str(path.name) for path in Path(self.env["TMPDIR"]).rglob("*redis*")]
        return found + [f"process {pid}" for pid in users_of(self.root.parent)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A command that ended."""

    code: int
    text: str
    """Its stdout and stderr, as a terminal shows them."""
    took_s: float


def prove_bench(_machine: Machine) -> Iterator[Claim]:
    """Clone, install, `make bench`; then one scenario file by both ways."""
    with fresh_clone() as clone:
        installed = clone.run("make", ".venv/.bench")
        yield Claim(
            what="fresh clone, empty caches: installation",
            figure=f"exit {installed.code}, {installed.took_s:.0f} s",
            bound="exit 0",
            ok=installed.code == 0,
        )
        if installed.code:
            return
        yield from _bench(clone)
        yield _same_workload(clone)
        yield left_nothing(clone, "make bench, abec and asv run")


def prove_test(_machine: Machine) -> Iterator[Claim]:
    """Clone, install, `make test`."""
    with fresh_clone() as clone:
        installed = clone.run("make", ".venv/.dev")
        if installed.code:
            yield Claim(what="installation", figure=_last(installed), bound="exit 0", ok=False)
            return
        tested = clone.run("make", "test")
        told = _failures(tested) or _summaries(tested)
        yield Claim(
            what="fresh clone: make test",
            figure=f"exit {tested.code}, {tested.took_s:.0f} s: {told}",
            bound=f"exit 0, ≤ {_TEST_S:.0f} s",
            ok=tested.code == 0 and tested.took_s <= _TEST_S,
        )
        yield left_nothing(clone, "make test")


@contextmanager
def fresh_clone() -> Iterator[Clone]:
    """Clone the repository into a directory of its own, with empty caches."""
    with tempfile.TemporaryDirectory(prefix="prove-") as directory:
        place = Path(directory)
        for name in ("tmp", "cache"):
            (place / name).mkdir()
        subprocess.run(("git", "clone", "--quiet", ROOT, place / "clone"), check=True)
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name not in ("MAKEFLAGS", "MAKELEVEL", "VIRTUAL_ENV", "PYTHONPATH")
        }
        yield Clone(
            root=place / "clone",
            env={
                **inherited,
                "TMPDIR": str(place / "tmp"),
                "XDG_CACHE_HOME": str(place / "cache"),
                "PIP_NO_CACHE_DIR": "1",
            },
        )


def _bench(clone: Clone) -> Iterator[Claim]:
    ran = clone.run("make", "bench")
    yield Claim(
        what="make bench after installation",
        figure=f"exit {ran.code}, {ran.took_s:.0f} s",
        bound=f"exit 0, ≤ {_BENCH_S:.0f} s",
        ok=ran.code == 0 and ran.took_s <= _BENCH_S,
    )
    wanted = ["floor", *chain.from_iterable(ASKED.values())]
    missing = [name for name in wanted if not any(_is_row(line, name) for line in _lines(ran))]
    yield Claim(
        what="rows of the table",
        figure=f"{len(wanted) - len(missing)} of {len(wanted)}"
        + (f", without {', '.join(missing)}" if missing else ""),
        bound="a row for every pattern that it asks, and the floor",
        ok=not missing,
    )
    pages = list((clone.root / "results/html").rglob("*"))
    index = clone.root / "results/html/index.html"
    yield Claim(
        what="pages",
        figure=f"{len(pages)} files" + ("" if index.is_file() else ", no index.html"),
        bound="results/html/index.html, graphs",
        ok=index.is_file() and (clone.root / "results/html/graphs").is_dir(),
    )
    pasted = [line for line in _lines(ran)[-3:] if ".venv/bin/" in line]
    yield Claim(
        what="lines to paste at the end",
        figure=str(len(pasted)),
        bound="3",
        ok=len(pasted) == 3,
    )
    status = clone.run("git", "status", "--porcelain").text.strip()
    yield Claim(what="git status", figure=status or "clean", bound="clean", ok=not status)


def _lines(ran: Ran) -> list[str]:
    return [line for line in ran.text.splitlines() if line.strip()]


def _is_row(line: str, pattern: str) -> bool:
    """Whether a line is a table's row (``!`` marks an invalid one), or says why there is none."""
    words = line.replace("!", " ").replace(":", " ").split()
    return len(words) > 2 and words[0] == pattern


def _same_workload(clone: Clone) -> Claim:
    """Let `abec run` and `asv run` read one file, and compare what they then measured."""
    (clone.root / _FILE).write_text(_SCENARIO)
    ran = clone.run(".venv/bin/abec", "run", "--scenario", _FILE, "--json")
    saved = sorted((clone.root / "results/runs").glob("*.json"))
    by_abec = _workloads(saved[-1:], "sse")
    head = clone.run("git", "rev-parse", "HEAD").text.strip()
    with _kept_series(clone) as series:
        recorded = clone.run(
            *(".venv/bin/asv", "run", "--dry-run", "--environment", "existing:same"),
            *("--set-commit-hash", head, "--bench", r"Delivery.track_p50.*quotes.*'sse'\)"),
            ABEC_SCENARIOS=_FILE,
            ABEC_RUNS="1",
        )
    by_asv = _workloads(series, "sse")
    (clone.root / _FILE).unlink()
    same = by_abec == by_asv and len(by_abec) == 1
    return Claim(
        what="one scenario file through abec run and asv run",
        figure=str(next(iter(by_abec)))
        if same
        else f"abec {by_abec or _last(ran)}; asv {by_asv or _last(recorded)}",
        bound="the same Workload",
        ok=same,
    )


@contextmanager
def _kept_series(clone: Clone) -> Iterator[list[Path]]:
    """Copy the series that asv's benchmarks save while they run, before asv removes them."""
    kept: list[Path] = []
    directory = Path(tempfile.mkdtemp(prefix="kept-", dir=clone.root.parent))
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.02):
            for path in Path(clone.env["TMPDIR"]).rglob("series-*.json"):
                copy = directory / path.name
                if not copy.exists():
                    with suppress(FileNotFoundError):
                        shutil.copyfile(path, copy)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield kept
    finally:
        over.set()
        looking.join()
        kept += sorted(directory.iterdir())


def _workloads(paths: Sequence[Path], pattern: str) -> set[Workload]:
    return {
        result.workload
        for path in paths
        for result in schema.load(path).results
        if result.pattern == pattern
    }


def left_nothing(clone: Clone, what: str) -> Claim:
    """Claim that no process and no file outlived ``what`` was done in the clone."""
    left = clone.leftovers()
    return Claim(
        what=f"left behind by {what}",
        figure=", ".join(left) or "nothing",
        bound="no process, temporary directory or Redis file",
        ok=not left,
    )


def _failures(ran: Ran) -> str:
    """Name the tests that pytest's summary says have failed."""
    return ", ".join(line.strip() for line in _lines(ran) if line.startswith(("FAILED ", "ERROR ")))


def _summaries(ran: Ran) -> str:
    """Give pytest's last lines: one for the tests that ran side by side, one for the others."""
    return " + ".join(line.strip("= \n") for line in _lines(ran) if " passed" in line) or _last(ran)


def _last(ran: Ran) -> str:
    lines = _lines(ran)
    return lines[-1].strip() if lines else "no output"
