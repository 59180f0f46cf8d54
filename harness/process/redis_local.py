"""Which process of this host is the Redis at a URL that the user gave.

Its CPU belongs to the run as that of our own servers does. Taken for a foreign program, it would
make every run against a Redis on this host invalid.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from redis.exceptions import RedisError

from harness.process.given_processes import is_here
from harness.process.redis import client
from harness.wire.redis_place import RedisPlace

_PROGRAMS = ("redis-server", "valkey-server")
_PATIENCE_S = 2.0
_PROC = Path("/proc")


def local_servers(urls: Mapping[str, str]) -> Mapping[int, str]:
    """Name by process id the Redis servers at ``urls``, by role, that are surely on this host."""
    found = {local_server(url): role for role, url in urls.items()}
    return {pid: role for pid, role in found.items() if pid is not None}


def local_server(url: str) -> int | None:
    """Give the process id of the Redis at ``url``; None if it is not, or not surely, on this host.

    A server in a container names the id that it has in there, which the kernel lists last among
    its ids (``NSpid`` of proc_pid_status(5)).
    """
    address = RedisPlace.of(url).address
    if not isinstance(address, str) and not is_here(address[0]):
        return None
    try:
        with client(url, _PATIENCE_S) as asked:
            told = int(asked.info("server").get("process_id", 0))
    except RedisError:  # it may not be asked
        return None
    found = [pid for pid, inner in _servers() if inner == told]
    return found[0] if len(found) == 1 else None


def _servers() -> list[tuple[int, int]]:
    """List the Redis servers of this host: their ids here, and in their own namespace."""
    found = []
    for status in _PROC.glob("[0-9]*/status"):
        try:
            lines = dict(line.partition(":")[::2] for line in status.read_text().splitlines())
        except OSError:  # ended meanwhile
            continue
        if lines.get("Name", "").strip() in _PROGRAMS:
            pid = status.parent.name
            found.append((int(pid), int(lines.get("NSpid", pid).split()[-1])))
    return found
