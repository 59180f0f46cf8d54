"""A Redis of the user's by TLS and through a socket file; what is none is told in one line."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
import trustme

from harness.errors import BadInput, Exit
from harness.load.loop import LoadLoop
from harness.machine import read_machine
from harness.pattern import Endpoints, RedisSpec
from harness.process import redis as finder
from harness.process.redis import resolve
from harness.process.servers import started
from harness.registry import load
from harness.rig import Subject, connected, legal_message
from harness.run import run
from harness.scaling import Backplane, Balancer
from harness.wire.redis_place import AUTHORITY, with_query
from harness.workload import ClientKind, Exchange, Ingress, Workload
from servers.backplane import channel
from servers.job_queue import Job, job_queue
from servers.redis_link import redis_link
from tests.your_server.conftest import CERTIFICATES
from tests.your_server.front import tls_front

SIGNER = str(CERTIFICATES / "localhost.pem")
MESSAGES = 20
SHAPES = {
    "redis_pubsub": Exchange.BROADCAST,
    "redis_queue": Exchange.WORK_QUEUE,
    "redis_stream": Exchange.WORK_QUEUE,
    "redis_command": Exchange.REQUEST_REPLY,
}


class Ways(NamedTuple):
    """How one Redis, which has a password, is to be had."""

    pid: int
    port: int
    password: str
    tls_port: int
    file: Path

    def url(self, way: str) -> str:
        """Give the URL by the scheme ``way``."""
        if way == "unix":
            return f"unix://:{self.password}@{self.file}?db=3"
        return f"rediss://:{self.password}@localhost:{self.tls_port}/3"


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ways]:
    file = tmp_path_factory.mktemp("socket") / "redis.sock"
    spec = RedisSpec(config=(("unixsocket", str(file)), ("unixsocketperm", "700")))
    with started((spec,), Workload()) as running:
        at = urlsplit(running.endpoints["redis"])
        assert at.port is not None
        assert at.password is not None
        with tls_front(at.port, CERTIFICATES / "localhost.pem") as tls_port:
            yield Ways(running.children[0].pid, at.port, at.password, tls_port, file)


def asked_of(url: str, **fields: object) -> Workload:
    ca = SIGNER if url.startswith("rediss") else ""
    return Workload(redis=url, ca=ca, poll_interval=0.005, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("way", ["rediss", "unix"])
@pytest.mark.parametrize("kind", ClientKind)
@pytest.mark.parametrize("name", SHAPES)
def test_every_message_goes_through(ways: Ways, name: str, kind: ClientKind, way: str) -> None:
    asked = asked_of(ways.url(way), exchange=SHAPES[name], client=kind, keys=20)
    url = with_query(resolve(asked.redis, asked.ca).where, run="7f3a")
    subject = Subject(
        pattern=load(name),
        kind=kind,
        exchange=SHAPES[name],
        ingress=Ingress.NATIVE if kind is ClientKind.LIBRARY else Ingress.FEED,
        endpoints=Endpoints(urls={"redis": url}),
        patience_s=5,
        asked=asked,
    )
    messages = [legal_message(number, asked.payload) for number in range(MESSAGES)]

    async def relayed() -> list[bytes]:
        async with connected(subject) as rig:
            for message in messages:
                rig.sends[0](message)
            return await rig.arrivals(MESSAGES)

    with asyncio.Runner(loop_factory=LoadLoop) as runner:
        assert runner.run(relayed()) == messages


@pytest.mark.alone
def test_a_run_says_what_tls_agreed_on_and_whose_cpu_it_is(ways: Ways) -> None:
    asked = asked_of(ways.url("rediss"), rate=200.0, warmup=0.05, duration=0.25)
    result = run(load("redis_pubsub"), asked, read_machine())
    assert result.audit.clean
    assert re.fullmatch(r"TLSv1\.\d, \w+ to Redis", result.context.tls)
    assert result.context.redis.endswith(f"(rediss://localhost:{ways.tls_port}/3)")
    assert result.server.cpu > 0
    assert result.wire.bytes_per_delivery is not None
    assert result.wire.bytes_per_delivery > asked.payload
    assert ways.password not in repr(result)


def test_servers_that_join_it_are_told_whom_to_believe(ways: Ways) -> None:
    asked = asked_of(
        ways.url("rediss"), gateways=1, balancer=Balancer.NONE, backplane=Backplane.PUBSUB
    )
    messages = [legal_message(number, asked.payload) for number in range(MESSAGES)]

    async def arrived(endpoints: Endpoints) -> list[bytes]:
        subject = Subject(
            pattern=load("websocket_scaled"),
            kind=ClientKind.WIRE,
            exchange=Exchange.BROADCAST,
            ingress=Ingress.FEED,
            endpoints=endpoints,
            patience_s=5,
            asked=asked,
        )
        async with connected(subject) as rig:
            for message in messages:
                rig.sends[0](message)
            return await rig.arrivals(MESSAGES)

    with (
        started(load("websocket_scaled").servers(asked), asked) as running,
        asyncio.Runner(loop_factory=LoadLoop) as runner,
    ):
        assert runner.run(arrived(running.endpoints)) == messages


@pytest.mark.parametrize("way", ["rediss", "unix"])
async def test_both_of_their_clients_come_by_either_way(ways: Ways, way: str) -> None:
    url = with_query(ways.url(way), **{AUTHORITY: SIGNER}, run="7f3a")
    taken = asyncio.Event()
    async with redis_link(url) as link, channel(url, lambda _message: taken.set()) as through:
        assert b" db=3 " in await link.ask(b"CLIENT", b"INFO")
        through.publish(b"message")
        await asyncio.wait_for(taken.wait(), 5)
    job = Job(7, "ann", b"submission")
    async with job_queue(url) as queue:
        await queue.submit(job)
        assert await queue.take() == job


def refused(url: str, ca: str = "", password: str = "secret") -> str:
    with pytest.raises(BadInput) as caught:
        resolve(url, ca)
    assert caught.value.exit_code is Exit.BAD_INPUT
    line = str(caught.value)
    assert "\n" not in line
    assert password not in line
    assert line.startswith("--redis ")
    return line


def test_a_certificate_of_somebody_else(ways: Ways, tmp_path: Path) -> None:
    signer = trustme.CA()
    signer.cert_pem.write_to_path(tmp_path / "signer.pem")
    issued, pem = signer.issue_cert("elsewhere.example"), tmp_path / "elsewhere.pem"
    issued.private_key_and_cert_chain_pem.write_to_path(pem)
    with tls_front(ways.port, pem) as port:
        line = refused(f"rediss://:secret@localhost:{port}", str(tmp_path / "signer.pem"))
    assert "its certificate names somebody else: Hostname mismatch" in line
    assert line.endswith("; give the host that it names")


def test_a_certificate_that_is_not_to_be_believed(ways: Ways) -> None:
    own = f"rediss://:secret@localhost:{ways.tls_port}"
    assert "its certificate is not trusted: self-signed certificate; give --ca" in refused(own)
    stranger = str(CERTIFICATES / "expired.pem")
    assert "its certificate is not trusted: " in refused(own, stranger)
    with tls_front(ways.port, CERTIFICATES / "expired.pem") as port:
        line = refused(f"rediss://:secret@localhost:{port}", stranger)
    assert "its certificate is not valid: certificate has expired; renew it" in line


def test_a_server_that_wants_a_certificate_of_ours(ways: Ways) -> None:
    with tls_front(ways.port, CERTIFICATES / "localhost.pem", Path(SIGNER)) as port:
        line = refused(f"rediss://:secret@localhost:{port}", SIGNER)
    assert line.endswith(
        ": ends the connection after the handshake; if it wants certificates of its clients, set "
        "tls-auth-clients no there"
    )


def test_tls_and_plain_taken_for_each_other(ways: Ways, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finder, "_GREETING_S", 0.3)  # a plain Redis says nothing to a handshake
    by_tls = refused(f"rediss://:secret@localhost:{ways.port}/1", SIGNER)
    assert by_tls == (
        f"--redis rediss://localhost:{ways.port}/1: speaks no TLS; "
        f"give redis://localhost:{ways.port}"
    )
    plainly = refused(f"redis://:secret@localhost:{ways.tls_port}")
    assert plainly.endswith(f": speaks TLS; give rediss://localhost:{ways.tls_port}")


def test_a_password_that_is_missing_or_wrong(ways: Ways) -> None:
    by_tls = refused(f"rediss://localhost:{ways.tls_port}", SIGNER)
    assert by_tls.endswith(f"give rediss://:PASSWORD@localhost:{ways.tls_port}")
    through_file = refused(f"unix://:secret@{ways.file}")
    assert through_file == (
        f"--redis unix://{ways.file}: refuses that password; give unix://:PASSWORD@{ways.file}"
    )


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("unix://:secret@{place}/none.sock", "there is no such file; start that Redis with --unix"),
        ("unix://:secret@{place}/plain", "nobody listens at that file; start that Redis"),
        ("unix://:secret@{place}/" + "long" * 40, "is longer than the path of a socket may be"),
        ("unix://:secret@run/redis.sock", "is no URL of a file; for example unix:///run/redis"),
        ("unix://:secret@/run/redis.sock?db=x", "is no URL of a file; for example unix:///run"),
        ("unix://", "is no URL of a file"),
        ("rediss://", "is no URL; for example rediss://127.0.0.1:6379/0"),
        ("rediss://:secret@127.0.0.1:{closed}", "no Redis answers there; start it"),
    ],
)
def test_nobody_there(tmp_path: Path, url: str, problem: str) -> None:
    (tmp_path / "plain").touch()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    assert problem in refused(url.format(place=tmp_path, closed=closed))


def test_redis_py_reads_the_same_file_of_who_is_believed(ways: Ways) -> None:
    """For commands without --ca: ``abec serve``, ``abec doctor``."""
    source = resolve(with_query(ways.url("rediss"), **{AUTHORITY: SIGNER}))
    assert source.tls.startswith("TLSv1.")
