"""1.9: however a command is ended, and whenever: within 3 s no child is left, no port held."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from harness.machine import Machine
from harness.process.ready import probe
from tests.prove.claim import Claim
from tests.prove.users import users_of

ROOT = Path(__file__).parents[2]
LIMIT_S = 3.0
_WARMUP_S = 1.0
_WINDOW_S = 1.5
_APPEARS_S = 60.0
_SIGNALS = {
    "SIGKILL": signal.SIGKILL,
    "SIGTERM": signal.SIGTERM,
    "Ctrl-C": signal.SIGINT,
}


class Phase(StrEnum):
    """Where a run stands when it is ended."""

    START_UP = "start-up"
    WARM_UP = "warm-up"
    MEASURING = "measuring"
    TEAR_DOWN = "tear-down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command that measures, and what it needs."""

    name: str
    argv: tuple[str, ...]
    server: str
    """What the command line of the server says in whose run the command is ended."""
    env: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """What was there when a command was ended, and how long it stayed."""

    children: int
    ports: int
    gone_s: float
    """From the signal until no child lived and no port answered; infinite if one stayed."""


ABEC = Command(
    name="abec run redis_pubsub",
    argv=(
        sys.executable, "-m", "harness", "run", "redis_pubsub",
        "--rate", "100", "--subscribers", "4",
        "--warmup", f"{_WARMUP_S:g}s", "--duration", f"{_WINDOW_S:g}s",
    ),
    server="redis-server",
)  # fmt: skip


def asv(home: Path) -> Command:
    """Make the command that has asv measure one benchmark of sse, recording nothing.

    asv asks about the machine once and keeps that in ``home``.
    """
    env = {"HOME": str(home), "ABEC_RUNS": "1"}
    subprocess.run(
        (sys.executable, "-m", "asv", "machine", "--yes"),
        cwd=ROOT,
        env={**os.environ, **env},
        check=True,
        capture_output=True,
    )
    head = subprocess.run(
        ("git", "rev-parse", "HEAD"), cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()
    return Command(
        name="asv run",
        argv=(
            sys.executable, "-m", "asv", "run", "--dry-run", "--environment", "existing:same",
            "--set-commit-hash", head, "--bench", r"Delivery.track_p50.*ticker.*'sse'",
        ),
        server="servers.uvicorn_stack",
        env=tuple(env.items()),
    )  # fmt: skip


def prove(_machine: Machine) -> Iterator[Claim]:
    """End both commands by each signal in each phase."""
    with tempfile.TemporaryDirectory(prefix="prove-") as home:
        for command in (ABEC, asv(Path(home))):
            for phase in Phase:
                for name, number in _SIGNALS.items():
                    yield _claim(f"{command.name}, {name} in {phase}", end(command, phase, number))


def _claim(what: str, left: Leftover) -> Claim:
    return Claim(
        what=what,
        figure=f"{left.children} children and {left.ports} ports gone after {left.gone_s:.2f} s",
        bound=f"≤ {LIMIT_S:g} s, at least 1 child there",
        ok=left.gone_s <= LIMIT_S and left.children > 0,
    )


def end(command: Command, phase: Phase, how: signal.Signals) -> Leftover:
    """Start a command, end it in a phase, and watch what stays."""
    with tempfile.TemporaryDirectory(prefix="prove-") as name:
        directory = Path(name)
        process = subprocess.Popen(
            command.argv,
            cwd=ROOT,
            env={**os.environ, **dict(command.env), "TMPDIR": name},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # A terminal's Ctrl-C goes to the whole foreground group.
            start_new_session=True,
        )
        try:
            _wait_for(phase, command, directory, process)
            children = [pid for pid in users_of(directory) if pid != process.pid]
            ports = [port for pid in children for port in _listening(pid)]
            ended_s = time.monotonic()
            if how is signal.SIGINT:
                os.killpg(process.pid, how)
            else:
                process.send_signal(how)
            gone_s = _gone_s(process, directory, ports, ended_s)
        finally:
            _end_all(directory)
            process.kill()
            process.wait()
    return Leftover(children=len(children), ports=len(ports), gone_s=gone_s)


def _wait_for(
    phase: Phase, command: Command, directory: Path, process: subprocess.Popen[bytes]
) -> None:
    """Wait until the command is in a phase of the server's run, as its processes show it."""

    def connected() -> bool:
        return any(_connected(pid) for pid in _servers(command, directory))

    if phase is Phase.START_UP:
        _until(lambda: _servers(command, directory), process)
        return
    _until(connected, process)
    if phase is Phase.WARM_UP:
        return
    time.sleep(_WARMUP_S + _WINDOW_S / 2)
    if phase is Phase.TEAR_DOWN:
        _until(lambda: not connected(), process)


def _until(condition: Callable[[], object], process: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + _APPEARS_S
    while not condition():
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended by itself: exit {process.returncode}")
        if time.monotonic() > deadline_s:
            raise RuntimeError(f"{process.args!r} did not get that far in {_APPEARS_S:g} s")
        time.sleep(0.005)


def _servers(command: Command, directory: Path) -> list[int]:
    return [pid for pid in users_of(directory) if command.server in _command(pid)]


def _connected(pid: int) -> bool:
    """Whether clients are connected to a server: more than what asks for its readiness."""
    with suppress(psutil.Error):
        connections = psutil.Process(pid).net_connections("tcp")
        return bool(sum(one.status == psutil.CONN_ESTABLISHED for one in connections) > 1)
    return False


def _command(pid: int) -> str:
    with suppress(psutil.Error):
        return " ".join(psutil.Process(pid).cmdline())
    return ""


def _listening(pid: int) -> list[int]:
    with suppress(psutil.Error):
        connections = psutil.Process(pid).net_connections("tcp")
        return [one.laddr.port for one in connections if one.status == psutil.CONN_LISTEN]
    return []


def _gone_s(
    process: subprocess.Popen[bytes], directory: Path, ports: Sequence[int], ended_s: float
) -> float:
    while (passed_s := time.monotonic() - ended_s) < 2 * LIMIT_S:
        process.poll()
        if not users_of(directory) and all("refused" in _probe(port) for port in ports):
            return passed_s
        time.sleep(0.01)
    return float("inf")


def _probe(port: int) -> str:
    return probe(f"tcp://127.0.0.1:{port}") or ""


def _end_all(directory: Path) -> None:
    """End what a failing command left; the directory is this run's own."""
    for pid in users_of(directory):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
