"""Servers that are there already: the examples, and some that speak something else."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import pytest

from tests.your_server.peers import MODULES, launch, stop

CERTIFICATES = Path(__file__).with_name("certificates")

Missing = Callable[[str], NoReturn]
Url = Callable[[str], str]


def require(example: str, missing: Missing) -> None:
    """End the test where what an example needs is not installed."""
    if example.endswith(".js") and shutil.which("node") is None:
        missing("node is not installed; apt-get install nodejs npm")
    if example == "websocket_server.js" and not (MODULES / "ws").is_dir():
        missing("npm's ws is not installed; npm install --no-save --prefix .venv/npm ws@8.23.0")


@pytest.fixture(scope="module")
def example(missing: Missing) -> Iterator[Url]:
    """Give the URL of an example by its name; it is started when first asked for."""
    running: dict[str, tuple[subprocess.Popen[str], str]] = {}

    def url(name: str) -> str:
        require(name, missing)
        if name not in running:
            running[name] = launch(name)
        return running[name][1]

    yield url
    for process, _ in running.values():
        stop(process)


@pytest.fixture
def answering() -> Iterator[Callable[..., int]]:
    """Start what answers each first request with ``data`` (or never), perhaps by TLS."""
    with contextlib.ExitStack() as leaving:

        def start(
            data: bytes,
            certificate: str = "",
            tune: Callable[[ssl.SSLContext], None] = lambda _context: None,
        ) -> int:
            listener = leaving.enter_context(socket.create_server(("127.0.0.1", 0)))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            if certificate:
                context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")
                tune(context)

            def answer(taken: socket.socket) -> None:
                with contextlib.suppress(OSError), contextlib.ExitStack() as open_:
                    connection = open_.enter_context(taken)
                    if certificate:
                        connection = open_.enter_context(
                            context.wrap_socket(taken, server_side=True)
                        )
                    connection.recv(65536)
                    connection.sendall(data)
                    connection.recv(65536)

            def serve() -> None:
                with contextlib.suppress(OSError), ThreadPoolExecutor() as pool:
                    while True:
                        pool.submit(answer, listener.accept()[0])

            thread = threading.Thread(target=serve)
            thread.start()
            leaving.callback(thread.join)
            leaving.callback(listener.shutdown, socket.SHUT_RDWR)
            port: int = listener.getsockname()[1]
            return port

        yield start
