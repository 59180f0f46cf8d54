"""Every pattern that speaks TLS keeps every promise by it, with both clients, on each stack."""

import asyncio
import os
import signal
import ssl
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from harness.conformance import check_pattern
from harness.library.http import http_session
from harness.load.loop import LoadLoop
from harness.pattern import Endpoints, Pattern, Seat
from harness.process.servers import Running, started
from harness.registry import load, names
from harness.rig import WORKLOAD, Subject, connected
from harness.workload import ClientKind, Exchange, Ingress

pytestmark = pytest.mark.slow

ENCRYPTED = replace(WORKLOAD, tls=True)
PROMISES = ("rest", "rest_polling", "long_polling", "sse", "websocket")
"""Each way of the wire client in full; libraries and other stacks by one message."""
ENCRYPTING = tuple(name for name in names() if load(name).encrypts)


class Servers:
    """Servers that are started once, by what they are told."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._running: dict[tuple[str, ...], Running] = {}

    def of(self, pattern: Pattern) -> Running:
        (spec,) = pattern.servers(ENCRYPTED)
        if spec not in self._running:
            self._running[spec] = self._stack.enter_context(started((spec,), ENCRYPTED))
        return self._running[spec]


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with ExitStack() as stack:
        yield Servers(stack)


@pytest.mark.parametrize("name", PROMISES)
def test_promises_are_kept_by_tls(name: str, servers: Servers) -> None:
    pattern = load(name)
    running = servers.of(pattern)
    assert running.endpoints["http"].startswith("https://")
    with asyncio.Runner(loop_factory=LoadLoop) as runner:
        proved = runner.run(
            check_pattern(pattern, ClientKind.WIRE, running.endpoints, asked=ENCRYPTED)
        )
    assert len(proved) >= 7
    running.check()


async def _first(subject: Subject) -> bytes:
    async with connected(subject) as rig:
        rig.sends[0](b"a message")
        return (await rig.arrivals(1))[0]


def _subject(pattern: Pattern, kind: ClientKind, endpoints: Endpoints) -> Subject:
    calls = Exchange.BROADCAST not in pattern.exchanges
    return Subject(
        pattern=pattern,
        kind=kind,
        exchange=Exchange.REQUEST_REPLY if calls else Exchange.BROADCAST,
        ingress=Ingress.NATIVE if "websocket" in pattern.name or calls else Ingress.FEED,
        endpoints=endpoints,
        patience_s=10.0,
        asked=ENCRYPTED,
    )


@pytest.mark.parametrize("name", ENCRYPTING)
@pytest.mark.parametrize("kind", ClientKind)
def test_every_stack_carries_a_message_by_tls(
    name: str, kind: ClientKind, servers: Servers
) -> None:
    pattern = load(name)
    subject = _subject(pattern, kind, servers.of(pattern).endpoints)
    with asyncio.Runner(loop_factory=LoadLoop) as runner:
        assert runner.run(_first(subject)) == b"a message"


@pytest.mark.parametrize(
    ("name", "kind"), [("websocket", ClientKind.LIBRARY), ("sse", ClientKind.WIRE)]
)
def test_a_server_that_another_authority_signed_is_not_believed(
    name: str, kind: ClientKind, servers: Servers
) -> None:
    pattern = load(name)
    theirs = servers.of(pattern).endpoints
    (spec,) = load("rest@aiohttp").servers(ENCRYPTED)
    with started((spec,), ENCRYPTED) as other:
        mixed = replace(theirs, authority=other.endpoints.authority)

    async def refuse() -> None:
        with pytest.raises(Exception, match="CERTIFICATE_VERIFY_FAILED"):
            await _first(_subject(pattern, kind, mixed))
        await asyncio.sleep(0)  # uvloop closes the socket in its next turn

    with asyncio.Runner(loop_factory=LoadLoop) as runner:
        runner.run(refuse())


def test_the_librarys_session_leaves_no_connection_to_a_server_that_stands(
    servers: Servers,
) -> None:
    """Left alone, aiohttp waits for the server's word: we end what its connector's hook told us."""
    running = servers.of(load("sse"))
    (child,) = running.children
    seat = Seat(endpoints=running.endpoints, workload=ENCRYPTED, index=0)

    async def left() -> tuple[int, int]:
        before = _connections()
        async with (
            http_session(seat) as session,
            session.get(f"{seat.endpoints['http']}/events"),
        ):
            within = _connections() - before
            os.kill(child.pid, signal.SIGSTOP)
        return within, _connections() - before

    try:
        with asyncio.Runner(loop_factory=LoadLoop) as runner:
            assert runner.run(left()) == (1, 0)
    finally:
        os.kill(child.pid, signal.SIGCONT)


def _connections() -> int:
    return len(psutil.Process().net_connections("tcp"))


def test_the_key_is_private_and_goes_with_the_servers(servers: Servers) -> None:
    (spec,) = load("rest").servers(ENCRYPTED)
    with started((spec,), ENCRYPTED) as running:
        assert running.authority_path is not None
        directory = running.authority_path.parent
        key = directory / "server.key"
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert running.tls_label.startswith("TLSv1.3, TLS_")
        at = urlsplit(running.endpoints["http"])
        certificate = ssl.get_server_certificate((at.hostname or "", at.port or 0))
        assert certificate in (directory / "server.crt").read_text()
    assert not directory.exists()


def test_without_tls_nothing_is_signed() -> None:
    (spec,) = load("rest").servers(WORKLOAD)
    with started((spec,), WORKLOAD) as running:
        assert running.authority_path is None
        assert not running.tls_label
        assert running.endpoints.authority == ""
        assert not list(Path(running.notes_dir).glob("*.key"))
