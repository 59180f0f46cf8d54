"""What a network was to do, against stamps on both sides of it.

An echo of our own stands behind the relay. It and its callers stamp every message before it is
written and after it was read, on one clock, so that each way is known by itself.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import numpy as np
import uvloop

from harness.load.pacer import Pacer
from harness.machine import Machine
from harness.pattern import Endpoints
from harness.process.relay import Network, network_before
from harness.process.scratch import private_directory
from harness.recording import Ints
from harness.registry import load
from harness.workload import Workload
from tests.truth.seen import Seen, watch

CONNECTIONS = 64
RATE = 1000.0
_BYTES = 64
"""Of one message: its number, padded."""
_ROUND_TRIPS_TO_SETTLE = 4
_SEED = 1
_LOADED = 4
"""Connections that carry as much as they can, each with a bandwidth of its own."""
_APART_S = 0.011
_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trips:
    """How long each message took there and back, in ns, and how late the relay was by itself."""

    forth_ns: Ints
    back_ns: Ints
    late_ns: Ints
    """Of each piece, by the relay's own account; empty without a relay."""

    @property
    def around_ns(self) -> Ints:
        """The whole way, without the time that the echo took."""
        around: Ints = self.forth_ns + self.back_ns
        return around


def trips(workload: Workload, machine: Machine, *, seconds: float) -> Trips:
    """Send messages through the network of ``workload`` for so long: Poisson, 1,000/s over 64."""
    gc.collect()
    gc.disable()
    try:
        return uvloop.run(_trips(workload, machine, seconds))
    finally:
        gc.enable()


def carried(workload: Workload, machine: Machine, *, size: int, times: int) -> Ints:
    """Send so many bytes there, then back, so often over four connections at once.

    Give the ns that each took one way, from writing the first byte to reading the last.
    """
    return uvloop.run(_carried(workload, machine, size, times))


def run_pattern(name: str, workload: Workload, machine: Machine) -> Seen:
    """Measure one pattern through the network of ``workload``."""
    return watch(load(name), workload, machine)


def mean(values_ns: Ints) -> float:
    """Give the mean in seconds."""
    return float(np.mean(values_ns)) / _NS


def at(values_ns: Ints, q: float) -> float:
    """Give a quantile in seconds."""
    return float(np.quantile(values_ns, q)) / _NS


class _Stamping(asyncio.Protocol):
    """Cuts what comes into messages, and stamps each as it is read."""

    transport: asyncio.Transport

    def __init__(self, read_ns: Ints, answer: Callable[[asyncio.Transport, bytes], None]) -> None:
        self._read_ns = read_ns
        self._answer = answer
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        now_ns = time.monotonic_ns()
        data = self._rest + data
        whole = len(data) - len(data) % _BYTES
        self._rest = data[whole:]
        for begin in range(0, whole, _BYTES):
            message = data[begin : begin + _BYTES]
            self._read_ns[int(message)] = now_ns
            self._answer(self.transport, message)


@contextmanager
def _relay_before(
    port: int, workload: Workload, machine: Machine
) -> Iterator[tuple[Network, str | None, int | None]]:
    """Put the workload's network before a port here; give host and port of the other side, too."""
    direct = Endpoints(urls={"tcp": f"tcp://127.0.0.1:{port}"})
    core = machine.cores[-1]
    with (
        private_directory() as directory,
        network_before(direct, workload, core=core, directory=Path(directory)) as network,
    ):
        address = urlsplit(network.endpoints["tcp"])
        yield network, address.hostname, address.port


async def _trips(workload: Workload, machine: Machine, seconds: float) -> Trips:
    count = round(RATE * seconds)
    sent_ns, came_ns, answered_ns, back_ns = np.zeros((4, count), dtype=np.int64)
    loop = asyncio.get_running_loop()
    missing = count
    all_back = loop.create_future()

    def echo(transport: asyncio.Transport, message: bytes) -> None:
        answered_ns[int(message)] = time.monotonic_ns()
        transport.write(message)

    def count_down(_transport: asyncio.Transport, _message: bytes) -> None:
        nonlocal missing
        missing -= 1
        if not missing:
            all_back.set_result(None)

    server = await loop.create_server(lambda: _Stamping(came_ns, echo), "127.0.0.1", 0)
    own_port = server.sockets[0].getsockname()[1]
    with _relay_before(own_port, workload, machine) as (network, host, port):
        callers = [
            (await loop.create_connection(lambda: _Stamping(back_ns, count_down), host, port))[1]
            for _ in range(CONNECTIONS)
        ]
        gaps_ns = np.random.default_rng(_SEED).exponential(_NS / RATE, count)
        settled_ns = time.monotonic_ns() + round(_ROUND_TRIPS_TO_SETTLE * workload.rtt * _NS)
        due_ns = (settled_ns + np.cumsum(gaps_ns)).astype(np.int64).tolist()

        def send(number: int) -> None:
            message = b"%0*d" % (_BYTES, number)
            sent_ns[number] = time.monotonic_ns()
            callers[number % CONNECTIONS].transport.write(message)

        with Pacer(due_ns, send) as pacer:
            await pacer.finished()
        await asyncio.wait_for(all_back, 10 + 2 * workload.rtt)
        for caller in callers:
            caller.transport.close()
        relayed = network.finish()
    server.close()
    await server.wait_closed()
    return Trips(
        forth_ns=came_ns - sent_ns,
        back_ns=back_ns - answered_ns,
        late_ns=np.empty(0, dtype=np.int64) if relayed is None else relayed.late_ns,
    )


async def _carried(workload: Workload, machine: Machine, size: int, times: int) -> Ints:
    took_ns: list[int] = []
    load = bytes(size)
    forth_ns = [0] * _LOADED
    back_ns = [0] * _LOADED

    async def take(reader: asyncio.StreamReader, begun_ns: list[int], number: int) -> None:
        await reader.readexactly(size)
        took_ns.append(time.monotonic_ns() - begun_ns[number])

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = await reader.read(1)
        if not said:  # who only asks whether the relay is there
            writer.close()
            return
        number = said[0]
        writer.write(b"!")  # so that nobody counts the time to connect
        for _ in range(times):
            await take(reader, forth_ns, number)
            back_ns[number] = time.monotonic_ns()
            writer.write(load)
        await reader.read()
        writer.close()

    async def call(number: int, host: str | None, port: int | None) -> None:
        # One after another, so that none waits for this process to read what another sent.
        await asyncio.sleep(number * _APART_S)
        reader, writer = await asyncio.open_connection(host, port, limit=size)
        writer.write(bytes([number]))
        await reader.readexactly(1)
        for _ in range(times):
            forth_ns[number] = time.monotonic_ns()
            writer.write(load)
            await take(reader, back_ns, number)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, limit=size) as server:
        own_port = server.sockets[0].getsockname()[1]
        with _relay_before(own_port, workload, machine) as (network, host, port):
            await asyncio.gather(*(call(number, host, port) for number in range(_LOADED)))
            network.finish()
    return np.array(took_ns, dtype=np.int64)
