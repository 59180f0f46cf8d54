"""The committed baseline: small, readable, without names; and how one is packed."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.baseline import groups, pack
from harness import schema
from harness.errors import BadInput
from harness.histogram import Histogram
from harness.report.pages.private import own_names
from tests.asv.conftest import HOST, ROOT, Checkout
from tests.unit.conftest import series

BASELINE = ROOT / "results/baseline"
MOST_BYTES = 5_000_000
HISTOGRAM = re.compile(r'"histogram": ?"[^"]*"')
FOLDER = re.compile(r"(?<![\w.])/(?:home|root|tmp|usr|opt|srv|Users|var)/|_(?:home|root|tmp)_")


def text_of(path: Path) -> str:
    """Give the text of a file, without histograms: base64 may hold anything."""
    stored = path.read_bytes()
    if path.suffix == ".npz":
        with np.load(path) as stamps:
            return stamps["facts"].tobytes().decode()
    plain = gzip.decompress(stored) if path.suffix == ".gz" else stored
    return HISTOGRAM.sub("", plain.decode())


def private(paths: Sequence[Path], names: Sequence[str]) -> Iterator[str]:
    """Name what should not be in these files, nor in their names."""
    searched = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in names) or "$^")
    for path in paths:
        for pattern in (searched, FOLDER):
            for text in (path.name, text_of(path)):
                yield from (f"{path.name}: {found[0]}" for found in pattern.finditer(text))


@pytest.fixture(scope="module")
def kept() -> list[Path]:
    return [path for path in BASELINE.rglob("*") if path.is_file()]


def test_it_is_small_and_there(kept: list[Path]) -> None:
    assert {path.parent.name for path in kept} >= {"runs", "baseline"}
    assert len(list((BASELINE / "asv").glob("*/*.json"))) >= 2
    assert sum(path.stat().st_size for path in kept) < MOST_BYTES


def test_every_run_of_it_is_readable_and_of_a_commit() -> None:
    paths = sorted((BASELINE / "runs").glob("*"))
    read = [schema.load(path) for path in paths]
    assert read
    commits = {run.context.machine.commit for one in read for run in one.results}
    assert len(commits) == 1
    assert not any(run.context.machine.dirty for one in read for run in one.results)
    recorded = [path.name[:8] for path in (BASELINE / "asv").glob("*/*-existing.json")]
    assert recorded == [commits.pop()[:8]]


def test_it_names_nobody(kept: list[Path]) -> None:
    assert list(private(kept, sorted(own_names()))) == []


@pytest.mark.slow
def test_its_pages_build(tmp_path: Path) -> None:
    site = tmp_path / "site"
    runs = sorted((BASELINE / "runs").glob("*"))
    command = (sys.executable, "-m", "harness", "report", *map(str, runs), "--site", str(site))
    retold = ("--retold", str(BASELINE / "retold/run.json"))
    histories = sorted((BASELINE / "versions").glob("*.json"))
    versions = [word for path in histories for word in ("--versions", str(path))]
    done = subprocess.run(
        (*command, "--history", str(BASELINE / "asv"), *retold, *versions),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {path.name for path in site.glob("*.html")} >= {
        "patterns.html",
        "regressions.html",
        "retold.html",
        "versions.html",
        "method.html",
    }
    patterns = (site / "patterns.html").read_text()
    assert len(re.findall(r'<figure id="[^"]+-memory"', patterns)) >= 2
    dated = (site / "versions.html").read_text()
    assert len(re.findall(r"measured \d{4}-\d\d-\d\d", dated)) == len(histories) == 2
    assert re.search(r"last on \d{4}-\d\d-\d\d", (site / "regressions.html").read_text())
    assert re.search(r"Of [\d,]+ valid runs, p50 rises", (site / "method.html").read_text())


def test_what_is_asked_is_grouped_by_workload(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ABEC_SCENARIOS", raising=False)
    asked = groups()
    assert asked
    workloads = [cell.workload for cells in asked.values() for cell in cells[:1]]
    assert len(set(workloads)) == len(workloads)
    for name, cells in asked.items():
        assert re.fullmatch(r"[\w.-]+", name)
        assert {cell.workload for cell in cells} == {cells[0].workload}
        assert len(set(cells)) == len(cells)


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    """Save a series that names what it should not."""
    made = series({"sse": {}}, runs=5)
    first, seen = made.results[0], Histogram.of(np.array([400_000])).encode()
    run = replace(
        first,
        remarks=("no /home/jo/bench/own.toml on db.example.org:6379",),
        service=replace(first.service, histogram=seen),
        receiver_lag=replace(first.receiver_lag, histogram=seen),
    )
    typed = "abec run --redis redis://jo:secret@db/1"
    schema.save(
        replace(made, command=typed, results=(run, *made.results[1:])),
        tmp_path / "measured/ticker.json",
    )
    return tmp_path / "measured"


def test_packing_keeps_figures_and_no_names(measured: Path, tmp_path: Path) -> None:
    pack(measured, tmp_path / "kept")
    (path,) = (tmp_path / "kept/runs").iterdir()
    before, after = schema.load(measured / "ticker.json"), schema.load(path)
    assert list(private([path], ["jo", "secret", "db.example.org"])) == []
    assert after.results[0].remarks == ("no …/own.toml on …",)
    assert after.results[1:] == before.results[1:]
    assert after.results[0].service == before.results[0].service
    lag = before.results[0].receiver_lag
    assert after.results[0].receiver_lag == replace(lag, histogram="")
    once = path.read_bytes()
    pack(measured, tmp_path / "kept")
    assert path.read_bytes() == once


def test_nothing_measured_is_nothing_packed(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no series; make baseline"):
        pack(tmp_path, tmp_path / "kept")


@pytest.mark.slow
def test_asv_publishes_what_was_packed(fed: Checkout, saved: str) -> None:
    place, source = fed.path / "results/baseline", fed.path / "results/runs/baseline"
    source.mkdir(exist_ok=True)
    for path in saved.split(os.pathsep):
        shutil.copy(fed.path / path, source)
    shutil.rmtree(place / "asv", ignore_errors=True)
    shutil.copytree(fed.path / "results/asv", place / "asv")
    subprocess.run(
        (sys.executable, "-m", "benchmarks.baseline", "pack"),
        cwd=fed.path,
        env=fed.env,
        check=True,
        timeout=60,
    )
    try:
        records = [path for path in (place / "asv").rglob("*") if path.is_file()]
        assert list(private(records, [HOST])) == []
        config = ("--config", "asv.baseline.conf.json")
        fed.asv("publish", "--no-pull", *config)
        index: dict[str, Any] = json.loads((fed.path / "results/html/index.json").read_text())
        assert index["params"]["python"] == ["python"]
        graphs = (fed.path / "results/html/graphs").rglob("delivery.Delivery.track_p50.json")
        assert len(list(graphs)) >= 2
    finally:
        fed.git("checkout", "--", "results/baseline")
        fed.git("clean", "-fdq", "--", "results/baseline")
