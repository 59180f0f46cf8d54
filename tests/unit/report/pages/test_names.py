"""What a page calls a scenario and a machine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.machine import Machine
from harness.report.pages.names import OwnMachine, machine_names, scenario_name, typed_scenario
from harness.scenario import BUILT_IN
from harness.workload import ClientKind, Workload


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_scenario_is_known_however_it_is_looked_at(name: str) -> None:
    asked = replace(
        BUILT_IN[name].workload, warmup=0.3, duration=2.1, seed=9, client=ClientKind.LIBRARY
    )
    assert scenario_name(asked, "abec run sse") == name


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("abec run --scenario /home/jo/own.toml sse", "own"),
        ("abec compare --scenario=chat --rate 5", "chat"),
        ("abec run sse", "broadcast 5 msg/s → 1 subscriber"),
        ("abec run 'unbalanced", "broadcast 5 msg/s → 1 subscriber"),
    ],
)
def test_another_workload_is_called_as_it_was_typed(command: str, name: str) -> None:
    assert scenario_name(Workload(rate=5.0), command) == name


def test_nothing_typed_is_no_name() -> None:
    assert typed_scenario("abec run sse --scenario") == ""


def test_a_machine_is_its_cpu_and_cores(machine: Machine) -> None:
    single = replace(machine, cores=(0,))
    names = machine_names([machine, machine, single], None)
    assert list(names.values()) == ["Example CPU, 2 cores", "Example CPU, 1 core"]


def test_the_owner_names_the_only_machine(machine: Machine) -> None:
    own = OwnMachine(fingerprint="another", name="build farm")
    assert machine_names([machine], own) == {machine.fingerprint: "build farm"}


def test_of_several_machines_the_owner_names_this_one(machine: Machine) -> None:
    other = replace(machine, cpu="Other CPU")
    own = OwnMachine(fingerprint=other.fingerprint, name="build farm")
    assert list(machine_names([machine, other], own).values()) == [
        "Example CPU, 2 cores",
        "build farm",
    ]


def test_machines_of_one_name_are_told_apart(machine: Machine) -> None:
    machines = [replace(machine, virtualisation=name) for name in ("KVM", "Xen", "")]
    assert list(machine_names(machines, None).values()) == [
        "Example CPU, 2 cores",
        "Example CPU, 2 cores, Xen",
        "Example CPU, 2 cores (3)",
    ]
