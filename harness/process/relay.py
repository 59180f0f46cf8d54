"""The network of a run: a relay between its servers and their clients, if one is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import numpy as np

from harness.errors import ServerFailed
from harness.pattern import Endpoints
from harness.process.child import Child, log_file, python_command, stop_all
from harness.process.ready import wait_until_ready
from harness.process.watch import KEPT_LOGS, Watch
from harness.recording import Relayed
from harness.wire.redis_place import PORT
from harness.workload import Workload

_END_S = 5.0
_DIRECT = "feed"
"""Begins the roles that never pass the network: messages are to get in alike for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Where clients find the servers, and what stands in between."""

    endpoints: Endpoints
    """Through the relay, where there is one."""
    child: Child | None = None
    watch: Watch | None = None
    report: Path | None = None

    @property
    def pids(self) -> tuple[int, ...]:
        """The relay's process, if there is one."""
        return () if self.child is None else (self.child.pid,)

    def check(self) -> None:
        """Look whether the relay lives.

        Raises:
            ServerFailed: it died; its log's tail is in the error.
        """
        if self.watch is not None:
            self.watch.check()

    def finish(self) -> Relayed | None:
        """End the relay, and give what it says of itself; None where there is none.

        Raises:
            ServerFailed: it did not end, or wrote nothing.
        """
        if self.child is None or self.watch is None or self.report is None:
            return None
        self.child.terminate()
        if not self.child.wait(_END_S) or not self.report.exists():
            raise self.watch.failed(self.child, "did not tell how late it was")
        told = np.fromfile(self.report, dtype=np.int64)
        if len(told) < 2 or len(told) != 2 + 2 * told[0]:
            raise self.watch.failed(self.child, "told only a part of how late it was")
        due_ns, late_ns = np.split(told[2:], 2)
        return Relayed(pid=self.child.pid, due_ns=due_ns, late_ns=late_ns, unrecorded=int(told[1]))


@contextmanager
def network_before(
    endpoints: Endpoints, workload: Workload, *, core: int | None, directory: Path
) -> Iterator[Network]:
    """Put what ``workload`` asks for before the servers at ``endpoints``; leaving ends it.

    Raises:
        ServerFailed: the relay could not be started, or does not answer.
    """
    if not workload.networked:
        yield Network(endpoints=endpoints)
        return
    relayed = {
        role: urlsplit(url) for role, url in endpoints.urls.items() if not role.startswith(_DIRECT)
    }
    report, stdout_path = directory / "relay.lateness", directory / "relay.stdout"
    shape = {"--rtt": workload.rtt, "--jitter": workload.jitter, "--bandwidth": workload.bandwidth}
    argv = (
        *("{python}", "-m", "harness.network.relay", "--report", str(report)),
        *("--seed", str(workload.seed)),
        *(part for option, value in shape.items() for part in (option, repr(value))),
        *far_ends(relayed.values()),
    )
    children: list[Child] = []
    watch = Watch(children=children, keep_logs_dir=KEPT_LOGS)
    try:
        try:
            child = Child.spawn(
                python_command(argv),
                name="relay",
                log_path=log_file(directory, "relay"),
                stdout_path=stdout_path,
                cores=None if core is None else frozenset((core,)),
            )
        except OSError as error:
            raise ServerFailed(f"the relay could not be started: {error}") from error
        children.append(child)
        ways = wait_until_ready(child, stdout_path, tuple(relayed), watch)
        through = {role: _moved(endpoints[role], urlsplit(url).port) for role, url in ways.items()}
        yield Network(
            endpoints=replace(endpoints, urls={**endpoints.urls, **through}),
            child=child,
            watch=watch,
            report=report,
        )
    finally:
        stop_all(children)


def far_ends(urls: Iterable[SplitResult]) -> Sequence[str]:
    """Give where the relay connects to; a Redis has a port that its URL need not name."""
    return [f"{url.hostname}:{url.port or PORT}" for url in urls]


def _moved(url: str, port: int | None) -> str:
    """Give the URL with the relay's address instead of the server's."""
    parts = urlsplit(url)
    login, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{login}{at}127.0.0.1:{port}").geturl()
