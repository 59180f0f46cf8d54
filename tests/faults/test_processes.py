"""However the measuring process ends: within 3 s no child is left and no port is held."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from harness.errors import ServerFailed
from harness.pattern import ServerSpec
from harness.process.ready import probe
from harness.process.scratch import sweep
from harness.process.servers import started
from harness.workload import Workload

pytestmark = pytest.mark.alone

SERVER = """
import signal, socket, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
held = socket.create_server(("127.0.0.1", 0))
print(f"tcp://127.0.0.1:{held.getsockname()[1]}", flush=True)
time.sleep(60)
"""
MEASURING = """
import json, sys, time
from harness.pattern import RedisSpec, ServerSpec
from harness.process.child import die_with_parent
from harness.process.pool import FreshProcesses
from harness.process.servers import started
from harness.workload import Workload

die_with_parent()
specs = [ServerSpec(name="deaf", argv=("{python}", "-c", sys.argv[1]), roles=("tcp",)), RedisSpec()]
with started(specs, Workload()) as running, FreshProcesses() as pool:
    pool.submit(time.sleep, 60)
    pids = [child.pid for child in running.children] + list(pool.pids)
    print(json.dumps([pids, list(running.endpoints.urls.values())]), flush=True)
    time.sleep(60)
"""
LAUNCHING = """
import subprocess, sys
subprocess.run([sys.executable, "-c", *sys.argv[1:]])
"""


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr("tempfile.tempdir", str(place))
    return place


@pytest.fixture
def launch(temporary) -> Iterator[object]:
    """Start a measuring process; give it, the pids it started and the URLs they serve."""
    ended: list[subprocess.Popen[str]] = []

    def start(*code: str) -> tuple[subprocess.Popen[str], list[int], list[str]]:
        process = subprocess.Popen(
            (sys.executable, "-c", *code, SERVER), stdout=subprocess.PIPE, text=True
        )
        ended.append(process)
        pids, urls = json.loads(process.stdout.readline())
        assert len(pids) == 3
        assert len(urls) == 2
        return process, pids, urls

    yield start
    for process in ended:
        process.kill()
        process.wait()
        process.stdout.close()


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def marked(mark: str) -> list[int]:
    """Find the running processes whose environment has the mark, this one left out."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("ABEC_TEST_MARK") == mark and process.pid != os.getpid():
                found.append(process.pid)
    return found


def nothing_survives(pids: list[int], urls: list[str], seconds: float = 3.0) -> None:
    deadline = time.monotonic() + seconds
    while left := [pid for pid in pids if not gone(pid)]:
        assert time.monotonic() < deadline, f"{left} of {pids} survived"
        time.sleep(0.01)
    for url in urls:
        assert "refused" in probe(url)


@pytest.mark.slow
def test_a_killed_parent_leaves_nothing_but_a_directory_that_is_swept(launch, temporary):
    process, pids, urls = launch(MEASURING)
    process.kill()
    process.wait()
    nothing_survives(pids, urls)
    assert {path.name.split("-")[1] for path in temporary.iterdir()} == {str(process.pid)}
    sweep()
    assert list(temporary.iterdir()) == []


@pytest.mark.slow
def test_whoever_launched_the_measuring_process_may_be_killed_too(launch):
    process, pids, urls = launch(LAUNCHING, MEASURING)
    (measuring,) = psutil.Process(process.pid).children()
    process.kill()
    process.wait()
    nothing_survives([measuring.pid, *pids], urls)


@pytest.mark.slow
def test_ctrl_c_ends_children_that_ignore_sigterm_and_removes_directories(launch, temporary):
    process, pids, urls = launch(MEASURING)
    os.kill(process.pid, signal.SIGINT)
    process.wait(10)
    nothing_survives(pids, urls, seconds=0.5)
    assert list(temporary.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_end_at_any_moment_of_the_start_leaves_nothing(temporary, monkeypatch, how):
    def ended(process: subprocess.Popen[bytes], mark: str) -> None:
        process.wait(10)
        nothing_survives(marked(mark), [])

    most_running = 0
    # Each is held to its own end; meanwhile the next may start.
    with ThreadPoolExecutor() as watching:
        endings = []
        for delay_s in (0.02, 0.05, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5):
            mark = f"{os.getpid()}-{how}-{delay_s}"
            monkeypatch.setenv("ABEC_TEST_MARK", mark)
            process = subprocess.Popen(
                (sys.executable, "-c", MEASURING, SERVER),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            time.sleep(delay_s)
            most_running = max(most_running, len(marked(mark)))
            process.send_signal(how)
            endings.append(watching.submit(ended, process, mark))
        for ending in endings:
            ending.result()
    assert most_running > 1, "it never had a child when it was ended"
    sweep()
    # Not all files: tempfile tries a directory out with one of its own, and may be killed then.
    assert list(temporary.glob("abec-*")) == []


def test_a_server_that_dies_in_mid_run_is_told_with_its_log(tmp_path):
    code = "import sys; print('about to fail', file=sys.stderr, flush=True)\n" + SERVER
    spec = ServerSpec(name="frail", argv=("{python}", "-c", code), roles=("tcp",))
    with started((spec,), Workload(), keep_logs_dir=tmp_path) as running:
        running.check()
        (child,) = running.children
        os.kill(child.pid, signal.SIGKILL)
        child.wait(10)
        with pytest.raises(ServerFailed) as caught:
            running.check()
    assert caught.value.problem.startswith("server frail died (signal 9, Killed) 0.")
    assert caught.value.log_tail == "about to fail"
    (log,) = tmp_path.iterdir()
    assert str(log) in caught.value.problem
