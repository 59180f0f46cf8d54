"""The servers of one run: started together, watched, and stopped whatever happens."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from harness.errors import ServerFailed
from harness.given_server import roles
from harness.pattern import AnyServerSpec, Endpoints, RedisSpec, ServerSpec
from harness.process.certificate import agreed, certify
from harness.process.child import Child, log_file, python_command, stop_all
from harness.process.given_processes import GivenProcesses, given_processes
from harness.process.program import located
from harness.process.ready import wait_until_ready
from harness.process.redis_cluster import resolve_nodes, serve_nodes
from harness.process.redis_guest import remove
from harness.process.redis_local import local_servers
from harness.process.redis_server import ServingRedis, Site
from harness.process.scratch import file_system, private_directory
from harness.process.watch import KEPT_LOGS, Watch
from harness.workload import Workload

REDIS_URL = "ABEC_REDIS_URL"
"""Not on the command line, where everybody could read the password."""
UPSTREAMS = "ABEC_UPSTREAMS"
"""The URLs of those that a server stands before, separated by spaces."""
NOTES = "ABEC_NOTES"
"""A directory in which servers may note what is read after the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Servers that answered."""

    endpoints: Endpoints
    children: tuple[Child, ...]
    """Those that were started here; a Redis at an explicit URL is not among them."""
    given: GivenProcesses | None
    """What is known of a server at an explicit URL; None where all were started here."""
    tls_label: str
    """What is agreed on: ``TLSv1.3, TLS_AES_256_GCM_SHA384``, perhaps ``to Redis``; empty without
    TLS."""
    redis_label: str
    """Which Redis serves, for example ``Redis 8.2.3 (bundled)``; empty if none was asked for."""
    watch: Watch
    notes_dir: Path
    """Where the servers note what is read after the run."""
    authority_path: Path | None = None
    """Where the certificate of who signed the servers' is, until they are stopped."""
    restarting: tuple[Child, ...] = ()
    """Those that go away and come back when they are told."""

    def interrupt(self) -> None:
        """Tell those that are to go away to do so now."""
        for child in self.restarting:
            child.signal(signal.SIGUSR1)

    restart_redis: Callable[[], int] | None = None
    """Kill the Redis (SIGKILL), start it again on the same files and wait until it answers; give
    when it was dead, by CLOCK_MONOTONIC in ns."""

    def kill(self, name: str) -> Child:
        """Kill (SIGKILL) the server of that name; that it is gone is no failure from now on."""
        (victim,) = (child for child in self.watch.children if child.name == name)
        self.watch.children.remove(victim)
        victim.kill()
        return victim

    def check(self) -> None:
        """Look whether all servers live.

        Raises:
            ServerFailed: one died; the error holds its log's tail and says where all of it is.
        """
        self.watch.check()


@contextmanager
def started(
    specs: Sequence[AnyServerSpec],
    workload: Workload,
    *,
    cores: frozenset[int] | None = None,
    log_dir: Path | None = None,
    keep_logs_dir: Path = KEPT_LOGS,
    deadline_s: float = 15.0,
) -> Iterator[Running]:
    """Start all ``specs`` on ``cores``, wait until each answers a request; leaving stops them.

    Logs are written to ``log_dir`` and stay there; without one, to a private directory that is
    removed at the end, after the log of a server that failed was copied to ``keep_logs_dir``.
    To be called from the main thread: children die with the thread that started them.

    Raises:
        ServerFailed: a server could not be started, died, or did not answer in ``deadline_s``.
        NotMeasured: no Redis is found.
        BadInput: the Redis or the server that ``workload`` names cannot be used.
    """
    children: list[Child] = []
    watch = Watch(children=children, keep_logs_dir=log_dir or keep_logs_dir, deadline_s=deadline_s)
    with private_directory() as scratch, ExitStack() as leaving:
        directory = Path(scratch)
        try:
            everyone = [spec for spec in specs if isinstance(spec, ServerSpec)]
            paths = {spec.name: located(spec.program) for spec in everyone if spec.program}
            programs = [spec for spec in everyone if not spec.before]
            launched: list[tuple[ServerSpec, Child, Path]] = []

            certificate = certify(directory) if workload.tls else None
            authority = certificate.authority if certificate else ""

            def launch(spec: ServerSpec, env: Mapping[str, str]) -> None:
                spec = _with(spec, paths)
                if certificate is not None:
                    spec = replace(spec, argv=(*spec.argv, *certificate.options))
                child, stdout_path = _launch(
                    spec, directory, log_dir or directory, cores, children, env
                )
                launched.append((spec, child, stdout_path))

            # All are spawned before the first is waited for, so that they start in parallel.
            notes = {NOTES: scratch}
            for spec in programs:
                if not spec.needs_redis:
                    launch(spec, notes)
            urls: dict[str, str] = {}
            redis_label = redis_tls = ""
            given: GivenProcesses | None = None
            restart: Callable[[], int] | None = None
            for redis_spec in specs:
                if isinstance(redis_spec, RedisSpec):
                    source = resolve_nodes(redis_spec.nodes, workload.redis_at, workload.ca)
                    redis_label = source.label
                    redis_tls = f"{source.tls} to Redis" if source.tls else ""
                    site = Site(
                        directory=directory,
                        log_dir=log_dir or directory,
                        watch=watch,
                        cores=cores,
                    )
                    redis = serve_nodes(source, redis_spec, site)
                    urls |= redis.urls
                    if redis_spec.nodes > 1:
                        redis_label += f", a cluster of {1 + len(redis.others)}"
                    if redis.children:
                        children.extend(redis.children)
                        if redis_spec.config:
                            redis_label += f", files on {file_system(directory)}"
                        restart = partial(_restart, redis, children, len(children) - 1)
                    else:
                        given = given_processes(workload, local_servers(redis.urls))
                        leaving.callback(remove, redis.url, redis_spec.keys)
            if workload.elsewhere:
                urls |= roles(workload.url, workload.publish_url)
                given = given_processes(workload, {})
            for spec in programs:
                if spec.needs_redis:
                    launch(spec, {**notes, REDIS_URL: urls["redis"]})
            for spec, child, stdout_path in launched:
                urls |= wait_until_ready(child, stdout_path, spec.roles, watch, authority)
            for spec in everyone:
                if spec.before:
                    upstreams = " ".join(urls[role] for role in spec.before)
                    launch(spec, {**notes, UPSTREAMS: upstreams})
                    _, child, stdout_path = launched[-1]
                    urls |= wait_until_ready(child, stdout_path, spec.roles, watch, authority)
            yield Running(
                endpoints=Endpoints(urls=urls, authority=authority),
                children=tuple(children),
                given=given,
                tls_label=agreed(urls["http"], authority) if authority else redis_tls,
                redis_label=redis_label,
                watch=watch,
                notes_dir=directory,
                authority_path=certificate.authority_path if certificate else None,
                restarting=tuple(child for spec, child, _ in launched if spec.absent_s),
                restart_redis=restart,
            )
        finally:
            stop_all(children)


def _with(spec: ServerSpec, paths: Mapping[str, str]) -> ServerSpec:
    path = paths.get(spec.name, "")
    return replace(spec, argv=tuple(path if w == "{program}" else w for w in spec.argv))


def _restart(redis: ServingRedis, children: list[Child], place: int) -> int:
    if redis.start_again is None:
        raise RuntimeError("only a Redis that was started here can be started again")
    children[place].kill()
    dead_ns = time.monotonic_ns()
    children[place] = redis.start_again()
    return dead_ns


def _launch(
    spec: ServerSpec,
    directory: Path,
    log_dir: Path,
    cores: frozenset[int] | None,
    children: list[Child],
    env: Mapping[str, str],
) -> tuple[Child, Path]:
    """Spawn one program, and tell where its stdout goes."""
    log_path = log_file(log_dir, spec.name)
    stdout_path = directory / f"{log_path.stem}.stdout"
    argv = python_command(spec.argv)
    try:
        child = Child.spawn(
            argv, name=spec.name, log_path=log_path, stdout_path=stdout_path, cores=cores, env=env
        )
    except OSError as error:
        raise ServerFailed(f"server {spec.name} could not be started: {error}") from error
    children.append(child)
    return child, stdout_path
