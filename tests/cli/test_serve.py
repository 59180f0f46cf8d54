"""``abec serve``: URLs that answer until it is told to end, and then nothing is left."""

from __future__ import annotations

import os
import re
import selectors
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import psutil
import pytest

from harness.process.ready import probe

WELCOME_S = 20.0
END_S = 3.0


class Serving:
    """A running ``abec serve``."""

    def __init__(
        self, process: subprocess.Popen[str], still_running: Callable[..., object]
    ) -> None:
        self.process = process
        self.still_running = still_running
        # The welcome is one write, which is one read as long as it fits into a pipe.
        self.lines = os.read(process.stdout.fileno(), 1 << 16).decode().splitlines()
        self.children = psutil.Process(process.pid).children(recursive=True)

    @property
    def urls(self) -> dict[str, str]:
        """The URL of each role."""
        found = (re.fullmatch(r"  (\w+) +(\w+://\S+)", line) for line in self.lines)
        return {match[1]: match[2] for match in found if match}

    def end(self, number: int) -> int:
        """Send a signal, wait, and see that all has gone."""
        self.process.send_signal(number)
        code = self.process.wait(END_S)
        assert self.still_running(self.children) == []
        for url in self.urls.values():
            with socket.socket() as again:
                again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                again.bind(("127.0.0.1", urlsplit(url).port))
        return code


@pytest.fixture
def serve(
    tmp_path: Path, environment: Mapping[str, str], still_running
) -> Iterator[Callable[..., Serving]]:
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> Serving:
        process = subprocess.Popen(
            (sys.executable, "-m", "harness", "serve", *arguments),
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        with selectors.DefaultSelector() as ready:
            ready.register(process.stdout, selectors.EVENT_READ)
            assert ready.select(WELCOME_S), "no welcome"
        return Serving(process, still_running)

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("pattern", ["sse", "websocket@aiohttp", "redis_queue", "floor@no-loop"])
def test_serves_until_it_is_told_to_end(pattern: str, number: int, serve) -> None:
    serving = serve(pattern)
    assert serving.lines[0].startswith(f"{pattern} on ")
    assert serving.urls
    for url in serving.urls.values():
        assert probe(url) == ""
    assert serving.end(number) == 0


@pytest.mark.slow
def test_prints_lines_to_paste(serve) -> None:
    serving = serve("sse")
    examples = serving.lines[serving.lines.index("try") + 1 :]
    assert examples
    assert any("curl" in line and serving.urls["http"] in line for line in examples)
    assert serving.end(signal.SIGTERM) == 0


TYPENAME = '{"data":{"__typename":"Query"}}'
ECHO = '{"data":{"echo":"a message"}}'
SUBSCRIBED = 'event: next\r\ndata: {"data":{"messages":""}}\r\n\r\n'
PUBLISHED = '{"data":{"publish":"1"}}'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pattern", "answers"),
    [
        ("graphql", [TYPENAME, ECHO]),
        ("graphql_subscription_sse", [SUBSCRIBED, PUBLISHED]),
    ],
)
def test_lines_for_curl_work_as_they_stand(pattern: str, answers: list[str], serve) -> None:
    serving = serve(pattern)
    lines = [line.strip() for line in serving.lines if line.strip().startswith("curl ")]
    # A subscription goes on until it is cut.
    done = [
        subprocess.run(["bash", "-c", f"{line} --silent --max-time 0.5"], stdout=subprocess.PIPE)
        for line in lines
    ]
    assert [one.stdout.decode() for one in done] == answers
    assert serving.end(signal.SIGTERM) == 0


@pytest.mark.slow
def test_keeps_a_certificate_while_it_serves(serve) -> None:
    serving = serve("sse", "--tls")
    assert ", TLSv1.3, TLS_" in serving.lines[0]
    authority = re.search(r"curl --cacert (\S+) -N https://", "\n".join(serving.lines))
    assert authority is not None
    believing = ssl.create_default_context(cafile=authority[1])
    with urlopen(f"{serving.urls['http']}/health", context=believing) as answer:
        assert answer.status == 200
    assert serving.end(signal.SIGINT) == 0
    assert not Path(authority[1]).parent.exists()


@pytest.mark.slow
def test_port_of_ones_own(serve) -> None:
    with socket.socket() as probing:
        probing.bind(("127.0.0.1", 0))
        port = probing.getsockname()[1]
    serving = serve("sse", "--port", str(port))
    assert serving.urls["http"] == f"http://127.0.0.1:{port}"
    with urlopen(f"http://127.0.0.1:{port}/health") as answer:
        assert answer.status == 200
    assert serving.end(signal.SIGTERM) == 0


@pytest.mark.slow
def test_server_that_dies_is_reported(serve) -> None:
    serving = serve("websocket")
    serving.children[0].kill()
    assert serving.process.wait(END_S) == 3
    assert serving.process.stderr is not None
    assert re.search(r"abec: server \S+ died \(signal 9, Killed\)", serving.process.stderr.read())
