"""How a page names scenarios and machines."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from harness.machine import Machine
from harness.report.question import traffic
from harness.result import Series
from harness.scenario import BUILT_IN
from harness.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMachine:
    """What the machine that builds a page is to be called."""

    fingerprint: str
    name: str


def scenario_name(workload: Workload, command: str) -> str:
    """Name the scenario that ``workload`` is: the built-in one, what was typed, or its traffic."""
    wanted = _essence(workload)
    for name, scenario in BUILT_IN.items():
        if _essence(scenario.workload) == wanted:
            return name
    return typed_scenario(command) or traffic(workload)


def machine_names(machines: Sequence[Machine], own: OwnMachine | None) -> dict[str, str]:
    """Name each machine by fingerprint: as its owner does, else by CPU and cores.

    The owner's name is for the machine that builds the page, or for the only one there is.
    Machines of one name are told apart by their hypervisor, or else by number.
    """
    by_print = {machine.fingerprint: machine for machine in machines}
    names: dict[str, str] = {}
    for fingerprint, machine in by_print.items():
        if own is not None and own.name and (len(by_print) == 1 or own.fingerprint == fingerprint):
            name = own.name
        else:
            cores = len(machine.cores)
            name = f"{machine.cpu}, {cores} core{'s' * (cores != 1)}"
            if name in names.values() and machine.virtualisation:
                name = f"{name}, {machine.virtualisation}"
        if name in names.values():
            name = f"{name} ({len(names) + 1})"
        names[fingerprint] = name
    return names


def machine_of(series: Series) -> Machine:
    """Give the machine that a series was measured on."""
    return series.results[0].context.machine


def _essence(workload: Workload) -> Workload:
    """Give the workload without how long and how it was looked at."""
    plain = Workload()
    return replace(workload.essence, client=plain.client, ingress=plain.ingress)


def typed_scenario(command: str) -> str:
    """Give what was typed after ``--scenario``: a name, or that of a file without its folder."""
    try:
        words = shlex.split(command)
    except ValueError:  # a command that somebody edited
        return ""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        name = following if word == "--scenario" else word.partition("--scenario=")[2]
        if name:
            return PurePath(name).stem
    return ""
