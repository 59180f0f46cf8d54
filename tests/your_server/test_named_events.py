"""Event streams of servers that give their events names: the standard's own, and others."""

from __future__ import annotations

import asyncio
import json

import pytest

from harness.cli.main import cli
from harness.errors import Exit
from harness.given_server import roles
from harness.load.loop import LoadLoop
from harness.pattern import Endpoints
from harness.registry import load
from harness.rig import Subject, connected, legal_message
from harness.workload import ClientKind, Exchange, Ingress
from tests.your_server.event_server import naming

PRICES = 10


@pytest.mark.parametrize("kind", ClientKind)
def test_both_clients_take_the_standards_own_name_for_none(kind: ClientKind) -> None:
    messages = [legal_message(number) for number in range(5)]

    async def relayed(url: str) -> list[bytes]:
        subject = Subject(
            pattern=load("sse"),
            kind=kind,
            exchange=Exchange.BROADCAST,
            ingress=Ingress.FEED,
            endpoints=Endpoints(urls=roles(url, "")),
            patience_s=5,
        )
        async with connected(subject) as rig:
            for message in messages:
                rig.sends[0](message)
            return await rig.arrivals(len(messages))

    with naming("message") as url, asyncio.Runner(loop_factory=LoadLoop) as runner:
        assert runner.run(relayed(url)) == messages


@pytest.mark.parametrize("kind", ClientKind)
def test_events_of_any_name_are_counted_where_arrivals_are(
    kind: ClientKind, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("--client", kind, "--warmup", "0s", "--duration", "300ms", "--json")
    with naming("price", lambda: b"12.50") as url:
        code = cli.main(("listen", "sse", "--url", url, *asked), standalone_mode=False)
    told = capsys.readouterr()
    (only,) = json.loads(told.out)
    assert only["messages"] > PRICES
    assert only["bytes_per_s"] == pytest.approx(5 * only["messages_per_s"])
    assert "nothing came" not in told.err
    # A busy machine makes gaps doubtful, and nothing else here does.
    assert code == Exit.MEASURED or "this machine kept the listener waiting" in told.err
