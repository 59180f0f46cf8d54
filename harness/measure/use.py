"""What was used over a window: differences between snapshots, pure arithmetic.

Foreign CPU is taken from two sources, since neither sees everything. The clocks of all visible
processes are exact, but miss those that came and went, and those of other containers. /proc/stat
sees all of a core, but by sampling: at each tick the kernel counts the whole tick for whoever
runs. So it only counts for what it shows beyond its own sampling error.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from harness.errors import NotMeasured
from harness.measure.ledger import Ledger
from harness.measure.resources import TICK_S, HostSnapshot, ServerSnapshot
from harness.recording import READING_NS, Ints, LoadProcess, Traffic
from harness.result import GeneratorUse, HostUse, ServerUse, WireUse

_PEAK_NS = 100_000_000
"""The peak is that of the busiest stretch of so long."""
_SAMPLES_PER_S = 100
"""How often the slowest kernels look who runs (CONFIG_HZ=100)."""
_SIGMAS = 3


def server_use(
    idle: ServerSnapshot, before: ServerSnapshot, after: ServerSnapshot, ledger: Ledger
) -> ServerUse:
    """Subtract snapshots: ``idle`` without a connection, ``before`` and ``after`` the window.

    What was sent and delivered is counted between the two moments at which the clocks were
    really read, so that a late reading moves no figure.
    """
    # A server that was killed in between took with it what it had used.
    cpu = sum(used - before.cpu_ns.get(pid, 0) for pid, used in after.cpu_ns.items()) / 1e9
    sent = ledger.sent_between(before.at_ns, after.at_ns)
    delivered = ledger.delivered_between(before.at_ns, after.at_ns)
    switches = _switches(before, after)
    return ServerUse(
        cpu=cpu,
        cores=cpu / ((after.at_ns - before.at_ns) / 1e9),
        # A server that somebody else started is not among ours: not measured, which is not 0.
        cpu_per_message=cpu / sent if sent and after.cpu_ns else None,
        cpu_per_delivery=cpu / delivered if delivered and after.cpu_ns else None,
        switches=switches,
        switches_per_delivery=switches / delivered if delivered and switches is not None else None,
        pss_before=idle.pss,
        pss=after.pss,
        kernel_before=idle.kernel,
        kernel=after.kernel,
    )


def _switches(before: ServerSnapshot, after: ServerSnapshot) -> int | None:
    """Count what the threads that live at the end were switched; None without a server of ours.

    A thread that began in between counts from its beginning. One that ended in between takes
    what it did with it; servers keep their threads.
    """
    if not after.switches:
        return None
    return sum(count - before.switches.get(thread, 0) for thread, count in after.switches.items())


def wire_use(traffic: Traffic, connections: int, published: int, delivered: int) -> WireUse:
    """Divide the receivers' traffic by the messages of the window.

    Args:
        traffic: what went through the receivers' connections over the window.
        connections: how many these are.
        published: messages sent in the window; without any, each figure per message is 0.
        delivered: first arrivals in the window; without any, a delivery's bytes are unknown. So
            they are without a connection that the kernel counts for: through a socket file.
    """
    share = 1 / published if published else 0.0
    both_ways = traffic.bytes_in + traffic.bytes_out
    return WireUse(
        bytes_in=traffic.bytes_in * share,
        bytes_out=traffic.bytes_out * share,
        segments_in=traffic.segments_in * share,
        segments_out=traffic.segments_out * share,
        bytes_per_delivery=both_ways / delivered if delivered and connections else None,
        connections=connections,
    )


def generator_use(
    processes: Sequence[LoadProcess], window_start_ns: int, window_end_ns: int
) -> GeneratorUse:
    """Find the busiest core of the load generator, over the window and over its worst 100 ms.

    Processes on one core add up; one that is not pinned stands for itself. Between two readings
    of a clock, CPU time is taken to grow evenly.

    Raises:
        NotMeasured: a process did not read its CPU clock twice in the window.
    """
    by_core: dict[tuple[str, int], list[LoadProcess]] = {}
    for process in processes:
        key = ("pid", process.pid) if process.core is None else ("core", process.core)
        by_core.setdefault(key, []).append(process)
    if not by_core:
        raise NotMeasured("no load process told what it used")
    shares = [
        _shares_of_core(sharing, window_start_ns, window_end_ns) for sharing in by_core.values()
    ]
    return GeneratorUse(
        cpu_mean=max(mean for mean, _ in shares),
        cpu_peak=max(peak for _, peak in shares),
        longest_pause=max(_longest_pause(process, window_start_ns) for process in processes),
        peak_rss=sum(process.peak_rss_bytes for process in processes),
    )


def _longest_pause(process: LoadProcess, begin_ns: int) -> float:
    """Give the longest time between two readings of the CPU clock beyond the usual, in seconds.

    The first reading is due when the window begins.
    """
    gaps_ns = np.diff(process.at_ns, prepend=begin_ns)
    return max(0.0, float(gaps_ns.max(initial=0)) - READING_NS) / 1e9


def _shares_of_core(
    processes: Sequence[LoadProcess], start_ns: int, end_ns: int
) -> tuple[float, float]:
    """Give mean and peak share of one core, over that part of the window that all readings span."""
    for process in processes:
        if len(process.at_ns) < 2:
            raise NotMeasured(f"load process {process.pid} read its CPU clock less than twice")
    begin = max(start_ns, *(int(process.at_ns[0]) for process in processes))
    end = min(end_ns, *(int(process.at_ns[-1]) for process in processes))
    if begin >= end:
        raise NotMeasured("the load processes' CPU readings lie outside the window")

    def used(at_ns: Ints) -> np.ndarray:
        return sum(
            (np.interp(at_ns - begin, one.at_ns - begin, one.cpu_ns) for one in processes),
            start=np.zeros(len(at_ns)),
        )

    def share(from_ns: Ints, to_ns: Ints) -> float:
        return float(np.max((used(to_ns) - used(from_ns)) / (to_ns - from_ns)))

    mean = share(np.array([begin]), np.array([end]))
    if end - begin <= _PEAK_NS:
        return mean, mean
    # Growth is piecewise even, so the busiest 100 ms begin or end where some clock was read.
    read_ns = np.concatenate([process.at_ns for process in processes])
    starts = np.clip(np.concatenate((read_ns, read_ns - _PEAK_NS)), begin, end - _PEAK_NS)
    return mean, share(starts, starts + _PEAK_NS)


def host_use(
    before: HostSnapshot, after: HostSnapshot, pinned: Mapping[int, int | None]
) -> HostUse:
    """Subtract snapshots. ``pinned`` gives the core of each process of ours, by process id.

    Cores that none of ours is pinned to are of no concern. If one of ours isn't pinned (None),
    all cores count as one.

    Loopback senders repeat a segment when a slow reader's acknowledgement is late (tail loss
    probes). Nothing was lost and nothing is delayed by it, so what the reader already had does
    not count as retransmitted.

    Raises:
        NotMeasured: a process of ours had ended by the second moment.
    """
    span = (after.at_ns - before.at_ns) / 1e9
    groups = _groups(after, pinned)
    used = frozenset().union(*groups)
    stolen = sum(after.cores[core].steal - before.cores[core].steal for core in used)
    foreign = max(
        max(_seen(before, after, cores, pinned), _sampled(before, after, cores, pids))
        for cores, pids in groups.items()
    )
    old, new = before.network, after.network
    unneeded = new.unneeded_retransmissions - old.unneeded_retransmissions
    return HostUse(
        steal=stolen / len(used) / span,
        foreign=min(foreign / span, 1.0),
        listen_overflows=new.listen_overflows - old.listen_overflows,
        retransmitted_segments=max(
            0, new.retransmitted_segments - old.retransmitted_segments - unneeded
        ),
        tcp_timeouts=new.timeouts - old.timeouts,
    )


def _groups(
    after: HostSnapshot, pinned: Mapping[int, int | None]
) -> Mapping[frozenset[int], Collection[int]]:
    """Give the processes of ours by the cores that they share."""
    if not pinned or None in pinned.values():
        return {frozenset(after.cores): tuple(pinned)}
    groups: dict[frozenset[int], list[int]] = {}
    for pid, core in pinned.items():
        if core is not None:
            groups.setdefault(frozenset((core,)), []).append(pid)
    return groups


def _seen(
    before: HostSnapshot,
    after: HostSnapshot,
    cores: Collection[int],
    pinned: Collection[int],
) -> float:
    """Sum the CPU seconds of visible foreign processes that were last seen on these cores."""
    total_ns = 0
    for pid, process in after.processes.items():
        if pid not in pinned and process.core in cores:
            earlier = before.processes.get(pid)
            total_ns += max(0, process.cpu_ns - (earlier.cpu_ns if earlier else 0))
    return total_ns / 1e9


def _sampled(
    before: HostSnapshot, after: HostSnapshot, cores: Collection[int], ours: Collection[int]
) -> float:
    """Give the CPU seconds beyond ours that sampling proves.

    Its error: one tick at either end, and that of a share found by independent looks
    (binomial, three sigmas).
    """
    span = (after.at_ns - before.at_ns) / 1e9
    busy = sum(after.cores[core].busy - before.cores[core].busy for core in cores)
    share = min(1.0, busy / (span * len(cores)))
    looks = _SAMPLES_PER_S * span * len(cores)
    error = 2 * TICK_S + _SIGMAS * math.sqrt(share * (1 - share) / looks) * span * len(cores)
    own = sum(_ran(pid, before, after) for pid in ours)
    return max(0.0, busy - own - error)


def _ran(pid: int, before: HostSnapshot, after: HostSnapshot) -> float:
    if pid not in after.processes:
        raise NotMeasured(f"process {pid} did not live to the window's end")
    earlier = before.processes.get(pid)  # or it began meanwhile
    return (after.processes[pid].cpu_ns - (earlier.cpu_ns if earlier else 0)) / 1e9
