"""``abec report``: a page of saved results, whole or not at all, without private names."""

from __future__ import annotations

import getpass
import json
import re
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.measure.connected import connected
from harness.measure.connected import save as save_connected
from harness.measure.history import save as save_history
from harness.result import Result, Series
from harness.schema import save, to_json
from harness.workload import Workload
from tests.pages.made import whole
from tests.unit.conftest import NATURE, result
from tests.unit.report.pages.recorded import write_records
from tests.unit.versions.conftest import made_history

REFUSED = {
    "no file": ((), r"FILE: name one or more result files"),
    "missing": (("none.json",), r"none\.json: no such file"),
    "no JSON": (("text.json",), r"text\.json: is no JSON"),
    "no result": (("other.json",), r"other\.json: has no schema version"),
    "nothing in it": (("empty.json",), r"empty\.json: holds no run"),
    "no histogram": (("broken.json",), r"broken\.json: holds a histogram that is none"),
    "connections per second alone": (
        ("connecting.json",),
        r"connecting\.json: connections per second of abec tls, left out\n"
        r"abec: connecting\.json: holds no messages; give the files beside it",
    ),
    "one bad of two": (("good.json", "none.json"), r"none\.json: no such file"),
    "no html": (("good.json", "-o", "page.pdf"), r"-o page\.pdf: must end in \.html"),
    "nowhere": (("good.json", "-o", "no/page.html"), r"-o no/page\.html: cannot be written \(No"),
    "two targets": (("good.json", "-o", "a.html", "--site", "b"), r"-o --site: give one of them"),
    "history alone": (("good.json", "--history", "asv"), r"--history asv: is for a site; give --s"),
    "versions alone": (("good.json", "--versions", "a"), r"--versions a: is for a site; give --si"),
    "no versions": (
        ("good.json", "--site", "html", "--versions", "good.json"),
        r"good\.json: schema 2: this reader knows 1",
    ),
    "a site on a file": (("good.json", "--site", "text.json"), r"--site text\.json: cannot be"),
}


@pytest.fixture(scope="module")
def series() -> Series:
    return whole(NATURE, runs=2)


@pytest.fixture
def files(tmp_path: Path, series: Series) -> Path:
    save(series, tmp_path / "good.json")
    save(replace(series, results=()), tmp_path / "empty.json")
    run = series.results[0]
    broken = replace(run, delivery=replace(run.delivery, histogram="AAAA"))
    save(replace(series, results=(broken,)), tmp_path / "broken.json")
    (tmp_path / "text.json").write_text("no")
    (tmp_path / "other.json").write_text('{"rows": []}')
    save_connected(connected({}, 500, "abec tls"), tmp_path / "connecting.json")
    return tmp_path


@pytest.mark.parametrize(("arguments", "message"), REFUSED.values(), ids=REFUSED)
def test_is_refused(arguments: tuple[str, ...], message: str, abec: Any, files: Path) -> None:
    before = set(files.iterdir())
    done = abec("report", *arguments)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 + message.count("\\n")
    assert re.match(rf"abec: {message}", done.stderr), done.stderr
    assert set(files.iterdir()) == before


def test_a_page_is_written(abec: Any, files: Path) -> None:
    done = abec("report", "good.json", "good.json", "-o", "page.html")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "wrote page.html: 1 section, 6 figures, 1 machine\n"
    assert "ticker" in (files / "page.html").read_text()


def test_the_name_has_a_default(abec: Any, files: Path) -> None:
    assert abec("report", "good.json").returncode == 0
    assert (files / "report.html").is_file()


def test_what_compare_prints_is_read_too(abec: Any, files: Path, series: Series) -> None:
    parts = {part: json.loads(to_json(series)) for part in ("latency", "saturation", "network")}
    (files / "compared.json").write_text(json.dumps(parts))
    done = abec("report", "compared.json")
    assert done.returncode == 0, done.stderr
    assert "3 sections" in done.stdout


def test_connections_per_second_are_left_out_of_what_stands_beside_them(
    abec: Any, files: Path, series: Series
) -> None:
    saved = abec("report", "good.json", "connecting.json")
    assert saved.returncode == 0, saved.stderr
    assert "abec: connecting.json: connections per second of abec tls, left out\n" in saved.stderr
    parts: dict[str, object] = {"connecting": connected({}, 500, ""), "latency": series}
    text = json.dumps({part: json.loads(to_json(one)) for part, one in parts.items()})
    (files / "priced.json").write_text(text)
    printed = abec("report", "priced.json")
    assert printed.returncode == 0, printed.stderr
    assert "1 section" in printed.stdout


def test_memory_by_tls_has_a_slope_of_its_own(abec: Any, files: Path) -> None:
    held = [
        _holding(size, tls, each)
        for tls, each in ((False, 10_000), (True, 50_000))
        for size in (100, 500)
    ]
    save(replace(whole({"sse": {}}, runs=1), results=tuple(held)), files / "memory.json")

    done = abec("report", "memory.json")

    assert done.returncode == 0, done.stderr
    assert "2 sections, 2 figures" in done.stdout
    page = (files / "report.html").read_text()
    assert "memory per connection, by TLS" in page
    assert [text for text in ("9.77 KiB", "48.8 KiB") if text in page] == ["9.77 KiB", "48.8 KiB"]


def _holding(size: int, tls: bool, each: int) -> Result:
    run = result("sse", workload=Workload(subscribers=size, rate=5.0, tls=tls))
    return replace(run, server=replace(run.server, pss=run.server.pss_before + each * size))


def test_a_site_has_its_pages_beside_asvs(abec: Any, files: Path) -> None:
    site = files / "html"
    site.mkdir()
    (site / "index.html").write_text('        <li id="nav-li-graphdisplay">')
    done = abec("report", "good.json", "--site", "html")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("wrote html/patterns.html, html/method.html: ")
    assert 'href="patterns.html"' in (site / "index.html").read_text()
    assert 'href="index.html"' in (site / "method.html").read_text()


def test_a_history_is_a_page_of_a_site(abec: Any, files: Path) -> None:
    records = files / "asv"
    records.mkdir()
    write_records(records)
    done = abec("report", "good.json", "--site", "html", "--history", "asv")
    assert done.returncode == 0, done.stderr
    assert "html/regressions.html" in done.stdout
    assert "Steps: 1 for the worse" in (files / "html/regressions.html").read_text()


def test_releases_are_a_page_of_a_site(abec: Any, files: Path) -> None:
    save_history(made_history("15.0.1", "16.0"), files / "releases.json")
    done = abec("report", "good.json", "--site", "html", "--versions", "releases.json")
    assert done.returncode == 0, done.stderr
    assert "html/versions.html" in done.stdout
    page = (files / "html/versions.html").read_text()
    assert "websockets, server: p50" in page
    assert '<a href="versions.html">Versions</a>' in (files / "html/patterns.html").read_text()


def test_nothing_private_is_published(
    abec: Any, files: Path, series: Series, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "build-7.example.org")
    monkeypatch.setattr(getpass, "getuser", lambda: "jdoe")
    told = replace(
        series,
        command="abec run --scenario /home/jdoe/load/own.toml --redis redis://:pw@10.0.0.7:6379",
        refused={"rest": "failed on build-7:\nFile '/home/jdoe/x.py'"},
        results=tuple(
            replace(
                run, context=replace(run.context, redis="Redis 8 (redis://cache.example.org:6379)")
            )
            for run in series.results
        ),
    )
    save(told, files / "private.json")
    assert abec("report", "private.json", "--site", "html").returncode == 0
    for page in (files / "html").iterdir():
        text = page.read_text()
        for name in ("jdoe", "build-7", "/home", "10.0.0.7", "cache.example.org", ":pw", "load/"):
            assert name not in text, f"{name} in {page.name}"
        assert str(files) not in text
        assert "own.toml" in text


def test_the_machine_can_be_named(abec: Any, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABEC_MACHINE", "build farm")
    assert abec("report", "good.json").returncode == 0
    assert "<dd>build farm</dd>" in (files / "report.html").read_text()
