"""What npm's ``ws`` and ``eventsource`` and a browser's own clients receive from our servers."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

from harness.process.servers import Running, started
from harness.registry import load
from harness.workload import Workload
from servers.framing import frame

MODULES = Path(__file__).parents[2] / ".venv/npm/node_modules"
SCRIPT = Path(__file__).with_name("plain.mjs")
MESSAGES = [*(f"message {number}" for number in range(1000)), "end"]
DEADLINE_S = 20
PATHS = {"ws": "/ws?mode=subscribe", "eventsource": "/events"}
SUBSCRIBE = """
const client = new window[arguments[0]](arguments[1]);
window.received = [];
window.opened = 0;
client.onopen = () => { window.opened += 1; };
client.onmessage = ({ data }) => {
  window.received.push(data);
  if (data === "end") client.close();
};
"""

Serve = Callable[[str, bool], Running]


@pytest.fixture(scope="module")
def serve() -> Iterator[Serve]:
    """Start the server of a pattern once; who subscribes begins at the newest message."""
    running: dict[tuple[str, bool], Running] = {}
    with ExitStack() as stack:

        def at(pattern: str, tls: bool) -> Running:
            spec, *_ = load(pattern).servers(Workload(tls=tls))
            key = (spec.name, tls)
            if key not in running:
                workload = Workload(tls=tls)
                running[key] = stack.enter_context(started([spec], workload))
            return running[key]

        yield at


def publish(running: Running) -> None:
    """Send all messages by the feed."""
    at = urlsplit(running.endpoints["feed"])
    with socket.create_connection((at.hostname, at.port)) as feed:
        feed.sendall(b"".join(frame(message.encode()) for message in MESSAGES))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "pattern", "tls"),
    [
        ("ws", "websocket", False),
        ("ws", "websocket@aiohttp", False),
        ("ws", "websocket@aiohttp", True),
        ("eventsource", "sse", False),
        ("eventsource", "sse", True),
        ("eventsource", "sse@aiohttp", False),
    ],
)
def test_a_package_receives_each_message_once(
    package: str, pattern: str, tls: bool, serve: Serve, missing: Callable[[str], NoReturn]
) -> None:
    node = shutil.which("node")
    if node is None or not (MODULES / package).is_dir():
        missing(f"node or npm's {package} is not installed; .ci/run does")
    running = serve(pattern, tls)
    believed = {"NODE_EXTRA_CA_CERTS": str(running.authority_path)} if tls else {}
    url = running.endpoints["http"] + PATHS[package]
    with subprocess.Popen(
        (node, SCRIPT, MODULES, package, url),
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | believed,
    ) as client:
        try:
            assert client.stdout is not None
            assert client.stdout.readline() == "\n", "no word that it has subscribed"
            publish(running)
            received, _ = client.communicate(timeout=DEADLINE_S)
        finally:
            client.kill()
    assert client.returncode == 0
    assert received.splitlines() == MESSAGES


@pytest.fixture(scope="module")
def chromium(
    tmp_path_factory: pytest.TempPathFactory, missing: Callable[[str], NoReturn]
) -> Iterator[webdriver.Chrome]:
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        missing("chromium and chromedriver are not installed (Debian: chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('profile')}")
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"):
        options.add_argument(flag)
    with webdriver.Chrome(options=options, service=Service(driver)) as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.parametrize(
    ("client", "pattern"),
    [
        ("WebSocket", "websocket"),
        ("WebSocket", "websocket@aiohttp"),
        ("EventSource", "sse"),
        ("EventSource", "sse@aiohttp"),
    ],
)
def test_a_browser_receives_each_message_once(
    client: str, pattern: str, serve: Serve, chromium: webdriver.Chrome
) -> None:
    running = serve(pattern, False)
    site = running.endpoints["http"]
    # The page is the server's own, as an application's would be: an event stream is read by pages
    # of its own origin alone, unless the server says otherwise at every request.
    chromium.get(f"{site}/health")
    path = PATHS["ws" if client == "WebSocket" else "eventsource"]
    url = re.sub("^http", "ws", site) + path if client == "WebSocket" else site + path
    chromium.execute_script(SUBSCRIBE, client, url)
    _until(chromium, "return window.opened > 0")
    publish(running)
    _until(chromium, "return window.received.at(-1) === 'end'")
    assert chromium.execute_script("return window.received") == MESSAGES
    assert chromium.execute_script("return window.opened") == 1


def _until(chromium: webdriver.Chrome, met: str) -> None:
    driver: Any = chromium
    WebDriverWait(driver, DEADLINE_S, 0.03).until(lambda shown: shown.execute_script(met))
