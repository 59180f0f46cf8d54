"""The load loop: what it says of waits inside of it, on real sockets."""

import asyncio
import socket
import time
from functools import partial
from pathlib import Path

import numpy as np

from harness.load.loop import LoadLoop

MS = 1_000_000


class _Slow(asyncio.Protocol):
    """Notes when it was given bytes, and works on them for a while."""

    def __init__(self, loop: LoadLoop, seconds: float) -> None:
        self.read_ns: list[int] = []
        self.arrived = asyncio.Semaphore(0)
        self.work = partial(time.sleep, seconds)
        self._loop = loop

    def data_received(self, data: bytes) -> None:  # noqa: ARG002
        self.read_ns.append(self._loop.turns.reading_since_ns)
        self.arrived.release()
        self.work()


async def _connected(
    loop: LoadLoop, count: int, seconds: float
) -> tuple[list[socket.socket], list[_Slow]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        servers, clients = [], []
        for _ in range(count):
            _, client = await loop.create_connection(
                lambda: _Slow(loop, seconds), *listener.getsockname()
            )
            servers.append(listener.accept()[0])
            servers[-1].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            clients.append(client)
    return servers, clients  # type: ignore[return-value]


def _waits_ns(gap_s: float, seconds: float) -> list[int]:
    """Send to four connections one after another; give the wait that each is held to have had."""

    async def waits(loop: LoadLoop) -> list[int]:
        servers, clients = await _connected(loop, 4, seconds)
        await asyncio.sleep(0.02)
        for server in servers:
            server.send(b"x")
            if gap_s:
                await asyncio.sleep(gap_s)
        for client in clients:
            await client.arrived.acquire()
        for server in servers:
            server.close()
        read_ns = np.array([client.read_ns[0] for client in clients], dtype=np.int64)
        return loop.turns.waited_ns(read_ns).tolist()

    with asyncio.Runner(loop_factory=LoadLoop) as runner:
        return runner.run(waits(runner.get_loop()))  # type: ignore[arg-type]


def test_what_comes_at_once_waits_for_what_is_handled_before() -> None:
    waits = sorted(_waits_ns(gap_s=0, seconds=0.02))
    for turn, wait in enumerate(waits):
        assert wait >= turn * 20 * MS
    assert waits[0] < 20 * MS


def test_what_comes_to_a_sleeping_loop_waits_for_nothing() -> None:
    waits = _waits_ns(gap_s=0.03, seconds=0)
    assert all(wait < 20 * MS for wait in waits)


def test_what_comes_while_another_is_handled_waits_for_its_end() -> None:
    async def wait(loop: LoadLoop) -> int:
        servers, (first, second) = await _connected(loop, 2, 0)
        await asyncio.sleep(0.02)

        def have_another_sent_and_work() -> None:
            servers[1].send(b"x")
            # Working, not sleeping: the loop would take that for its own sleep, before the turn.
            until = time.monotonic() + 0.02
            while time.monotonic() < until:
                pass

        first.work, second.work = have_another_sent_and_work, lambda: None  # type: ignore[assignment]
        servers[0].send(b"x")
        await first.arrived.acquire()
        await second.arrived.acquire()
        for server in servers:
            server.close()
        read_ns = np.array([*first.read_ns, *second.read_ns], dtype=np.int64)
        early, late = loop.turns.waited_ns(read_ns).tolist()
        assert early < 10 * MS
        return int(late)

    with asyncio.Runner(loop_factory=LoadLoop) as runner:
        assert runner.run(wait(runner.get_loop())) >= 20 * MS  # type: ignore[arg-type]


def _acknowledgements(*, delayed: bool) -> int:
    """Count what the kernel answers to 40 messages that come one after another."""

    async def counted(loop: LoadLoop) -> int:
        (server,), (client,) = await _connected(loop, 1, 0)
        # The kernel acknowledges the first 16 segments of a connection at once in any case.
        for number in range(60):
            if number == 20:
                before = _segments_out(loop)
            if delayed:
                loop.delay_acks()
            server.send(b"x")
            await client.arrived.acquire()
        after = _segments_out(loop)
        server.close()
        return after - before

    with asyncio.Runner(loop_factory=LoadLoop) as runner:
        return runner.run(counted(runner.get_loop()))  # type: ignore[arg-type]


def _segments_out(loop: LoadLoop) -> int:
    return loop.traffic(1)[0].segments_out


def test_delayed_acknowledgements_are_fewer() -> None:
    assert _acknowledgements(delayed=True) <= 25
    assert _acknowledgements(delayed=False) >= 40


def test_a_socket_file_is_watched_and_counted_by_nobody(tmp_path: Path) -> None:
    async def read(loop: LoadLoop) -> tuple[int, int]:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(tmp_path / "socket"))
            listener.listen()
            transport, client = await loop.create_unix_connection(
                lambda: _Slow(loop, 0), str(tmp_path / "socket")
            )
            with listener.accept()[0] as server:
                server.send(b"x")
                await client.arrived.acquire()  # type: ignore[attr-defined]
            loop.delay_acks()
            transport.close()
            assert loop.traffic(loop.connections()) == {}
            return client.read_ns[0], loop.connections()  # type: ignore[attr-defined]

    with asyncio.Runner(loop_factory=LoadLoop) as runner:
        reading_since_ns, connections = runner.run(read(runner.get_loop()))  # type: ignore[arg-type]
    assert reading_since_ns > 0
    assert connections == 0
