"""Real servers as subprocesses, and the few lines of client that the contract tests share."""

from __future__ import annotations

import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

import pytest

from servers.framing import HEADER_BYTES, frame

POLLING = ("uvicorn_stack", "aiohttp_stack", "truth")
SSE = (*POLLING, "sse_starlette")
WEBSOCKET = (*POLLING, "websockets_library", "websockets_library --broadcast")
FLOORS = ("floor", "floor_no_loop", "truth --stack floor")
EVERY = (*SSE, *WEBSOCKET[3:], *FLOORS)
DEADLINE_S = 10.0


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for ``polling``, ``sse`` … runs against each server that speaks it."""
    for name, servers in {
        "polling": POLLING,
        "sse": SSE,
        "websocket": WEBSOCKET,
        "floor": FLOORS,
        "every": EVERY,
    }.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, servers)


@dataclass(slots=True, kw_only=True)
class Running:
    """A started server and the connections that a test has opened to it."""

    process: subprocess.Popen[str]
    urls: list[str]
    stack: ExitStack
    _feed: socket.socket | None = field(default=None)

    def connect(self, role: int = 0, receive_buffer: int | None = None) -> socket.socket:
        """Open a TCP connection to the URL at ``role``."""
        address = urlsplit(self.urls[role])
        connection = self.stack.enter_context(socket.socket())
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(DEADLINE_S)
        connection.connect((address.hostname, address.port))
        return connection

    def feed(self, *messages: bytes) -> None:
        """Publish by the feed."""
        if self._feed is None:
            self._feed = self.connect(1)
        self._feed.sendall(b"".join(map(frame, messages)))

    def http(self) -> HTTPConnection:
        """Open a keep-alive HTTP connection."""
        address = urlsplit(self.urls[0])
        assert address.hostname is not None
        connection = HTTPConnection(address.hostname, address.port, timeout=DEADLINE_S)
        self.stack.callback(connection.close)
        return connection

    def ask(
        self, method: str, path: str, body: bytes | None = None
    ) -> tuple[int, bytes, int | None]:
        """Make one request; give status, body and cursor."""
        connection = self.http()
        connection.request(method, path, body)
        return self.answer(connection)

    def stream(
        self,
        path: str = "/events",
        headers: dict[str, str] | None = None,
        receive_buffer: int | None = None,
    ) -> HTTPResponse:
        """Open an event stream; returns once its headers are there."""
        connection = self.http()
        connection.sock = self.connect(0, receive_buffer)
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        self.stack.callback(response.close)
        return response

    def stuck(self, request: bytes) -> socket.socket:
        """Send ``request`` by a connection whose receive buffer is small."""
        connection = self.connect(receive_buffer=4096)
        connection.sendall(request)
        return connection

    def websocket_url(self, mode: str, channel: str = "main") -> str:
        """Give the URL of ``/ws``."""
        return f"ws{self.urls[0][4:]}/ws?mode={mode}&channel={channel}"

    def stop(self) -> float:
        """SIGTERM; give the seconds until the process has ended well."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(DEADLINE_S) == 0
        return time.monotonic() - begun

    @staticmethod
    def answer(connection: HTTPConnection) -> tuple[int, bytes, int | None]:
        """Read one response: status, body and cursor."""
        response = connection.getresponse()
        cursor = response.getheader("x-cursor")
        return response.status, response.read(), None if cursor is None else int(cursor)

    @staticmethod
    def receive(connection: socket.socket, size: int) -> bytes:
        """Read exactly ``size`` bytes."""
        parts = []
        while size:
            part = connection.recv(min(size, 1 << 16))
            assert part, "the connection ended"
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    @staticmethod
    def receive_frame(connection: socket.socket) -> bytes:
        """Read one message of the floor."""
        return Running.receive(
            connection, int.from_bytes(Running.receive(connection, HEADER_BYTES), "big")
        )

    @staticmethod
    def event_of(response: HTTPResponse) -> dict[str, str]:
        """Read one event, comments included as ``""``; empty at the stream's end."""
        fields: dict[str, str] = {}
        while (line := response.readline().decode()) not in ("", "\n"):
            name, _, value = line.rstrip("\n").partition(":")
            fields[name] = value.removeprefix(" ")
        return fields

    @staticmethod
    def silent(connection: socket.socket, seconds: float) -> bool:
        """Whether nothing arrives for that long."""
        return not select.select([connection], [], [], seconds)[0]


Start = Callable[..., Running]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start servers; each is stopped at the end, and must have ended with exit code 0."""
    with ExitStack() as stack:

        def start_one(name: str, *options: str) -> Running:
            running = _started(name, *options)
            stack.callback(_end, running.process)
            stack.push(running.stack)
            return running

        yield start_one


@pytest.fixture(scope="module")
def running_by_name() -> Iterator[dict[str, Running]]:
    """Hold what ``shared`` started; each must end with exit code 0."""
    running: dict[str, Running] = {}
    with ExitStack() as stack:
        stack.callback(lambda: [_end(one.process) for one in running.values()])
        yield running


@pytest.fixture
def shared(running_by_name: dict[str, Running]) -> Iterator[Start]:
    """Give the module's own server of a name: for tests that find nothing of others' in it.

    What a test opens is closed at its end, and it publishes where nobody reads from the start.
    """
    with ExitStack() as stack:

        def share(name: str) -> Running:
            if name not in running_by_name:
                running_by_name[name] = _started(name)
            one = running_by_name[name]
            own = Running(process=one.process, urls=one.urls, stack=ExitStack())
            stack.push(own.stack)
            return own

        yield share


def _started(name: str, *options: str) -> Running:
    module, *more = name.split()
    command = [sys.executable, "-m", f"servers.{module}", *more, *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    running = Running(process=process, urls=process.stdout.readline().split(), stack=ExitStack())
    if len(running.urls) != 2:
        process.kill()
        process.wait()
        raise AssertionError(f"{command} printed {running.urls}")
    return running


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(DEADLINE_S)
        finally:
            process.kill()
    if process.stdout is not None:
        process.stdout.close()
    assert process.returncode == 0
