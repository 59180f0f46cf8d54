"""The relay as a process: what it delays, what it passes on, and what it says of itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from harness.errors import ServerFailed
from harness.pattern import Endpoints
from harness.process.relay import Network, far_ends, network_before
from harness.workload import Workload

RTT_S = 0.03
SHORT = Workload(rtt=RTT_S)


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(1 << 16):
        writer.write(chunk)
        await writer.drain()
    writer.write(b"goodbye")
    writer.close()
    await writer.wait_closed()


@pytest.fixture
async def endpoints() -> AsyncIterator[Endpoints]:
    """Serve an echo that says goodbye when its caller has ended."""
    async with await asyncio.start_server(_echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield Endpoints(
            urls={
                "tcp": f"tcp://127.0.0.1:{port}",
                "feed": "tcp://127.0.0.1:1",
                "redis": f"redis://:secret@127.0.0.1:{port}/0?run=7",
            }
        )


def between(
    endpoints: Endpoints, directory: Path, workload: Workload = SHORT
) -> AbstractContextManager[Network]:
    return network_before(endpoints, workload, core=None, directory=directory)


def address(network: Network) -> tuple[str, int]:
    parts = urlsplit(network.endpoints["tcp"])
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


def test_a_redis_needs_no_port_in_its_url() -> None:
    urls = map(urlsplit, ("http://127.0.0.1:80", "redis://:secret@localhost/0"))
    assert far_ends(urls) == ["127.0.0.1:80", "localhost:6379"]


def test_without_a_network_nothing_stands_in_between(tmp_path: Path) -> None:
    endpoints = Endpoints(urls={"http": "http://127.0.0.1:1"})
    with between(endpoints, tmp_path, Workload()) as network:
        assert network.endpoints is endpoints
        assert network.pids == ()
        network.check()
        assert network.finish() is None


async def test_each_way_takes_half_a_round_trip_and_connecting_one(
    endpoints: Endpoints, tmp_path: Path
) -> None:
    with between(endpoints, tmp_path) as network:
        began = time.monotonic()
        reader, writer = await asyncio.open_connection(*address(network))
        writer.write(b"one")
        assert await reader.readexactly(3) == b"one"
        first_s = time.monotonic() - began
        began = time.monotonic()
        writer.write(b"two")
        assert await reader.readexactly(3) == b"two"
        again_s = time.monotonic() - began
        # A half-closed connection still brings what the server has to say.
        writer.write_eof()
        assert await reader.read() == b"goodbye"
        writer.close()
        relayed = network.finish()
    assert first_s >= 2 * RTT_S - 0.0002
    assert RTT_S - 0.0002 <= again_s < first_s
    assert relayed is not None
    assert len(relayed.due_ns) == len(relayed.late_ns) >= 5


async def test_the_feed_goes_direct_and_a_url_keeps_all_but_its_address(
    endpoints: Endpoints, tmp_path: Path
) -> None:
    with between(endpoints, tmp_path) as network:
        assert network.endpoints["feed"] == endpoints["feed"]
        redis = urlsplit(network.endpoints["redis"])
        assert (redis.password, redis.path, redis.query) == ("secret", "/0", "run=7")
        assert redis.port != urlsplit(endpoints["redis"]).port
        command = psutil.Process(network.pids[0]).cmdline()
        assert not any("secret" in part for part in command)


async def test_more_than_fits_on_the_way_comes_through_whole(
    endpoints: Endpoints, tmp_path: Path
) -> None:
    sent = bytes(range(256)) * 40_000  # 10 MB, above what may be on its way
    with between(endpoints, tmp_path, Workload(rtt=0.002)) as network:
        reader, writer = await asyncio.open_connection(*address(network))
        writer.write(sent)
        assert await reader.readexactly(len(sent)) == sent
        writer.close()


async def test_bandwidth_is_kept(endpoints: Endpoints, tmp_path: Path) -> None:
    with between(endpoints, tmp_path, Workload(rtt=0.002, bandwidth=1e6)) as network:
        reader, writer = await asyncio.open_connection(*address(network))
        began = time.monotonic()
        writer.write(bytes(100_000))
        await reader.readexactly(100_000)
        assert time.monotonic() - began >= 0.1
        writer.close()


async def test_where_nobody_listens_the_connection_breaks(tmp_path: Path) -> None:
    held = await asyncio.start_server(_echo, "127.0.0.1", 0)
    port = held.sockets[0].getsockname()[1]
    held.close()
    await held.wait_closed()
    endpoints = Endpoints(urls={"tcp": f"tcp://127.0.0.1:{port}"})
    with between(endpoints, tmp_path) as network:
        reader, writer = await asyncio.open_connection(*address(network))
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()


async def test_what_is_on_its_way_comes_before_the_break(tmp_path: Path) -> None:
    async def say_and_break(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"last words")
        await writer.drain()
        await asyncio.sleep(0.005)
        writer.transport.abort()

    async with await asyncio.start_server(say_and_break, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        endpoints = Endpoints(urls={"tcp": f"tcp://127.0.0.1:{port}"})
        with between(endpoints, tmp_path) as network:
            reader, writer = await asyncio.open_connection(*address(network))
            assert await reader.readexactly(10) == b"last words"
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
            writer.close()


def test_a_relay_that_dies_is_told(tmp_path: Path) -> None:
    endpoints = Endpoints(urls={"tcp": "tcp://127.0.0.1:1"})
    with between(endpoints, tmp_path) as network:
        assert network.child is not None
        network.child.kill()
        with pytest.raises(ServerFailed, match=r"server relay died \(signal 9, Killed\)"):
            network.check()
        with pytest.raises(ServerFailed, match="server relay did not tell how late it was"):
            network.finish()
