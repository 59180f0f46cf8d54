"""What npm's clients of GraphQL receive from our server: each message once, in order."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import pytest

from harness.process.servers import started
from harness.registry import load
from harness.rig import WORKLOAD
from servers.framing import frame

MODULES = Path(__file__).parents[2] / ".venv/npm/node_modules"
SCRIPT = Path(__file__).with_name("subscribe.mjs")
MESSAGES = [*(f"message {number}" for number in range(1000)), "end"]
DEADLINE_S = 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "pattern"),
    [("graphql-ws", "graphql_subscription"), ("graphql-sse", "graphql_subscription_sse")],
)
def test_a_thousand_messages_without_gap_or_repetition(
    package: str, pattern: str, missing: Callable[[str], NoReturn]
) -> None:
    node = shutil.which("node")
    if node is None or not (MODULES / package).is_dir():
        missing(f"node or npm's {package} is not installed; .ci/run does")
    with started(load(pattern).servers(WORKLOAD), WORKLOAD) as running:
        url = f"{running.endpoints['http']}/graphql"
        with (
            subprocess.Popen(
                (node, SCRIPT, MODULES, package, url), stdout=subprocess.PIPE, text=True
            ) as client,
            socket.socket() as feed,
        ):
            try:
                assert client.stdout is not None
                assert client.stdout.readline() == "\n", "no word that it has subscribed"
                at = urlsplit(running.endpoints["feed"])
                feed.connect((at.hostname, at.port))
                feed.sendall(b"".join(frame(message.encode()) for message in MESSAGES))
                received, _ = client.communicate(timeout=DEADLINE_S)
            finally:
                client.kill()
            assert client.returncode == 0
    assert received.splitlines() == MESSAGES
