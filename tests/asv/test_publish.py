"""What `make bench` records for asv, and `make publish` makes of it: without private names."""

from __future__ import annotations

import getpass
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from asv.graph import Graph

from harness.report.pages.private import own_names
from tests.asv.conftest import HOST, Checkout

_SCRIPT = re.compile(r"<script>.*?</script>", re.DOTALL)
"""The vendored library, whose names are nobody's."""


@pytest.fixture(scope="module")
def plain(fed: Checkout) -> Path:
    """Publish by asv alone; give a copy of its pages."""
    fed.asv("publish", "--no-pull")
    copy = fed.path / "results/plain"
    shutil.copytree(fed.path / "results/html", copy)
    return copy


@pytest.fixture(scope="module")
def site(plain: Path, fed: Checkout, saved: str) -> Path:
    """Go on as the Makefile does."""
    done = subprocess.run(
        (
            *(sys.executable, "-m", "harness", "report", *saved.split(os.pathsep)),
            *("--site", "results/html", "--history", "results/asv"),
        ),
        cwd=fed.path,
        env=fed.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return fed.path / "results/html"


@pytest.mark.slow
def test_saved_series_feed_asv(fed: Checkout) -> None:
    stored = fed.results()
    assert stored["delivery.Delivery.track_p50"]["ticker", "sse"] == pytest.approx(4e-4, rel=0.05)
    assert stored["delivery.Delivery.track_p99"]["ticker", "floor@no-loop"] < 1
    assert stored["work_queue.QueueDelivery.track_p99"]["jobs", "redis_queue"] > 0
    assert stored["request_reply.RequestReply.track_p99"]["rpc", "rest"] > 0
    costs = "cost_per_message.CostOf"
    assert stored[f"{costs}Broadcast.track_server_cpu"]["ticker", "floor"] > 0
    assert stored[f"{costs}Broadcast.track_tcp_payload"]["ticker", "sse"] == 265.5
    assert stored[f"{costs}WorkQueue.track_context_switches"]["jobs", "redis_queue"] == 0.5
    assert stored[f"{costs}RequestReply.track_lost"]["rpc", "websocket"] == 0
    lacking = stored["delivery.Delivery.track_p50"]["ticker", "long_polling"]
    assert lacking != lacking
    assert fed.git("status", "--porcelain") == ""


@pytest.mark.slow
def test_our_pages_are_linked_from_asvs(site: Path) -> None:
    assert '<a href="patterns.html">' in (site / "index.html").read_text()
    for page in ("patterns.html", "method.html", "regressions.html"):
        assert 'href="index.html"' in (site / page).read_text()
    assert "there are results of 1." in (site / "regressions.html").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("by", ["plain", "site"])
def test_nothing_private_is_published(
    by: str, fed: Checkout, request: pytest.FixtureRequest
) -> None:
    site: Path = request.getfixturevalue(by)
    names = {HOST, *own_names(), platform.node(), getpass.getuser()} - {"root"}
    paths = {str(fed.path), sys.prefix, fed.env["HOME"]}
    folders = {path.replace("/", "_") for path in paths}
    for path in site.rglob("*"):
        assert not any(folder in path.name for folder in folders), path
        assert not any(path.name == f"machine-{name}" for name in names), path
        if path.suffix not in {".json", ".xml", ".html"}:
            continue
        text = _SCRIPT.sub("", path.read_text(encoding="utf-8"))
        for name in names:
            assert not re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", text), path
        for private in (*paths, *folders, "/home/", "/root/"):
            assert private not in text, f"{private} in {path}"


@pytest.mark.slow
def test_asv_records_under_no_host_name(fed: Checkout) -> None:
    records = list((fed.path / "results/asv").rglob("*"))
    assert len(records) > 3
    for path in records:
        assert HOST not in path.name
        assert path.is_dir() or HOST not in path.read_text(encoding="utf-8"), path
    (machine,) = (path.parent.name for path in records if path.name == "machine.json")
    assert machine.endswith("-cores")
    assert f"[{machine}/" in fed.asv("show", "HEAD", "--bench", "Delivery.track_p50")
    # Where asv looks a machine up it knows it by its host: nobody publishes that file.
    assert HOST in (Path(fed.env["HOME"]) / ".asv-machine.json").read_text()


@pytest.mark.slow
def test_asvs_pages_still_find_their_graphs(site: Path) -> None:
    index = json.loads((site / "index.json").read_text())
    (params,) = index["graph_param_list"]
    assert params["python"] == "python"
    assert list(index["machines"]) == [params["machine"]]
    graph = Graph.get_file_path(params, "delivery.Delivery.track_p50")
    assert (site / f"{graph}.json").is_file()
