import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.errors import ServerFailed
from harness.measure.resources import TICK_S, HostSnapshot, ServerSnapshot, cpu_clock
from harness.measure.use import host_use

BURN = """
import os, sys, time
os.sched_setaffinity(0, {int(sys.argv[1])})
print("burning", flush=True)
while os.getppid() == int(sys.argv[2]):
    time.process_time_ns()
"""
CORE = max(os.sched_getaffinity(0))


@contextmanager
def burner() -> Iterator[subprocess.Popen[str]]:
    """A process that burns its core until the block ends."""
    command = (sys.executable, "-c", BURN, str(CORE), str(os.getpid()))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "burning\n"
        try:
            yield process
        finally:
            process.kill()


def ticks_s(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) * TICK_S


def test_the_cpu_clock_is_that_of_proc_stat() -> None:
    with burner() as process:
        deadline = time.monotonic() + 20
        while ticks_s(process.pid) < 0.1 and time.monotonic() < deadline:
            time.sleep(0.02)
        low = ticks_s(process.pid)
        clock = ServerSnapshot.read([process.pid], memory=False).cpu_ns[process.pid] / 1e9
        high = ticks_s(process.pid)
    assert 0.1 <= low <= clock + 2 * TICK_S
    assert clock <= high + 2 * TICK_S


def test_the_cpu_clock_of_this_process_is_its_own() -> None:
    before = time.process_time_ns()
    clock = time.clock_gettime_ns(cpu_clock(os.getpid()))
    assert before <= clock <= time.process_time_ns()


@contextmanager
def echoing() -> Iterator[Callable[[], None]]:
    """Give what sends a byte to another thread of this process and waits for its answer."""
    (question, ask), (answer, reply) = os.pipe(), os.pipe()

    def echo() -> None:
        while os.read(question, 1) == b"?":
            os.write(reply, b"!")

    def call() -> None:
        os.write(ask, b"?")
        assert os.read(answer, 1) == b"!"

    thread = threading.Thread(target=echo)
    thread.start()
    try:
        yield call
    finally:
        os.write(ask, b".")
        thread.join()
        for descriptor in (question, ask, answer, reply):
            os.close(descriptor)


def switched_by_getrusage() -> int:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_nvcsw + used.ru_nivcsw


def test_switches_are_those_of_all_threads() -> None:
    def switches() -> int:
        return sum(ServerSnapshot.read([os.getpid()], memory=False).switches.values())

    with echoing() as call:
        outer = switched_by_getrusage()
        before = switches()
        inner = switched_by_getrusage()
        for _ in range(200):
            call()
        inner = switched_by_getrusage() - inner
        found = switches() - before
        outer = switched_by_getrusage() - outer
    assert inner <= found <= outer
    assert found >= 200


def test_memory_is_that_of_the_kernel_and_of_all_processes() -> None:
    with burner() as process:
        one = ServerSnapshot.read([process.pid], memory=True)
        both = ServerSnapshot.read([process.pid, os.getpid()], memory=True)
    assert 1 << 20 < one.pss < both.pss < 4 << 30
    assert one.kernel > 1 << 20
    assert ServerSnapshot.read([os.getpid()], memory=False).pss == 0


def test_a_server_that_is_gone_is_reported() -> None:
    with subprocess.Popen(("true",)) as process:
        process.wait()
    with pytest.raises(ServerFailed, match="ended while its use was read"):
        ServerSnapshot.read([process.pid], memory=True)


def test_the_host_shows_its_cores_and_processes() -> None:
    host = HostSnapshot.read()
    assert os.sched_getaffinity(0) <= set(host.cores)
    assert host.processes[os.getpid()].cpu_ns > 1_000_000
    assert host.processes[os.getpid()].core in host.cores
    assert all(core.busy > 0 and core.steal >= 0 for core in host.cores.values())
    assert HostSnapshot.read().at_ns > host.at_ns


@pytest.mark.alone
def test_a_program_on_a_used_core_is_foreign_and_our_own_is_not() -> None:
    with burner() as process:
        before = HostSnapshot.read()
        time.sleep(0.3)
        after = HostSnapshot.read()
    burnt_ns = after.processes[process.pid].cpu_ns - before.processes[process.pid].cpu_ns
    share = burnt_ns / (after.at_ns - before.at_ns)
    # The same nanoseconds, divided in another order: equal but for the last bit.
    assert host_use(before, after, {os.getpid(): CORE}).foreign >= min(share, 1) - 1e-9
    ours = host_use(before, after, {os.getpid(): CORE, process.pid: CORE})
    assert ours.foreign <= 1 - share + 0.2


def test_a_full_listen_queue_is_counted() -> None:
    before = HostSnapshot.read()
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        pending = []
        for _ in range(4):
            connection = socket.socket()
            connection.setblocking(False)
            connection.connect_ex(server.getsockname())
            pending.append(connection)
        after = HostSnapshot.read()
        for connection in pending:
            connection.close()
    assert after.network.listen_overflows > before.network.listen_overflows
