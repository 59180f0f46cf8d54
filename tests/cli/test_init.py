"""``abec init``: the file that it writes works as it stands, and nothing is overwritten."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path

from harness.cli.init import template
from harness.registry import load
from harness.scenario import read_scenarios
from harness.workload import Workload


def test_template_is_read_by_scenarios_and_names_registered_patterns(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(template())
    scenarios = read_scenarios(str(path))
    assert list(scenarios) == ["prices", "orders", "lookups"]
    for scenario in scenarios.values():
        for name in scenario.patterns:
            assert scenario.workload.exchange in load(name).exchanges


def test_template_shows_every_field() -> None:
    table = tomllib.loads(template())["scenario"]["prices"]
    for field in fields(Workload):
        assert field.name in table or f"# {field.name} = " in template(), field.name


def test_writes_the_file_and_says_what_is_next(abec, tmp_path: Path) -> None:
    done = abec("init", "own.toml")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "own.toml").read_text() == template()
    assert "  abec run --scenario own.toml\n" in done.stdout


def test_default_name(abec, tmp_path: Path) -> None:
    assert abec("init").returncode == 0
    assert (tmp_path / "abec.toml").exists()


def test_leaves_what_exists_alone(abec, tmp_path: Path) -> None:
    (tmp_path / "abec.toml").write_text("mine")
    done = abec("init")
    assert done.returncode == 2
    assert done.stderr == "abec: FILE abec.toml: exists and is left alone; name another one\n"
    assert (tmp_path / "abec.toml").read_text() == "mine"


def test_directory_that_is_missing(abec) -> None:
    done = abec("init", "none/own.toml")
    assert done.returncode == 2
    assert done.stderr.startswith("abec: FILE none/own.toml: cannot be written (No such file")
