"""How a page names scenarios and machines."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from harness.machine import Machine
from harness.report import gateways, units
from harness.report.question import arrivals, commands, content, jobs, network, traffic
from harness.result import Series
from harness.scenario import BUILT_IN
from harness.workload import Workload

_ANY_WINDOW_S = 3600.0
"""Holds whatever fails in mid-run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMachine:
    """What the machine that builds a page is to be called."""

    fingerprint: str
    name: str


def scenario_name(workload: Workload, command: str, *, polls: bool = False) -> str:
    """Name the scenario that ``workload`` is: the built-in one, what was typed, or its traffic.

    What makes it another one follows, so that none is taken for the plain one: ``ticker, network
    of 50 ms round trip``. ``polls`` says whether anything polls at the workload's interval.
    """
    wanted = _essence(workload)
    known = {name: _essence(scenario.workload) for name, scenario in BUILT_IN.items()}
    typed = typed_scenario(command)
    exact = next((name for name, own in known.items() if own == wanted), "")
    near = next((name for name, own in known.items() if _same_traffic(own, wanted)), "")
    name = exact or typed or near
    plain = known.get(name, Workload())
    told = [name or traffic(workload), *_variations(wanted, plain)]
    if name in known:
        if _same_traffic(_among(plain, wanted), wanted) and not _same_traffic(plain, wanted):
            told.append(f"{units.count(wanted.receivers)} receivers")
        if gateways.set_up(wanted) != gateways.set_up(plain):
            told.append(f"over {gateways.set_up(wanted)}")
        if polls and wanted.poll_interval != plain.poll_interval:
            told.append(f"polls every {units.span(wanted.poll_interval)}")
    return ", ".join(told)


def _among(workload: Workload, other: Workload) -> Workload:
    """Give it with as many publishers and receivers as another."""
    if workload.exchange is not other.exchange:
        return workload
    return replace(workload, publishers=other.publishers, subscribers=other.subscribers)


def base(name: str) -> str:
    """Give the built-in scenario that a name begins with, or else the name."""
    return next((one for one in BUILT_IN if name == one or name.startswith(f"{one}, ")), name)


def _variations(workload: Workload, plain: Workload) -> Iterator[str]:
    """Say what differs from ``plain`` beside the traffic, the gateways and the poll interval."""
    for tell in (content, arrivals, network, commands):
        told = tell(workload)
        if told and told != tell(plain):
            yield told
    if workload.elsewhere:
        yield f"at {workload.url}"
    if workload.tls:
        yield "by TLS"
    if workload.deflate:
        yield "compressed"
    yield from (told for told in jobs([workload]) if told not in jobs([plain]))


def _same_traffic(one: Workload, other: Workload) -> bool:
    """Whether they differ in nothing but what is told as a variation."""
    plain = Workload()

    def stripped(workload: Workload) -> Workload:
        return replace(
            workload.bare,
            duration=_ANY_WINDOW_S,
            arrivals=plain.arrivals,
            burst=plain.burst,
            payload=plain.payload,
            payload_file=plain.payload_file,
            poll_interval=plain.poll_interval,
            rtt=plain.rtt,
            jitter=plain.jitter,
            bandwidth=plain.bandwidth,
            url=plain.url,
            publish_url=plain.publish_url,
        )

    return stripped(one) == stripped(other)


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
