"""What fails in the middle of a run ends the run at once, with the reason, and leaves nothing."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import LoadFailed, ServerFailed
from harness.machine import read_machine
from harness.measure.resources import ServerSnapshot
from harness.observe import Live, observe
from harness.pattern import ServerSpec
from harness.plan import plan
from harness.process.redis import resolve
from harness.registry import load
from harness.run import run
from harness.series import run_undisturbed
from harness.workload import Exchange, Workload

pytestmark = pytest.mark.alone

AT_ONCE_S = 2.0
LONG = Workload(rate=100.0, warmup=0.2, duration=60.0)
"""A run that ends only because something failed."""
FRAIL = """
import os, runpy, sys, threading, time
def fail():
    print("the disk is full", file=sys.stderr, flush=True)
    os._exit(7)
threading.Timer(2.5, fail).start()
sys.argv[:] = ["server", "--port", "0", "--feed-port", "0"]
runpy.run_module("servers.uvicorn_stack", run_name="__main__")
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in a directory of the test's own; nothing temporary may be left."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    yield tmp_path
    assert list(temporary.iterdir()) == []


class Killing:
    """Kills what ``chosen`` names of a live run, a moment after messages began to flow."""

    def __init__(self, chosen: Callable[[Live], Sequence[int]]) -> None:
        self.chosen = chosen
        self.pids: tuple[int, ...] = ()
        self.killed_s = float("inf")

    def on_start(self, live: Live) -> None:
        self.pids = (*live.server_pids, *live.load_pids)
        threading.Thread(target=self._kill, args=(live,), daemon=True).start()

    def _kill(self, live: Live) -> None:
        time.sleep(max(0.0, live.start_ns / 1e9 + 0.7 - time.monotonic()))
        self.killed_s = time.monotonic()
        for pid in self.chosen(live):
            os.kill(pid, signal.SIGKILL)


def alive(pids: Sequence[int]) -> list[int]:
    """Give those that still run; a zombie would be one that nobody reaped."""
    found = []
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, 0)
            found.append(pid)
    return found


def ended_at_once(killing: Killing) -> None:
    assert time.monotonic() - killing.killed_s < AT_ONCE_S
    assert killing.pids
    assert alive(killing.pids) == []


@pytest.mark.slow
def test_a_server_that_fails_ends_the_run_with_its_logs_tail(place: Path) -> None:
    spec = ServerSpec(name="frail", argv=("{python}", "-c", FRAIL), roles=("http", "feed"))
    pattern = replace(load("sse"), servers=lambda _workload: (spec,))
    begun_s = time.monotonic()
    with pytest.raises(ServerFailed) as caught:
        run(pattern, LONG, read_machine())
    assert time.monotonic() - begun_s < 15
    assert caught.value.problem.startswith("server frail died (exit 7) ")
    assert caught.value.log_tail.splitlines()[-1] == "the disk is full"
    (log,) = (place / "results/logs").iterdir()
    assert log.name in caught.value.problem
    assert "the disk is full" in log.read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "exchange"),
    [
        ("sse", Exchange.BROADCAST),
        ("websocket", Exchange.REQUEST_REPLY),
        ("rest_polling", Exchange.BROADCAST),
        ("redis_queue", Exchange.WORK_QUEUE),
    ],
)
def test_a_server_that_is_killed_ends_the_run_at_once(name: str, exchange: Exchange) -> None:
    killing = Killing(lambda live: live.server_pids)
    with pytest.raises(ServerFailed, match=r"died \(signal 9, Killed\)"):
        run(
            load(name),
            replace(LONG, exchange=exchange),
            read_machine(),
            on_start=killing.on_start,
        )
    ended_at_once(killing)


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1], ids=["receiving", "publishing"])
def test_a_load_process_that_is_killed_ends_the_run_at_once(number: int) -> None:
    killing = Killing(lambda live: live.load_pids[number : number + 1])
    with pytest.raises(LoadFailed, match="signal 9"):
        run(load("sse"), LONG, read_machine(), on_start=killing.on_start)
    ended_at_once(killing)


@pytest.mark.slow
def test_a_start_that_comes_too_soon_is_postponed() -> None:
    asked = replace(LONG, duration=0.5)
    planned = replace(plan(load("sse"), asked, read_machine()), setup_s=0.0)
    starts: list[Live] = []
    seen = observe(planned, asked, on_start=starts.append)
    assert len(starts) > 1
    assert seen.window_ns[0] > starts[-1].start_ns
    sent, arrived = seen.recording.published, seen.recording.delivered
    assert len(arrived.receiver) == len(sent.publisher) > 0
    assert alive([pid for live in starts for pid in (*live.server_pids, *live.load_pids)]) == []


@pytest.mark.slow
def test_a_window_that_is_looked_at_too_late_is_measured_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read, looks = ServerSnapshot.read, []

    def read_late_at_the_first_end(pids: Sequence[int], *, memory: bool) -> ServerSnapshot:
        looks.append(memory)
        if looks == [True, False, True]:  # idle, the window's begin, its end
            time.sleep(1)
        return read(pids, memory=memory)

    monkeypatch.setattr(ServerSnapshot, "read", read_late_at_the_first_end)
    result, _ = run_undisturbed(load("sse"), replace(LONG, duration=0.5), read_machine())
    assert len(looks) >= 6
    assert result.context.reruns >= 1
    assert result.audit.clean


@pytest.mark.slow
def test_a_redis_that_cannot_start_says_why(place: Path) -> None:
    real = resolve("").where
    binary = place / "redis-server"
    # It says what it is, as it is asked to, and then cannot serve.
    binary.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exec {real} --version\n'
        "echo 'Cannot allocate memory' >&2; exit 1\n"
    )
    binary.chmod(0o700)
    with pytest.raises(ServerFailed) as caught:
        run(load("redis_pubsub"), replace(LONG, redis=str(binary)), read_machine())
    assert caught.value.problem.startswith("server redis died (exit 1)")
    assert caught.value.log_tail == "Cannot allocate memory"
