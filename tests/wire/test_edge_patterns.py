"""Every edge pattern, with both clients, against its real server in a process of its own."""

import asyncio
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from harness.load.loop import LoadLoop
from harness.pattern import DISCONNECTED, EVICTED, Endpoints, Pattern, Seat, Send, ServerSpec
from harness.patterns import long_polling, rest, rest_polling, sse, websocket
from harness.workload import ClientKind, Exchange, Ingress, Workload

ALL = (
    rest_polling.REST_POLLING,
    rest_polling.ON_AIOHTTP,
    long_polling.LONG_POLLING,
    long_polling.ON_AIOHTTP,
    sse.SSE,
    sse.ON_AIOHTTP,
    sse.ON_SSE_STARLETTE,
    websocket.WEBSOCKET,
    websocket.ON_AIOHTTP,
    websocket.ON_WEBSOCKETS,
    websocket.ON_WEBSOCKETS_BROADCAST,
    rest.REST,
    rest.ON_AIOHTTP,
)
BROADCAST = [pattern for pattern in ALL if Exchange.BROADCAST in pattern.exchanges]
CALLING = [pattern for pattern in ALL if Exchange.REQUEST_REPLY in pattern.exchanges]
WEBSOCKETS = [pattern for pattern in ALL if pattern.compresses]
ON_UVICORN = [pattern for pattern in ALL if pattern.stack == "uvicorn"]
POLLING = ("rest_polling", "long_polling")

Spec = tuple[ServerSpec, tuple[str, ...]]


class Server(NamedTuple):
    """A running server: its process, and where it is."""

    process: subprocess.Popen[str]
    endpoints: Endpoints


@contextmanager
def serving(pattern: Pattern, workload: Workload, *options: str) -> Iterator[Server]:
    """Start the pattern's server with more ``options``; it has to write nothing to stderr."""
    (spec,) = pattern.servers(workload)
    assert isinstance(spec, ServerSpec)
    argv = [sys.executable if part == "{python}" else part for part in spec.argv]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [*argv, *options], stdout=subprocess.PIPE, stderr=log, text=True
        )
        assert process.stdout is not None
        try:
            urls = process.stdout.readline().split()
            assert len(urls) == len(spec.roles), f"{argv} printed {urls}"
            yield Server(process, Endpoints(urls=dict(zip(spec.roles, urls, strict=True))))
        finally:
            process.terminate()
            process.communicate()
        log.seek(0)
        assert log.read() == ""


@pytest.fixture(scope="module")
def shared() -> Iterator[Callable[[Pattern, Workload], Endpoints]]:
    """Start each server once; a reader begins at the newest message, so tests don't meet."""
    running: dict[tuple[str, ...], Server] = {}
    with ExitStack() as stack:

        def endpoints(pattern: Pattern, workload: Workload) -> Endpoints:
            (spec,) = pattern.servers(workload)
            assert isinstance(spec, ServerSpec)
            if spec.argv not in running:
                running[spec.argv] = stack.enter_context(serving(pattern, workload))
            return running[spec.argv].endpoints

        yield endpoints


class Inbox:
    """What one subscriber or caller got, what was noted, and what was handed over."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.notes: list[str] = []
        self.sent: list[bytes] = []
        self._wanted: Callable[[], bool] = lambda: True
        self._happened = asyncio.Event()

    def deliver(self, message: bytes) -> None:
        self.messages.append(message)
        self._look()

    def note(self, cause: str) -> None:
        self.notes.append(cause)
        self._look()

    def on_sent(self, message: bytes) -> None:
        self.sent.append(message)

    async def until(self, wanted: Callable[[], bool]) -> None:
        """Wait until ``wanted`` is true after a delivery or a note."""
        self._wanted = wanted
        self._look()
        await asyncio.wait_for(self._happened.wait(), 10)
        self._happened.clear()

    async def has(self, count: int) -> None:
        await self.until(lambda: len(self.messages) >= count)

    def seat(self, endpoints: Endpoints, workload: Workload, index: int = 0) -> Seat:
        return Seat(endpoints=endpoints, workload=workload, index=index, note=self.note)

    def _look(self) -> None:
        if self._wanted():
            self._happened.set()


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run ``test`` on the loop of load processes; neither task nor socket may remain."""

    async def watched() -> None:
        before = sockets()
        await asyncio.wait_for(test, 30)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert sockets() == before

    with asyncio.Runner(loop_factory=LoadLoop) as runner:
        runner.run(watched())


def sockets() -> set[str]:
    """Name the TCP sockets that this process has open."""
    names = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            name = str(descriptor.readlink())
            duplicate = socket.fromfd(int(descriptor.name), -1, -1)
        except OSError:
            continue
        with duplicate:
            if duplicate.family == socket.AF_INET:
                names.add(name)
    return names


def texts(count: int, size: int = 256) -> list[bytes]:
    """Make messages that differ, of ``size`` bytes."""
    return [b"%06d:%b" % (at, bytes(33 + (at + i) % 90 for i in range(64)) * 2)[:size] for at in range(count)]


def named(pattern: Pattern) -> str:
    return pattern.name


@asynccontextmanager
async def subscribed(
    pattern: Pattern, client: ClientKind, seat: Seat, inbox: Inbox
) -> AsyncIterator[None]:
    subscribe = pattern.clients[client].subscribe
    assert subscribe is not None
    async with subscribe(seat, inbox.deliver):
        yield


def calling(pattern: Pattern, client: ClientKind, seat: Seat, inbox: Inbox) -> Any:
    call = pattern.clients[client].call
    assert call is not None
    return call(seat, inbox.on_sent, inbox.deliver)
