"""asv's pages lose the names of hosts and the paths of interpreters, and stay whole."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from harness.errors import BadInput
from harness.report.pages.asv_site import anonymise

PYTHON = "/home/jo/bench/.venv/bin/python"
FOLDER = "graphs/machine-build-7/python-_home_jo_bench_.venv_bin_python"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Write what `asv publish` 0.6.6 does, as far as names are in it."""
    facts = {"cpu": "Example CPU", "num_cpu": "2", "machine": "build-7"}
    index: dict[str, Any] = {
        "params": {"machine": ["build-7"], "python": [PYTHON], "uvloop": ["0.23.0", None]},
        "graph_param_list": [{"machine": "build-7", "python": PYTHON}],
        "machines": {"build-7": facts},
        "benchmarks": {"delivery": {"params": [["'build-7'"]]}},
    }
    documents = {
        "index.json": index,
        "regressions.json": {"regressions": [["delivery", f"{FOLDER}/delivery.json", {}]]},
        "reasons.json": {"delivery": [{"machine": "build-7", "reason": "jo: no /home/jo/x.toml"}]},
    }
    for name, document in documents.items():
        (tmp_path / name).write_text(json.dumps(document))
    (tmp_path / "regressions.xml").write_text('<a href="index.html#d?machine=build-7">')
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "delivery.json").write_text("[[1, 0.0004]]")
    return tmp_path


def documents(site: Path) -> str:
    return "".join(path.read_text() for path in site.glob("*.*"))


def test_hosts_and_paths_are_renamed_everywhere(site: Path) -> None:
    anonymise(site, "", lambda text: text.replace("jo", "…"))

    index = json.loads((site / "index.json").read_text())
    name = "Example CPU, 2 cores"
    assert index["params"]["machine"] == [name]
    assert index["graph_param_list"] == [{"machine": name, "python": "python"}]
    assert index["machines"][name]["machine"] == name
    graph = f"graphs/machine-{name}/python-python/delivery.json"
    assert (site / graph).read_text() == "[[1, 0.0004]]"
    regressions = json.loads((site / "regressions.json").read_text())
    assert regressions["regressions"][0][1] == graph
    assert "machine=Example+CPU%2C+2+cores" in (site / "regressions.xml").read_text()
    assert "jo" not in documents(site)
    assert documents(site).count("build-7") == 1  # a benchmark's own parameter is no machine
    assert not [path for path in site.rglob("*") if "build-7" in path.name or "jo" in path.name]


def test_it_can_be_done_again(site: Path) -> None:
    anonymise(site, "build farm", lambda text: text)
    before = documents(site)

    anonymise(site, "build farm", lambda text: text)

    assert documents(site) == before
    assert "build farm" in before


def test_two_machines_of_a_kind_keep_apart(site: Path) -> None:
    index = json.loads((site / "index.json").read_text())
    index["machines"]["build-8"] = {**index["machines"]["build-7"], "machine": "build-8"}
    index["params"]["machine"].append("build-8")
    index["params"]["python"].append("/opt/python")
    (site / "index.json").write_text(json.dumps(index))

    anonymise(site, "build farm", lambda text: text)

    renamed = json.loads((site / "index.json").read_text())
    assert renamed["params"]["machine"] == ["Example CPU, 2 cores", "Example CPU, 2 cores 2"]
    assert renamed["params"]["python"] == ["python", "python 2"]


def test_a_machine_whose_name_begins_anothers_keeps_apart_in_the_feed(site: Path) -> None:
    index = json.loads((site / "index.json").read_text())
    names = ("vm", "vm2", "vm.corp.example", "vm-b")
    index["machines"] = {
        name: {"cpu": f"CPU {number}", "num_cpu": "2"} for number, name in enumerate(names)
    }
    (site / "index.json").write_text(json.dumps(index))
    links = [f'<a href="index.html#d?p-machine=vm&amp;machine={name}&amp;a=b"/>' for name in names]
    (site / "regressions.xml").write_text("".join((*links, '<a href="?machine=vm">')))

    anonymise(site, "", lambda text: text)

    feed = (site / "regressions.xml").read_text()
    found = re.findall(r"[?;]machine=CPU\+(\d)%2C\+2\+cores(?=&amp;|\")", feed)
    assert found == ["0", "1", "2", "3", "0"]
    assert feed.count("p-machine=vm&amp;") == len(names)  # a benchmark's own parameter


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("index.json", "{", r"index\.json: is no JSON \(.*\); run asv publish again"),
        ("reasons.json", "", r"reasons\.json: is no JSON \(.*\); run asv publish again"),
        ("index.json", "[]", r"index\.json: is not as asv writes it; run asv publish again"),
        ("index.json", '{"machines": {}}', r"index\.json: is not as asv writes it; run asv pub"),
        (
            "index.json",
            '{"machines": {"build-7": {}}, "params": {}}',
            "machine build-7: has no cpu in asv's records; add it to machine.json and run asv pub",
        ),
    ],
)
def test_a_damaged_file_is_told_in_a_line_and_nothing_is_changed(
    name: str, text: str, message: str, site: Path
) -> None:
    (site / name).write_text(text)
    before = documents(site)
    with pytest.raises(BadInput, match=message) as caught:
        anonymise(site, "", lambda text: text)
    assert "\n" not in str(caught.value)
    assert documents(site) == before


def test_a_machine_that_is_named_needs_no_cpu(site: Path) -> None:
    (site / "index.json").write_text('{"machines": {"build-7": {}}, "params": {}}')
    anonymise(site, "build farm", lambda text: text)
    assert json.loads((site / "index.json").read_text())["machines"] == {"build farm": {}}


def test_without_asvs_pages_nothing_happens(tmp_path: Path) -> None:
    anonymise(tmp_path, "", lambda text: text)
    assert list(tmp_path.iterdir()) == []
