"""asv's machines are named by what they are, whatever the host is called."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asv.commands.publish import Publish
from asv.machine import Machine

from harness.report import asv_private

FACTS = {"cpu": "Example(R) CPU @ 2.10GHz", "num_cpu": "2"}


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Load the plug-in, and take it out again."""
    monkeypatch.delenv("ABEC_MACHINE", raising=False)
    kept = [
        (owner, name, vars(owner)[name])
        for owner, name in (
            (Machine, "load"),
            (Machine, "get_unique_machine_name"),
            (Publish, "run"),
        )
    ]
    asv_private.setup()
    yield
    for owner, name, was in kept:
        setattr(owner, name, was)


def known_as(path: Path, name: str) -> str:
    """Write what `asv machine --yes` does, for one machine."""
    file = path / "machines.json"
    file.write_text(json.dumps({"version": 1, name: {**FACTS, "machine": name}}))
    return str(file)


def test_a_machine_is_called_by_its_cpu_and_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ABEC_MACHINE", raising=False)
    assert asv_private.record_name(FACTS) == "Example-R-CPU-2.10GHz-2-cores"
    assert asv_private.record_name({}) == f"{platform.machine()}-cores"


def test_its_owner_may_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABEC_MACHINE", "lab: rack 3")
    assert asv_private.record_name(FACTS) == "lab-rack-3"


@pytest.mark.parametrize("asked", [None, "own", "host"])
def test_records_of_this_host_do_not_name_it(
    loaded: None, tmp_path: Path, asked: str | None
) -> None:
    names: dict[Any, str] = {
        "own": asv_private.record_name(Machine.get_defaults()),
        "host": platform.node(),
    }
    path = known_as(tmp_path, platform.node())
    machine = Machine.load(_path=path, machine_name=names.get(asked))
    assert machine.machine == "Example-R-CPU-2.10GHz-2-cores"
    assert machine.cpu == FACTS["cpu"]


def test_a_name_that_was_given_to_asv_stays(loaded: None, tmp_path: Path) -> None:
    path = known_as(tmp_path, "lab")
    assert Machine.load(_path=path).machine == "lab"
    assert Machine.load(_path=path, machine_name="lab").machine == "lab"


def test_loading_it_twice_changes_nothing(loaded: None) -> None:
    load = Machine.load
    asv_private.setup()
    assert Machine.load == load
