"""The examples relay every message, unchanged and in order, to both clients."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace

import pytest

from harness.given_server import roles
from harness.machine import read_machine
from harness.pattern import Endpoints
from harness.process.given_processes import given_processes
from harness.registry import load
from harness.rig import Subject, connected, legal_message
from harness.run import run
from harness.workload import ClientKind, Exchange, Ingress, Workload
from tests.your_server.conftest import Url
from tests.your_server.peers import RELAYS, launch, stop

MESSAGES = 20


def subject_at(
    asked: Workload,
    pattern: str,
    kind: ClientKind = ClientKind.WIRE,
    ingress: Ingress = Ingress.FEED,
) -> Subject:
    """Give a pattern as it is asked of the server at the workload's URL."""
    return Subject(
        pattern=load(pattern),
        kind=kind,
        exchange=asked.exchange,
        ingress=ingress,
        endpoints=Endpoints(urls=roles(asked.url, "")),
        patience_s=5,
        asked=asked,
    )


async def relayed(subject: Subject) -> tuple[list[bytes], list[list[bytes]]]:
    """Send messages to two receivers; give what was sent, and what each got."""
    messages = [legal_message(number, subject.asked.payload) for number in range(MESSAGES)]
    async with connected(subject, receivers=2) as rig:
        for message in messages:
            rig.sends[0](message)
        await rig.arrivals(2 * MESSAGES)
        return messages, rig.inboxes


@pytest.mark.parametrize("kind", ClientKind)
@pytest.mark.parametrize(
    ("name", "pattern"),
    [(name, pattern) for name, patterns in RELAYS.items() for pattern in patterns],
)
def test_every_message_comes_to_everybody(
    example: Url, name: str, pattern: str, kind: ClientKind
) -> None:
    ingress = Ingress.NATIVE if kind is ClientKind.LIBRARY else Ingress.FEED
    asked = Workload(url=example(name), poll_interval=0.005)
    subject = subject_at(asked, pattern, kind, ingress)
    sent, inboxes = asyncio.run(relayed(subject))
    assert inboxes == [sent, sent]


def test_what_a_publisher_sent_before_it_left_arrives(example: Url) -> None:
    subject = subject_at(Workload(url=example("websocket_server.py")), "websocket")
    messages = [legal_message(number) for number in range(1000)]

    async def arrived() -> list[bytes]:
        async with connected(subject, publishers=0) as rig:
            async with rig.publisher() as send:
                for message in messages:
                    send(message)
            return await rig.arrivals(len(messages))

    assert asyncio.run(arrived()) == messages


@pytest.mark.parametrize("exchange", [Exchange.GROUP, Exchange.REQUEST_REPLY])
def test_a_relay_also_carries_groups_and_echoes(example: Url, exchange: Exchange) -> None:
    asked = Workload(exchange=exchange, url=example("websocket_server.py"))
    subject = subject_at(asked, "websocket")

    async def echoed() -> list[bytes]:
        async with connected(subject, receivers=1) as rig:
            rig.sends[0](legal_message(1))
            return await rig.arrivals(1)

    assert asyncio.run(echoed()) == [legal_message(1)]


def test_a_run_counts_the_servers_cpu_as_the_servers(example: Url) -> None:
    url = example("websocket_server.py")
    workload = Workload(url=url, rate=200.0, warmup=0.05, duration=0.25)
    result = run(load("websocket"), workload, read_machine())
    assert result.audit.clean
    assert result.audit.owed > 30
    assert result.server.cpu_per_message is not None
    assert result.server.cpu_per_message > 0
    assert result.server.pss > 1 << 20
    assert result.context.plan.startswith("server found by URL")
    assert any("server found by URL" in remark for remark in result.remarks)


@pytest.mark.parametrize("kind", ClientKind)
@pytest.mark.parametrize(("body", "expected"), [('{"a": 1}', 204), ("", 200)], ids=["post", "get"])
def test_a_server_that_knows_no_messages_is_audited_by_status(
    example: Url, kind: ClientKind, body: str, expected: int
) -> None:
    url = example("polling_server.js")
    asked = Workload(
        exchange=Exchange.REQUEST_REPLY,
        url=url,
        rate=300.0,
        warmup=0.05,
        duration=0.25,
        client=kind,
    )
    answered = run(load("rest"), replace(asked, body=body, expect_status=expected), read_machine())
    assert answered.audit.clean
    assert answered.audit.owed > 40


def test_a_wrong_status_is_a_loss_with_its_cause(example: Url) -> None:
    url = example("polling_server.js")
    workload = Workload(exchange=Exchange.REQUEST_REPLY, url=url, expect_status=404)
    subject = subject_at(workload, "rest")

    async def asked() -> list[list[bytes]]:
        async with connected(subject) as rig:
            rig.sends[0](legal_message(1))
            await rig.noted("status 200")
            return rig.inboxes

    assert asyncio.run(asked()) == [[]]


def test_processes_are_found_by_their_port_or_named(example: Url) -> None:
    process, url = launch("websocket_server.py")
    try:
        assert list(given_processes(Workload(url=url), {}).server) == [process.pid]
        named = given_processes(Workload(url=url, pid=(os.getpid(),)), {})
        assert {os.getpid(), process.pid} <= set(named.server)
    finally:
        stop(process)
