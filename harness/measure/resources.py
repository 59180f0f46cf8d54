"""What the kernel tells about servers and host at one moment: the I/O of measuring resources.

CPU comes from the processes' own clocks in nanoseconds: /proc/PID/stat has ticks of 10 ms.
Context switches come thread by thread: /proc/PID/status tells those of the first thread only.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import ServerFailed

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
"""The unit of /proc/stat."""
_KSOFTIRQD = b"(ksoftirqd/"
"""Kernel threads that carry our own loopback traffic."""
_PROC = Path("/proc")
_SWITCHES = (b"\nvoluntary_ctxt_switches:", b"\nnonvoluntary_ctxt_switches:")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSnapshot:
    """What the server processes had used by one moment."""

    at_ns: int
    cpu_ns: Mapping[int, int]
    """CPU time by process id."""
    switches: Mapping[int, int] = field(default_factory=dict)
    """Context switches so far, voluntary and not, by thread id."""
    pss: int = 0
    """Bytes, summed over the processes that may be looked at; 0 where memory was not asked for."""
    kernel: int = 0
    """Bytes of slab, of the whole host."""

    @classmethod
    def read(cls, pids: Iterable[int], *, memory: bool) -> ServerSnapshot:
        """Look at the clocks, then at the switches, and last at the memory.

        The switches take about 25 µs a thread, the memory milliseconds.

        Raises:
            ServerFailed: a process is gone.
        """
        pids = tuple(pids)
        try:
            at_ns = time.monotonic_ns()
            cpu_ns = {pid: time.clock_gettime_ns(cpu_clock(pid)) for pid in pids}
            switches = {thread: count for pid in pids for thread, count in _switches(pid)}
            if not memory:
                return cls(at_ns=at_ns, cpu_ns=cpu_ns, switches=switches)
            pss = sum(map(_pss, pids))
        except OSError as error:
            raise ServerFailed(f"a server ended while its use was read: {error}") from error
        return cls(
            at_ns=at_ns,
            cpu_ns=cpu_ns,
            switches=switches,
            pss=pss,
            kernel=_kibibytes("/proc/meminfo", "Slab:"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreTime:
    """Seconds of one core since start-up, in whole ticks."""

    busy: float
    """User, nice and system. Interrupts stand apart: most are our own traffic."""
    steal: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessTime:
    """CPU time of one process, and the core it last ran on."""

    cpu_ns: int
    core: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkCounters:
    """Events of the host's TCP since start-up."""

    listen_overflows: int
    retransmitted_segments: int
    unneeded_retransmissions: int
    """Segments sent again that the other side already had (it says so, by DSACK)."""
    timeouts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSnapshot:
    """The host's counters at one moment."""

    at_ns: int
    cores: Mapping[int, CoreTime]
    processes: Mapping[int, ProcessTime]
    """By process id; all that are visible."""
    network: NetworkCounters

    @classmethod
    def read(cls) -> HostSnapshot:
        """Look at everything; takes 2 ms with a hundred processes."""
        return cls(
            at_ns=time.monotonic_ns(),
            cores=_cores(),
            processes=_processes(),
            network=_network(),
        )


def _cores() -> Mapping[int, CoreTime]:
    cores = {}
    for line in (_PROC / "stat").read_text(encoding="ascii").splitlines():
        name, *ticks = line.split()
        if name.startswith("cpu") and name != "cpu":
            user, nice, system, _, _, _, _, steal = map(int, ticks[:8])
            cores[int(name[3:])] = CoreTime(
                busy=(user + nice + system) * TICK_S, steal=steal * TICK_S
            )
    return cores


def _processes() -> Mapping[int, ProcessTime]:
    processes = {}
    for name in os.listdir(_PROC):  # noqa: PTH208 # paths of all processes would cost more than all else
        if name.isdigit():
            pid = int(name)
            try:
                process = _process(pid)
            except OSError:
                continue  # it ended meanwhile
            if process is not None:
                processes[pid] = process
    return processes


def _process(pid: int) -> ProcessTime | None:
    """Read one process; None for a kernel thread that carries our own loopback traffic."""
    status = Path(f"/proc/{pid}/stat").read_bytes()
    if _KSOFTIRQD in status:
        return None
    # The name, in brackets, may hold anything; the processor is the 37th field after it.
    core = int(status[status.rindex(b")") + 1 :].split()[36])
    return ProcessTime(cpu_ns=time.clock_gettime_ns(cpu_clock(pid)), core=core)


def cpu_clock(pid: int) -> int:
    """Give the id of a process' CPU clock, all its threads together, in nanoseconds.

    Linux' own encoding (``man clock_getcpuclockid``); reading it fails with OSError when the
    process is gone.
    """
    return (~pid << 3) | 2


def _network() -> NetworkCounters:
    tcp, extended = _table("snmp", "Tcp:"), _table("netstat", "TcpExt:")
    return NetworkCounters(
        listen_overflows=extended["ListenOverflows"],
        retransmitted_segments=tcp["RetransSegs"],
        unneeded_retransmissions=extended["TCPDSACKRecv"],
        timeouts=extended["TCPTimeouts"],
    )


def _table(file: str, prefix: str) -> Mapping[str, int]:
    """Read one table of /proc/net: a line of names, below it a line of numbers."""
    text = (_PROC / "net" / file).read_text(encoding="ascii")
    names, numbers = (line.split()[1:] for line in text.splitlines() if line.startswith(prefix))
    return dict(zip(names, map(int, numbers), strict=True))


def _switches(pid: int) -> Iterator[tuple[int, int]]:
    """Give each thread of a process, and how often it has been switched away from."""
    for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 # as in _processes
        try:
            status = Path(f"/proc/{pid}/task/{thread}/status").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue  # the thread ended meanwhile
        yield int(thread), sum(int(status.split(name)[1].split()[0]) for name in _SWITCHES)


def _pss(pid: int) -> int:
    try:
        return _kibibytes(f"/proc/{pid}/smaps_rollup", "Pss:")
    except PermissionError:  # a Redis that another user started
        return 0


def _kibibytes(path: str, field: str) -> int:
    """Read one field of a file of the kernel's, in bytes."""
    for line in Path(path).read_text(encoding="ascii").splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise OSError(f"{path} has no field {field}")
