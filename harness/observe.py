"""One run on fresh processes: start, load, watch, stop. Everything that is not arithmetic."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from harness.errors import AbecError, LateLook, LateStart, LoadFailed, NotMeasured
from harness.faults.strike import Blow, Strike
from harness.load.course import prepare, run_load
from harness.load.task import LoadTask, Role
from harness.measure.given import GivenSeen, without_unknown
from harness.measure.notes import Stages, read_requests, read_stages
from harness.measure.resources import HostSnapshot, ServerSnapshot
from harness.measure.tallies import GatewayTally, read_tallies
from harness.plan import Plan
from harness.process.given_processes import GivenProcesses
from harness.process.pool import FreshProcesses
from harness.process.redis_counters import redis_counters
from harness.process.redis_depth import Depth, DepthGauge
from harness.process.redis_guest import REMEDIES, refusal
from harness.process.relay import Network, network_before
from harness.process.scratch import private_directory
from harness.process.servers import Running, started
from harness.queueing import Victim
from harness.recording import Recording, Relayed, merge
from harness.registry import load
from harness.scenario import payload_lines
from harness.workload import Ingress, Workload

NS = 1_000_000_000
_GLANCE_S = 0.05
"""How often the measuring process looks whether all others live: 0.1 % of a core."""
_ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(256 << 20),
}
"""glibc would give the memory of each 1 MiB message back to the kernel and fetch it anew, which
takes longer than reading the message."""
_READING_NS = 10_000_000
"""Reading the host's counters takes milliseconds: it is over when the window begins."""
_LONGEST_DRAIN_S = 90.0
_MOST_POSTPONEMENTS = 3
_POSTPONED_S = 0.5
"""More than a machine that other programs use needs to run three small processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A run that goes on: for tests that disturb it on purpose."""

    server_pids: tuple[int, ...]
    load_pids: tuple[int, ...]
    start_ns: int
    """CLOCK_MONOTONIC from which messages are due."""


@dataclass(frozen=True, slots=True)
class Stall:
    """When the servers stood still on purpose, in ns of CLOCK_MONOTONIC."""

    begin_ns: int
    """All stood still from here on."""
    end_ns: int
    """They were told to go on."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observation:
    """All that was seen of one run, before any judgement."""

    recording: Recording
    window_ns: tuple[int, int]
    servers: tuple[ServerSnapshot, ServerSnapshot]
    """At the window's edges."""
    idle_servers: ServerSnapshot
    """When ready, without a connection."""
    host: tuple[HostSnapshot, HostSnapshot]
    pinned: Mapping[int, int | None]
    """Which core each process of ours counts for, by process id; None is any."""
    redis_label: str
    redis_counters: Mapping[str, int]
    started_at: str
    stalls: tuple[Stall, ...] = ()
    """Where the servers were stopped on purpose."""
    server_names: Mapping[int, str] = field(default_factory=dict)
    """By process id."""
    stages: Stages = field(default_factory=Stages)
    requests: tuple[int | None, int | None] = (None, None)
    """How many the servers had had at the window's edges, where they count."""
    depths: tuple[Depth, ...] = ()
    """How many messages waited in Redis, where it stores some."""
    left: int | None = None
    """How many did at the end."""
    blow: Blow | None = None
    """What was killed on purpose."""
    tls_label: str = ""
    """What clients and servers agreed on; empty without TLS."""
    relayed: Relayed | None = None
    """What the relay saw, where a network was asked for."""
    tallies: tuple[tuple[GatewayTally, ...], tuple[GatewayTally, ...]] = ((), ())
    """What gateways told of themselves at the window's edges."""
    given: GivenSeen | None = None
    """Which processes a server had that was there before; None where all were started here."""


def observe(
    plan: Plan, workload: Workload, *, on_start: Callable[[Live], None] = lambda _live: None
) -> Observation:
    """Carry out a plan; leave no process, port or file behind, however it ends.

    Where load processes were not ready by the agreed start, all begins anew with more than twice
    the time to set up: how long that takes on a busy machine, no plan can know.

    Raises:
        ServerFailed: a server did not start, or died in mid-run; its log's tail is in the error.
        LateStart: a load process was late although the start had been postponed several times.
        LateLook: this process stood still at the window's end.
        LoadFailed: a load process failed.
        NotMeasured: no Redis is found, or it refused some of what it was asked.
    """
    for _ in range(_MOST_POSTPONEMENTS):
        try:
            return _observe_once(plan, workload, on_start)
        except LateStart:
            plan = replace(plan, setup_s=2 * plan.setup_s + _POSTPONED_S)
    return _observe_once(plan, workload, on_start)


def _observe_once(plan: Plan, workload: Workload, on_start: Callable[[Live], None]) -> Observation:
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    # Load ends before its servers, however this ends: or it would go on storing in a Redis that
    # is not ours, whose keys were removed already.
    with (
        private_directory() as directory,
        ExitStack() as servers,
        FreshProcesses(env=_ALLOCATOR) as pool,
    ):
        successors = sum(share.dies for share in plan.shares)
        pool.prepare(len(plan.shares) + successors, partial(prepare, plan.pattern))
        running = servers.enter_context(started(plan.servers, workload, cores=plan.server_cores))
        network = servers.enter_context(
            network_before(
                running.endpoints, workload, core=plan.relay_core, directory=Path(directory)
            )
        )
        pool.prepared()
        ours = tuple(child.pid for child in running.children)
        at_first = running.given or GivenProcesses()
        counters_before = redis_counters(running.endpoints)
        idle = ServerSnapshot.read((*ours, *at_first.server), memory=True)
        start_ns = time.monotonic_ns() + round(plan.setup_s * NS)
        tasks = _tasks(plan, workload, running, network, start_ns, Path(directory))
        futures = [pool.submit(run_load, task) for task in tasks]
        begin_ns, end_ns = window_ns = tasks[0].window_ns
        on_start(Live(server_pids=ours, load_pids=pool.pids, start_ns=start_ns))
        gauge = servers.enter_context(
            DepthGauge(running.endpoints, load(plan.pattern).waiting(running.endpoints, workload))
        )
        strike = Strike(
            victim=workload.kill,
            due_ns=begin_ns + round(workload.kill_after * NS),
            running=running,
            pool=pool,
            tasks=tasks,
            futures=futures,
        )

        def look() -> None:
            _check(running, futures)
            network.check()
            gauge.look()
            strike.look()

        _attend(look, begin_ns - _READING_NS)
        asked_before = read_requests(running.notes_dir)
        tallied_before = read_tallies(running.notes_dir)
        at_begin = at_first.now()
        pids = (*ours, *at_begin.server)
        before = ServerSnapshot.read(pids, memory=False), HostSnapshot.read()
        if running.restarting:
            _attend(look, begin_ns + (end_ns - begin_ns) // 4)
            running.interrupt()
        _attend(look, end_ns)
        asked_after = read_requests(running.notes_dir)
        tallied_after = read_tallies(running.notes_dir)
        at_end = at_begin.now()
        living = ours
        if strike.blow is not None and strike.blow.victim is not Victim.CONSUMER:
            living = tuple(child.pid for child in running.watch.children)
        pids = (*living, *at_end.server)
        after = ServerSnapshot.read(pids, memory=True), HostSnapshot.read()
        recordings = [strike.before, *_collect(look, futures, end_ns, workload)]
        left = gauge.ask()
        counters_after = redis_counters(running.endpoints)
        stages = read_stages(running.notes_dir)
        relayed = network.finish()
    recording = _require_taken(merge(recordings))
    given = GivenSeen(
        idle=at_first.server,
        begin=at_begin.server,
        end=at_end.server,
        forwarders=at_first.forwarders,
    )
    idle, edges = without_unknown(given, idle, (before[0], after[0]))
    pinned = _pinned(plan, ours, (*given.end, *given.forwarders), recording)
    pinned |= dict.fromkeys(network.pids, plan.relay_core)
    if strike.blow is not None:
        # Of what was killed, or started in the window, there is no reading at one of its edges.
        through = before[1].processes.keys() & after[1].processes.keys()
        pinned = {pid: core for pid, core in pinned.items() if pid in through}
    elif not {process.pid for process in recording.processes} <= after[1].processes.keys():
        late_s = (after[1].at_ns - end_ns) / NS
        raise LateLook(
            f"load processes had ended when this one looked at the window's end, {late_s:.2f} s "
            "after it; is the machine busy?"
        )
    return Observation(
        recording=recording,
        window_ns=window_ns,
        servers=edges,
        idle_servers=idle,
        host=(before[1], after[1]),
        pinned=pinned,
        redis_label=running.redis_label,
        redis_counters={
            name: count - counters_before.get(name, 0) for name, count in counters_after.items()
        },
        started_at=started_at,
        server_names=_names(running) | dict(given.end),
        stages=stages,
        requests=(asked_before, asked_after),
        depths=tuple(gauge.seen),
        left=left,
        blow=strike.blow,
        tls_label=running.tls_label,
        relayed=relayed,
        tallies=(tallied_before, tallied_after),
        given=None if running.given is None else given,
    )


def _pinned(
    plan: Plan, servers: Sequence[int], found: Iterable[int], recording: Recording
) -> dict[int, int | None]:
    """Say which core each process of ours counts for.

    A server that was there before runs on whichever core it likes. The measuring process sleeps
    through the window and is not pinned; what it uses counts for the last load core.
    """
    server_core = min(plan.server_cores) if len(plan.server_cores) == 1 else None
    pinned: dict[int, int | None] = dict.fromkeys(servers, server_core)
    pinned |= dict.fromkeys(found)
    pinned |= {process.pid: process.core for process in recording.processes}
    pinned[os.getpid()] = plan.shares[-1].core
    return pinned


def _names(running: Running) -> dict[int, str]:
    return {child.pid: child.name for child in running.children}


def _tasks(
    plan: Plan,
    workload: Workload,
    running: Running,
    network: Network,
    start_ns: int,
    directory: Path,
) -> list[LoadTask]:
    # The feed brings messages in as if there were no network, whatever it speaks.
    feed = workload.ingress is Ingress.FEED
    lines = payload_lines(workload.payload_file)
    return [
        LoadTask(
            pattern=plan.pattern,
            endpoints=network.endpoints,
            publish_to=running.endpoints if feed else network.endpoints,
            workload=workload,
            role=Role(share.role),
            publishers=share.publishers,
            receivers=share.receivers,
            start_ns=start_ns,
            core=share.core,
            gives_way=share.gives_way,
            ramp=share.ramp,
            lines=lines,
            journal=str(directory / "journal") if share.dies else "",
        )
        for share in plan.shares
    ]


def _attend(look: Callable[[], None], until_ns: int) -> None:
    """Wait until a moment; end at once when a server or a load process fails meanwhile."""
    while (left_ns := until_ns - time.monotonic_ns()) > 0:
        look()
        time.sleep(min(left_ns / NS, _GLANCE_S))


def _collect(
    look: Callable[[], None],
    futures: Sequence[Future[Recording]],
    end_ns: int,
    workload: Workload,
) -> list[Recording]:
    longest_s = _LONGEST_DRAIN_S + 3 * workload.poll_interval + workload.service_time
    deadline_ns = end_ns + round(longest_s * NS)
    while not all(future.done() for future in futures):
        look()
        if time.monotonic_ns() > deadline_ns:
            raise LoadFailed(f"load processes were not done {longest_s:g} s after the window's end")
        time.sleep(_GLANCE_S / 5)
    return [_outcome(future) for future in futures]


def _require_taken(recording: Recording) -> Recording:
    """Give the recording, unless Redis refused some of what it was asked.

    Raises:
        NotMeasured: it did; what is measured then is the refusal.
    """
    for cause, count in recording.notes.items():
        if cause.partition(" ")[0] in REMEDIES:
            raise NotMeasured(f"Redis refused {count:,} commands: {refusal(cause)}")
    return recording


def _check(running: Running, futures: Sequence[Future[Recording]]) -> None:
    running.check()
    for future in futures:
        if future.done():
            _outcome(future)


def _outcome(future: Future[Recording]) -> Recording:
    """Give a load process' recording; whatever it raised, a series can go on without it."""
    try:
        return future.result()
    except AbecError:
        raise
    except Exception as error:
        raise LoadFailed(f"a load process failed: {type(error).__name__}: {error}") from error
