"""What a page calls a scenario and a machine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.machine import Machine
from harness.queueing import Pop, Victim
from harness.report.pages.names import (
    OwnMachine,
    base,
    machine_names,
    scenario_name,
    typed_scenario,
)
from harness.scenario import BUILT_IN
from harness.workload import ClientKind, Exchange, RedisCommand, Workload


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


TICKER = BUILT_IN["ticker"].workload
JOBS = BUILT_IN["jobs"].workload
CALLS = Workload(exchange=Exchange.REQUEST_REPLY, publishers=8, command=RedisCommand.GET)


@pytest.mark.parametrize(
    ("workload", "command", "name"),
    [
        (replace(TICKER, payload=4096), "make baseline", "ticker, 4 KiB"),
        (replace(TICKER, rtt=0.02), "abec run sse", "ticker, network of 20 ms round trip"),
        (replace(TICKER, tls=True), "abec run sse", "ticker, by TLS"),
        (replace(TICKER, url="ws://localhost:1/"), "x", "ticker, at ws://localhost:1/"),
        (replace(TICKER, poll_interval=0.08), "make baseline", "ticker, polls every 80 ms"),
        (replace(JOBS, pop=Pop.LMOVE), "make baseline", "jobs, lists popped by lmove"),
        (
            replace(BUILT_IN["chat"].workload, subscribers=8),
            "abec compare --scenario chat",
            "chat, 8 receivers",
        ),
        (
            replace(BUILT_IN["collab"].workload, publishers=8, subscribers=8, rtt=0.05),
            "abec compare --scenario collab",
            "collab, network of 50 ms round trip, 8 receivers",
        ),
        (
            replace(BUILT_IN["chat"].workload, gateways=1),
            "make baseline",
            "chat, over 1 gateway, pubsub, behind caddy",
        ),
        (
            replace(JOBS, kill=Victim.REDIS, kill_after=7.0, duration=10.0),
            "abec run redis_queue",
            "jobs, Redis killed after 7 s",
        ),
        (CALLS, "abec run", "request/reply 1,000 msg/s over 8 connections, GET, 1,000 keys"),
        (
            Workload(subscribers=200, rate=50.0, tls=True),
            "make baseline",
            "broadcast 50 msg/s → 200 subscribers, by TLS",
        ),
        (Workload(rate=5.0, rtt=0.02), "abec run --scenario own.toml", "own, network of 20 ms ro"),
    ],
)
def test_what_differs_from_a_scenario_follows_its_name(
    workload: Workload, command: str, name: str
) -> None:
    assert scenario_name(workload, command, polls=True).startswith(name)


def test_a_poll_interval_is_nothing_where_nobody_polls() -> None:
    assert scenario_name(replace(TICKER, poll_interval=0.08), "make baseline") == "ticker"


def test_variations_have_the_name_of_their_scenario_as_base() -> None:
    assert [base(name) for name in ("ticker, by TLS", "ticker", "tickers, by TLS")] == [
        "ticker",
        "ticker",
        "tickers, by TLS",
    ]


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
