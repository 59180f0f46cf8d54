"""Which processes of this host are the server at a URL that the user gave.

Their CPU belongs to the run as that of our own servers does. Taken for a foreign program, it would
make every run against a server on this host invalid.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from ipaddress import ip_address

import psutil

from harness.errors import BadInput
from harness.wire.place import Place
from harness.workload import Workload


def given_processes(workload: Workload, redis: Mapping[int, str]) -> Mapping[int, str]:
    """Name the processes of the server that ``workload`` gives, by process id.

    These are ``--pid`` and their children; without that option those of ``redis`` that are known,
    or all that listen on the URL's port of this host, as far as they may be looked at.

    Raises:
        BadInput: a process that is named does not run.
    """
    if workload.pid:
        return _with_children(map(_process, workload.pid))
    if redis:
        return redis
    if not workload.elsewhere:
        return {}
    host, port = Place.of(workload.url).address
    return _with_children(_listening(port)) if is_here(host) else {}


def is_here(host: str) -> bool:
    """Whether a name or an address is one of this host's."""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    ours = {one.address for ones in psutil.net_if_addrs().values() for one in ones}
    return any(address in ours or ip_address(address).is_loopback for address in found)


def _process(pid: int) -> psutil.Process:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        raise BadInput(
            "--pid", pid, "no such process runs here; give one of the server at --url"
        ) from None


def _listening(port: int) -> list[psutil.Process]:
    pids = {
        connection.pid
        for connection in psutil.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
        and connection.laddr.port == port
        and connection.pid is not None
    }
    found = []
    for pid in pids:
        with suppress(psutil.NoSuchProcess):  # ended meanwhile
            found.append(psutil.Process(pid))
    return found


def _with_children(processes: Iterable[psutil.Process]) -> Mapping[int, str]:
    """Name processes and their children by process id."""
    found = {}
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            for one in (process, *process.children(recursive=True)):
                found[one.pid] = one.name()
    return dict(sorted(found.items()))
