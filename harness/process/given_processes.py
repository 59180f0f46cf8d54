"""Which processes of this host are the server at a URL that the user gave.

Their CPU belongs to the run as that of our own servers does. Taken for a foreign program, it would
make every run against a server on this host invalid.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import psutil

from harness.errors import BadInput
from harness.wire.place import Place
from harness.wire.redis_place import RedisPlace
from harness.workload import Workload

FORWARDERS = frozenset(
    {
        "docker-proxy",
        "rootlessport",
        "rootlesskit",
        "slirp4netns",
        "pasta",
        "gvproxy",
        "kubectl",
        "ssh",
        "sshd",
        "socat",
        "stunnel",
        "stunnel4",
        "systemd",
        "systemd-socket-proxyd",
    }
)
"""Programs that listen for a server which is somewhere else, by the name of their process."""

_Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenProcesses:
    """What is known of a server that was there before: process ids, and their names."""

    server: Mapping[int, str] = field(default_factory=dict)
    """Whose CPU and memory are the server's."""
    forwarders: Mapping[int, str] = field(default_factory=dict)
    """What only passes on to it: neither the server's nor a foreign program's."""
    roots: tuple[psutil.Process, ...] = ()
    """Whose children belong to the server, whenever they came."""

    def now(self) -> GivenProcesses:
        """Look again: workers come and go."""
        return replace(self, server=_with_children(self.roots)) if self.roots else self


def given_processes(workload: Workload, redis: Mapping[int, str]) -> GivenProcesses:
    """Find the processes of the server that ``workload`` gives.

    These are ``--pid`` and their children; without that option those of ``redis``, or all that
    take connections at the URL's address and their children, as far as they may be looked at.

    Raises:
        BadInput: a process that is named does not run.
    """
    named = tuple(map(_process, workload.pid))
    at_door = _at_door(workload)
    forwarders = {process.pid: name for process, name in at_door.items() if name in FORWARDERS}
    if not named and not workload.elsewhere:
        return GivenProcesses(server=redis, forwarders=forwarders)
    roots = named or tuple(process for process in at_door if process.pid not in forwarders)
    server = _with_children(roots)
    return GivenProcesses(
        server=server,
        forwarders={pid: name for pid, name in forwarders.items() if pid not in server},
        roots=roots,
    )


def is_here(host: str) -> bool:
    """Whether a name or an address is one of this host's."""
    ours = {
        _plain(one.address)
        for ones in psutil.net_if_addrs().values()
        for one in ones
        if one.family in (socket.AF_INET, socket.AF_INET6)
    }
    return any(address.is_loopback or address in ours for address in _addresses(host))


def _at_door(workload: Workload) -> Mapping[psutil.Process, str]:
    """Find who takes the connections that are made to a URL of this host, and their names."""
    if workload.elsewhere:
        host, port = Place.of(workload.url).address
    else:
        address = RedisPlace.of(workload.redis_at).address
        if isinstance(address, str):  # whoever listens at a file passes nothing on
            return {}
        host, port = address
    return _listening(host, port) if is_here(host) else {}


def _listening(host: str, port: int) -> Mapping[psutil.Process, str]:
    """Find who listens where a connection ends up: at the first address that anybody takes.

    A listener at the very address goes before one at any address.
    """
    listeners = [
        connection
        for connection in psutil.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    ]
    for address in _addresses(host):
        for takes in _by_precedence(address):
            found = [one for one in listeners if takes(_plain(one.laddr.ip))]
            if found:
                return _named(found)
    return {}


def _by_precedence(address: _Address) -> Sequence[Callable[[_Address], bool]]:
    return (
        lambda own: own == address,
        lambda own: own.is_unspecified and own.version == address.version,
        # One of IPv6 at any address takes IPv4 too, unless it asked not to.
        lambda own: own.is_unspecified and own.version == 6,
    )


def _named(listeners: Iterable[Any]) -> Mapping[psutil.Process, str]:
    found = {}
    for pid in sorted({one.pid for one in listeners if one.pid is not None}):
        with suppress(psutil.NoSuchProcess):  # ended meanwhile
            process = psutil.Process(pid)
            found[process] = process.name()
    return found


def _addresses(host: str) -> Sequence[_Address]:
    """Give the addresses of a name, in the order in which a client tries them."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return ()
    return tuple(dict.fromkeys(_plain(str(info[4][0])) for info in found))


def _plain(text: str) -> _Address:
    """Read an address; one of IPv4 that is written as IPv6 is one of IPv4."""
    address = ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def _process(pid: int) -> psutil.Process:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        raise BadInput(
            "--pid", pid, "no such process runs here; give one of the server at --url"
        ) from None


def _with_children(processes: Iterable[psutil.Process]) -> Mapping[int, str]:
    """Name processes that live, and their children, by process id."""
    found = {}
    for process in processes:
        family = [process]
        with suppress(psutil.NoSuchProcess):
            family += process.children(recursive=True)
        for one in family:
            with suppress(psutil.NoSuchProcess):
                if one.is_running() and one.status() != psutil.STATUS_ZOMBIE:
                    found[one.pid] = one.name()
    return dict(sorted(found.items()))
