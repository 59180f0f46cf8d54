"""What the machine itself says: cores, clock, limits, and who else works on it."""

from __future__ import annotations

import re
import time
from pathlib import Path

from harness.doctor.check import Check, fail, ok, warn
from harness.machine import Machine

_SPARE_FILES = 65
"""What a process needs beside the connections that it holds, one publisher included."""
_GOOD_CLOCKS = frozenset({"tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter"})
"""Read without a system call; ``xen`` and ``hpet`` are not."""
_CLOCK_READS = 20_000
_SLOW_CLOCK_S = 1e-6
"""A message is stamped about four times; more than this would show beside its latency."""
_MOST_STEAL = 0.01
_MOST_FOREIGN = 0.05
_FEWEST_CONNECTIONS = 1_100
"""What the suite's own questions hold: 1,000, and some publishers."""
_MANY_CONNECTIONS = 10_000
_LEAST_MEMORY = 1 << 30


def cores(machine: Machine) -> Check:
    """Say what shares a core with what, as the plan places it."""
    count = len(machine.cores)
    text = f"{count} core{'s' * (count != 1)}: {machine.cpu or 'unknown CPU'}"
    if count == 1:
        return fail(
            f"{text}; the generator takes its time from the server", "give this machine 2 or more"
        )
    if count == 2:
        return warn(
            f"{text}; all servers share one, all load the other: expect wider intervals on p99"
        )
    if machine.governor not in {"", "performance"}:
        return warn(
            f"{text}; governor {machine.governor} changes their speed with the load",
            "cpupower frequency-set -g performance",
        )
    return ok(text)


def clock(machine: Machine) -> Check:
    """Say where time comes from, and what reading it costs."""
    read = time.monotonic_ns
    began = read()
    for _ in range(_CLOCK_READS):
        read()
    cost_s = (read() - began) / _CLOCK_READS / 1e9
    source = machine.clock_source or "unknown"
    text = f"clock: {source}, {cost_s * 1e9:.0f} ns to read"
    if cost_s > _SLOW_CLOCK_S:
        return warn(text, "boot with clocksource=tsc, or expect stamps to cost as much")
    if source not in _GOOD_CLOCKS:
        return warn(f"{text}; this source is read by the kernel", "boot with clocksource=tsc")
    return ok(text)


def neighbours(machine: Machine, seconds: float = 1.0) -> Check:
    """Watch the cores for ``seconds``: what a hypervisor steals, and what others use.

    This process only sleeps meanwhile, so all that runs is somebody else.
    """
    before = _core_times(machine.cores)
    time.sleep(seconds)
    after = _core_times(machine.cores)
    passed = {
        core: [b - a for a, b in zip(before[core], after[core], strict=True)] for core in before
    }
    ticks = max(1, sum(sum(times) for times in passed.values()))
    steal = sum(times[_STEAL] for times in passed.values()) / ticks
    busiest, foreign = max(
        ((core, _busy(times) / max(1, sum(times))) for core, times in passed.items()),
        key=lambda pair: pair[1],
    )
    kind = f"virtual ({machine.virtualisation})" if machine.virtualisation else "no hypervisor seen"
    text = f"machine: {kind}, {100 * steal:.1f} % stolen, others use {100 * foreign:.0f} % of core"
    text += f" {busiest}"
    if steal > _MOST_STEAL:
        return warn(text, "runs that lose more than 1 % are invalid; use a quieter host")
    if foreign > _MOST_FOREIGN:
        return warn(text, "end what runs beside: above 5 % on a used core runs are invalid")
    return ok(text)


def open_files(machine: Machine) -> Check:
    """Say how many connections the limit on open files carries, each end in its own process."""
    limit = machine.open_files_hard
    carried = max(0, limit - _SPARE_FILES)
    text = f"open files: hard limit {limit:,} carries {carried:,} connections"
    if carried < _FEWEST_CONNECTIONS:
        return fail(text, "raise it with ulimit -n 65536", only_size=True)
    if carried < _MANY_CONNECTIONS:
        return warn(text, "raise it with ulimit -n 65536")
    return ok(text)


def ports(machine: Machine) -> Check:
    """Say how many connections one server's port can have from this machine."""
    first, last = machine.port_range
    count = last - first + 1
    text = f"ports: {first:,} to {last:,} carry {count:,} connections"
    remedy = 'sysctl net.ipv4.ip_local_port_range="10240 65000"'
    if count < _FEWEST_CONNECTIONS:
        return fail(text, remedy, only_size=True)
    return warn(text, remedy) if count < _MANY_CONNECTIONS else ok(text)


def memory(machine: Machine) -> Check:
    """Say how much memory is free for stamps, servers and sockets."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    available = int(found[1]) * 1024 if found else machine.memory
    text = f"memory: {available / 2**30:.1f} of {machine.memory / 2**30:.1f} GiB available"
    if available < _LEAST_MEMORY:
        return warn(text, "long runs at high rates keep 40 bytes a delivery; end what else runs")
    return ok(text)


def connections(machine: Machine) -> int:
    """Give how many connections this machine can hold in one run."""
    first, last = machine.port_range
    return max(0, min(machine.open_files_hard - _SPARE_FILES, last - first + 1))


_IDLE, _IOWAIT, _STEAL = 3, 4, 7
"""Places of a core's times in /proc/stat."""


def _busy(times: list[int]) -> int:
    return sum(times) - times[_IDLE] - times[_IOWAIT] - times[_STEAL]


def _core_times(numbers: tuple[int, ...]) -> dict[int, list[int]]:
    wanted = {f"cpu{number}": number for number in numbers}
    found = {}
    for line in Path("/proc/stat").read_text().splitlines():
        name, *times = line.split()
        if name in wanted:
            # The two last columns, guest times, are part of the first two.
            found[wanted[name]] = [int(ticks) for ticks in times[:8]]
    return found
