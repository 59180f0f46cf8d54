"""``abec retell``: a page of one run with stops, and what cannot be retold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import schema, stamps_file
from harness.measure.resources import CoreTime, HostSnapshot
from harness.observe import Observation
from harness.registry import load
from harness.result import Series
from harness.run import conclude
from tests.unit.conftest import MACHINE
from tests.unit.seen import SECOND, WORKLOAD, observation


def keep(seen: Observation, path: Path, runs: int = 1) -> None:
    """Save a series with the stamps of its runs."""
    result = conclude(load("sse"), WORKLOAD, MACHINE, "core 0 server", seen)
    stamps = stamps_file.keep(seen, path, stamps_file.beside(path, 0, "sse"))
    results = (replace(result, stamps=stamps),) * runs
    schema.save(Series(command="abec retell", order_seed=1, runs=runs, results=results), path)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    keep(observation(), tmp_path / "run.json")
    keep(observation(lost=2), tmp_path / "lost.json")
    keep(observation(stalls=()), tmp_path / "plain.json")
    keep(observation(), tmp_path / "two.json", runs=2)
    keep(observation(), tmp_path / "gone.json")
    (tmp_path / "gone.stamps" / "000-sse.npz").unlink()
    keep(observation(), tmp_path / "changed.json")
    (tmp_path / "changed.stamps" / "000-sse.npz").write_text("stamps")
    return tmp_path


def test_a_page_of_a_run_is_written(abec: Any, files: Path) -> None:
    done = abec("retell", "run.json", "-o", "page.html")
    assert (done.returncode, done.stderr) == (0, "")
    first, *rows, last = done.stdout.splitlines()
    assert first == "wrote page.html: one run, told in 6 ways"
    assert [row[2:22].strip() for row in rows[1:]] == [
        "the truth",
        "a closed loop",
        "a millisecond clock",
        "best of five",
        "a merged histogram",
        "wrk2",
    ]
    assert rows[0].split() == ["p50", "p90", "p99", "p99.9", "max"]
    assert last == "the run: run.json"
    assert "the servers were stopped on purpose: 1 times" in (files / "page.html").read_text()


def test_a_run_that_is_invalid_says_why(abec: Any, files: Path) -> None:
    busy = HostSnapshot(
        at_ns=SECOND,
        cores={core: CoreTime(busy=0.9, steal=0.0) for core in (0, 1)},
        processes=observation().host[1].processes,
        network=observation().host[1].network,
    )
    keep(observation(host=(observation().host[0], busy)), files / "busy.json")
    done = abec("retell", "busy.json")
    assert done.returncode == 3
    last = done.stdout.splitlines()[-1]
    assert last.startswith("! the run is invalid, machine: other programs used ")
    assert "! invalid, machine: other programs used" in (files / "retold.html").read_text()


def test_it_is_a_page_of_a_site(abec: Any, files: Path) -> None:
    done = abec("report", "run.json", "--site", "html", "--retold", "run.json")
    assert done.returncode == 0, done.stderr
    assert "html/retold.html" in done.stdout
    assert '<a href="retold.html">Retold</a>' in (files / "html" / "patterns.html").read_text()
    assert str(files) not in (files / "html" / "retold.html").read_text()


REFUSED = {
    "no html": (
        ("run.json", "-o", "page.pdf"),
        r"-o page.pdf: must end in .html; for example page",
    ),
    "nowhere": (("run.json", "-o", "run.json/x.html"), r"-o run.json/x.html: cannot be written (F"),
    "saved": (("run.json", "--save", "x.json"), r"--save x.json: is for a run that is made"),
    "no file": (("none.json",), r"none.json: no such file"),
    "several runs": (("two.json",), r"two.json: is not one run with its stamps; abec retell"),
    "no stop": (("plain.json",), r"plain.json: no server was stopped in it; abec retell makes"),
    "losses": (("lost.json",), r"lost.json: cannot be retold: some of its messages never came"),
    "stamps gone": (("gone.json",), r"gone.stamps/000-sse.npz: cannot be read (No such file"),
    "other stamps": (("changed.json",), r"changed.stamps/000-sse.npz: is not the file that was"),
}


@pytest.mark.parametrize(("arguments", "message"), REFUSED.values(), ids=REFUSED)
def test_is_refused(arguments: tuple[str, ...], message: str, abec: Any, files: Path) -> None:
    before = set(files.iterdir())
    done = abec("retell", *arguments)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith(f"abec: {message}")
    assert len(done.stderr.splitlines()) == 1
    assert set(files.iterdir()) == before


def test_a_retold_run_is_for_a_site(abec: Any, files: Path) -> None:
    done = abec("report", "run.json", "--retold", "run.json")
    assert done.returncode == 2
    assert done.stderr.startswith("abec: --retold run.json: is for a site; abec retell makes")
