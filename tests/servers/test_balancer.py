"""What a balancer is configured with: as many connections as its open files hold, two for each."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers import balancer

GATEWAYS = ("http://127.0.0.1:4001", "http://127.0.0.1:4002")
OWN = 64
"""Files that a balancer may need besides its connections."""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def configured(
    kind: str, listener: socket.socket, directory: Path, monkeypatch: pytest.MonkeyPatch, files: int
) -> str:
    monkeypatch.setattr(balancer.resource, "getrlimit", lambda _what: (files, files))
    argv, _ = balancer.command(kind, f"/usr/sbin/{kind}", GATEWAYS, listener, directory)
    path = next(part for part in argv if part.startswith("/proc/self/fd/"))
    return Path(path).read_text(encoding="ascii")


@pytest.mark.parametrize(("files", "clients"), [(4096, 2016), (1270, 603), (1 << 20, 65_504)])
def test_as_many_clients_as_there_are_files_for(
    listener: socket.socket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: int,
    clients: int,
) -> None:
    haproxy = configured("haproxy", listener, tmp_path, monkeypatch, files)
    assert f"maxconn {clients}\n" in haproxy
    # nginx counts the sockets on both sides.
    nginx = configured("nginx", listener, tmp_path, monkeypatch, files)
    (sockets,) = re.findall(r"worker_connections (\d+);", nginx)
    assert int(sockets) == 2 * clients
    assert int(sockets) + OWN <= files
    (limit,) = re.findall(r"worker_rlimit_nofile (\d+);", nginx)
    assert int(limit) == files


@pytest.mark.parametrize("kind", ["caddy", "haproxy", "nginx"])
def test_every_gateway_is_behind_it(
    kind: str, listener: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = configured(kind, listener, tmp_path, monkeypatch, 4096)
    for url in GATEWAYS:
        assert url.removeprefix("http://") in text
