"""A Redis server of our own: private, on a free port of the loopback, with a random password."""

from __future__ import annotations

import resource
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.errors import BadInput, NotMeasured, ServerFailed
from harness.pattern import RedisSpec
from harness.process.child import Child, log_file
from harness.process.redis import RedisSource, SourceKind, answer_to_ping, runnable
from harness.process.redis_guest import rehearse
from harness.process.watch import POLL_S, Watch
from harness.wire.redis_place import with_query, without_login

_PORT_ATTEMPTS = 5
_MAX_CLIENTS = 60_000
"""More than one host's ephemeral ports can reach on one port."""
_RESERVED_FILES = 64
"""Open files that Redis wants for itself, beyond those of its clients (32, and a margin)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingRedis:
    """A Redis that answers."""

    url: str
    """With its password, and ``run=TOKEN`` in the query: what this run's keys begin with."""
    children: tuple[Child, ...]
    """Empty for a server that the harness did not start."""
    others: Mapping[str, str] = field(default_factory=dict)
    """The URLs of a cluster's further nodes, by role."""
    start_again: Callable[[], Child] | None = None
    """Start it once more, on the same port and files, and wait until it answers. Raises as
    ``serve`` does."""

    @property
    def urls(self) -> Mapping[str, str]:
        """Give all URLs by role."""
        return {"redis": self.url, **self.others}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a server is started with."""

    directory: Path
    """For its files."""
    log_dir: Path
    watch: Watch
    """Over all that is being started."""
    cores: frozenset[int] | None
    """On which it runs; None: on any."""


def serve(source: RedisSource, spec: RedisSpec, site: Site) -> ServingRedis:
    """Start ``source``, or take it as it stands.

    Raises:
        BadInput: the server at an explicit URL is not ours, and ``spec`` needs directives or
            commands that this one refuses.
        ServerFailed: it could not be started, died, or did not answer in time.
        NotMeasured: each of several free ports was taken before Redis had it.
    """
    if source.kind is SourceKind.URL:
        refuse_directives(source, spec)
        url = with_run_token(source.where)
        rehearse(url, spec.rehearsal)
        return ServingRedis(url=url, children=())
    serving = start(source, spec, site, secrets.token_hex(16))
    return replace(serving, url=with_run_token(serving.url))


def refuse_directives(source: RedisSource, spec: RedisSpec) -> None:
    """Refuse to configure a server that is not ours.

    Raises:
        BadInput: ``spec`` has directives for it.
    """
    if spec.config:
        wanted = ", ".join(" ".join(directive) for directive in spec.config)
        raise BadInput(
            "--redis",
            without_login(source.where),
            f"its settings are not ours to change, and this needs {wanted}; "
            "leave --redis out or give a redis-server binary",
        )


def start(source: RedisSource, spec: RedisSpec, site: Site, password: str) -> ServingRedis:
    """Start one server, or one node of a cluster, whose URL has no token yet.

    Raises:
        ServerFailed: it could not be started, died, or did not answer in time.
        NotMeasured: each of several free ports was taken before Redis had it.
    """
    try:
        site.directory.mkdir(exist_ok=True)
        binary = runnable(Path(source.where), site.directory)
        for _ in range(_PORT_ATTEMPTS):
            serving = _start(binary, spec, site, password)
            if serving is not None:
                return serving
    except OSError as error:
        raise ServerFailed(f"server {spec.name} could not be started: {error}") from error
    raise NotMeasured(f"redis found {_PORT_ATTEMPTS} ports in use, one after another; try again")


def _start(binary: Path, spec: RedisSpec, site: Site, password: str) -> ServingRedis | None:
    """Start Redis on a port that was free just now; None if somebody was faster."""
    port = _free_port()
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    configuration = _configuration(spec, site.directory, port, password)
    watch = site.watch

    def spawn() -> Child:
        return Child.spawn(
            (str(binary), "-"),
            name=spec.name,
            log_path=log_file(site.log_dir, spec.name),
            # On stdin, so that the password does not stand in the process list.
            stdin=configuration.encode(),
            cores=site.cores,
            cwd=site.directory,
            # Redis ends at once where the locale of its environment is not installed.
            env={"LC_ALL": "C"},
        )

    def start_again() -> Child:
        child = spawn()
        if not _answers(child, url, replace(watch, children=[], started_s=time.monotonic())):
            raise watch.failed(child, child.death)
        return child

    child = spawn()
    if not _answers(child, url, watch):
        return None
    return ServingRedis(url=url, children=(child,), start_again=start_again)


def _answers(child: Child, url: str, watch: Watch) -> bool:
    """Wait until it answers; False if its port was taken meanwhile. Kills it if it does neither."""
    try:
        while problem := answer_to_ping(url):
            if not child.alive:
                if "Address already in use" in child.log_tail():
                    return False
                raise watch.failed(child, child.death)
            watch.check()
            if watch.overdue:
                raise watch.late(child, problem)
            time.sleep(POLL_S)
    except BaseException:
        child.kill()
        raise
    return True


def _configuration(spec: RedisSpec, directory: Path, port: int, password: str) -> str:
    backlog = min(4096, int(Path("/proc/sys/net/core/somaxconn").read_text()))
    open_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    clients = _MAX_CLIENTS
    if open_files != resource.RLIM_INFINITY:
        clients = max(1, min(clients, open_files - _RESERVED_FILES))
    own = (
        ("bind", "127.0.0.1"),
        ("port", str(port)),
        ("protected-mode", "yes"),
        ("requirepass", password),
        ("daemonize", "no"),
        ("dir", f'"{directory}"'),
        ("save", '""'),
        ("appendonly", "no"),
        ("tcp-backlog", str(backlog)),
        ("maxclients", str(clients)),
        ("proto-max-bulk-len", "512mb"),
        ("client-output-buffer-limit", "normal 0 0 0"),
        ("client-output-buffer-limit", "pubsub 0 0 0"),
    )
    directives = (*own, *(_of_a_node() if spec.nodes > 1 else ()), *spec.config)
    return "".join(f"{name} {value}\n" for name, value in directives)


def _of_a_node() -> tuple[tuple[str, str], ...]:
    """Give what makes a server a node of a cluster; its ``nodes.conf`` is in its directory."""
    return (
        ("cluster-enabled", "yes"),
        # Else ten thousand above the other one, whether that is free or not.
        ("cluster-port", str(_free_port())),
        ("cluster-announce-ip", "127.0.0.1"),
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def with_run_token(url: str) -> str:
    """Give ``url`` with a new token for one run's keys in its query."""
    return with_query(url, run=secrets.token_hex(4))
