"""Which processes are the server's at a URL: by address, not by what only forwards, and again."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.machine import read_machine
from harness.process.given_processes import GivenProcesses, given_processes, is_here
from harness.registry import load
from harness.report.text import run_report
from harness.result import Series
from harness.run import run
from harness.series import Cell, require_possible
from harness.workload import Workload
from tests.your_server.standing import WORKED_S, standing, tell


def found(host: str, port: int, **fields: object) -> GivenProcesses:
    return given_processes(Workload(url=f"ws://{host}:{port}/", **fields), {})  # type: ignore[arg-type]


def pids(host: str, port: int) -> list[int]:
    return list(found(host, port).server)


def test_only_who_listens_at_the_very_address() -> None:
    with (
        standing("listen", "127.0.0.1", "0") as (one, port),
        standing("listen", "127.0.0.2", str(port)) as (other, _),
    ):
        assert pids("127.0.0.1", port) == pids("localhost", port) == [one.pid]
        assert pids("127.0.0.2", port) == [other.pid]
        assert pids("127.0.0.3", port) == []
        assert pids("[::ffff:127.0.0.2]", port) == [other.pid]


def test_who_listens_at_any_address_counts_where_nobody_is_nearer() -> None:
    with standing("listen", "0.0.0.0", "0") as (anywhere, port):
        assert pids("127.0.0.1", port) == pids("127.0.0.3", port) == [anywhere.pid]
        assert pids("[::1]", port) == []
        with standing("listen", "127.0.0.1", str(port)) as (near, _):
            assert pids("127.0.0.1", port) == [near.pid]
            assert pids("127.0.0.3", port) == [anywhere.pid]


def test_ipv6_at_any_address_takes_both_kinds() -> None:
    with standing("listen", "::", "0") as (both, port):
        assert pids("[::1]", port) == pids("127.0.0.1", port) == [both.pid]


def test_what_only_forwards_is_not_the_server() -> None:
    with (
        standing("listen", "127.0.0.1", "0") as (server, behind),
        standing("forward", "docker-proxy", str(behind)) as (proxy, port),
    ):
        alone = found("127.0.0.1", port)
        assert (alone.server, alone.forwarders) == ({}, {proxy.pid: "docker-proxy"})
        named = found("127.0.0.1", port, pid=(server.pid,))
        assert list(named.server) == [server.pid]
        assert list(named.forwarders) == [proxy.pid]
        # Whoever names it wants it counted.
        both = found("127.0.0.1", port, pid=(server.pid, proxy.pid))
        assert (sorted(both.server), both.forwarders) == (sorted((server.pid, proxy.pid)), {})
        # A Redis in a container is known by its process; what stands before it, by its port.
        redis = given_processes(Workload(redis=f"redis://127.0.0.1:{port}"), {server.pid: "redis"})
        assert redis.server == {server.pid: "redis"}
        assert list(redis.forwarders) == [proxy.pid]


def test_workers_come_and_go() -> None:
    with standing("listen", "127.0.0.1", "0") as (server, port):
        at_first = found("127.0.0.1", port)
        child = tell(server)
        assert set(at_first.now().server) == {server.pid, child}
        assert tell(server) == child
        assert list(at_first.now().server) == [server.pid]
        server.kill()
        server.wait()
        assert at_first.now().server == {}


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("192.0.2.1", False),
        ("2001:db8::1", False),
        ("no such host", False),
    ],
)
def test_one_question_for_every_url(host: str, here: bool) -> None:
    assert is_here(host) is here


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1", "ws://127.0.0.1:1/"])
def test_a_process_that_does_not_run_is_told_before_anybody_is_asked(url: str) -> None:
    pattern = "redis_pubsub" if url.startswith("redis") else "websocket"
    nobody = int(Path("/proc/sys/kernel/pid_max").read_text()) + 1
    asked = Workload(url=url, pid=(nobody,))
    with pytest.raises(BadInput, match=f"--pid {nobody}: no such process runs here"):
        require_possible([Cell(pattern=pattern, workload=asked)], read_machine())


@pytest.mark.alone
def test_a_worker_that_came_counts_and_a_proxy_does_not() -> None:
    with (
        standing("relay", "30") as (server, behind),
        standing("forward", "docker-proxy", str(behind)) as (_, port),
    ):
        asked = Workload(
            url=f"ws://127.0.0.1:{port}/", pid=(server.pid,), rate=200.0, warmup=0.1, duration=0.4
        )
        result = run(load("websocket"), asked, read_machine())
    assert result.audit.clean
    assert result.given is not None
    assert len(result.given.processes) == 2
    assert len(result.given.began) == 1
    assert result.given.ended == ()
    assert result.server.cpu > WORKED_S
    assert result.server.pss > 0
    assert result.server.pss_before == 0
    assert result.given.forwarders["docker-proxy"] > 0
    told = run_report(Series(command="", order_seed=1, runs=1, results=(result,)), "file", 100)
    assert "docker-proxy stands before the server" in told
    assert " began in the run" in told
