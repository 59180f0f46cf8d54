"""The story of one run: plan, observe, measure, judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from harness.faults.strike import Blow
from harness.freeze import Freezer
from harness.machine import Machine
from harness.measure.audit import audit
from harness.measure.gateways import failover, gateways
from harness.measure.given import given_server
from harness.measure.journey import journey
from harness.measure.kill import kill
from harness.measure.latency import Latencies, latencies, mean_bounds
from harness.measure.ledger import Ledger, ledger
from harness.measure.network import network_use
from harness.measure.offer import offer
from harness.measure.saturation import Saturation, saturation
from harness.measure.timeline import timeline
from harness.measure.use import generator_use, host_use, server_use, wire_use
from harness.measure.validity import BROKEN_BY_A_KILL, Evidence, judge
from harness.observe import Live, Observation, Stall, observe
from harness.pattern import Pattern
from harness.plan import plan
from harness.process.redis import without_password
from harness.queueing import Victim
from harness.recording import Recording
from harness.result import Audit, Context, Failover, Kill, QueueDepth, Result, WireUse
from harness.workload import Exchange, Workload


def run(
    pattern: Pattern,
    workload: Workload,
    machine: Machine,
    *,
    block_index: int = 0,
    on_start: Callable[[Live], None] = lambda _live: None,
    on_seen: Callable[[Observation], None] = lambda _seen: None,
    freezer: Freezer | None = None,
) -> Result:
    """Measure one pattern under one workload, on fresh server and client processes.

    ``on_seen`` gets what the result is concluded from, after all processes have ended. A
    ``freezer`` stops processes on purpose (instead of ``on_start``); the result remarks on it.

    Raises:
        BadInput: this pattern or machine cannot do what is asked; nothing was started.
        NotMeasured: a server or a load process failed.
    """
    planned = plan(pattern, workload, machine)
    if freezer is None:
        seen = observe(planned, workload, on_start=on_start)
    else:
        seen = observe(planned, workload, on_start=freezer.on_start)
        seen = replace(seen, stalls=tuple(freezer.stalls))
    on_seen(seen)
    return conclude(pattern, workload, machine, str(planned), seen, block_index)


def conclude(
    pattern: Pattern,
    workload: Workload,
    machine: Machine,
    planned: str,
    seen: Observation,
    block_index: int = 0,
) -> Result:
    """Make a result of what was seen: arithmetic only.

    ``planned`` says which process was on which core.
    """
    book = ledger(seen.recording, workload, *seen.window_ns)
    times = latencies(book)
    kept_up = saturation(
        book,
        poll_interval_s=pattern.poll_interval_s(workload),
        service_p50_s=times.service.p50,
    )
    generator = generator_use(seen.recording.processes, *seen.window_ns)
    host = host_use(*seen.host, seen.pinned)
    waits_s = 0.0 if pattern.polls_until_empty else pattern.poll_interval_s(workload) / 2
    analytic_mean = waits_s + workload.network_s or None
    relayed = network_use(seen.relayed, *seen.host, *seen.window_ns)
    bounds = mean_bounds(book) if analytic_mean else None
    balance = audit(book)
    by_kill = _failover(book, seen)
    if by_kill is not None:
        # What its subscribers missed is counted apart, and is no sign of load.
        kept_up = replace(kept_up, saturated=kept_up.saturated and kept_up.growing)
    evidence = Evidence(
        workload=workload,
        latencies=times,
        offer=offer(book),
        generator=generator,
        host=host,
        network=relayed,
        analytic_mean=analytic_mean,
        service_mean_high=bounds.high if bounds else None,
    )
    return Result(
        pattern=pattern.name,
        block=pattern.block,
        floor=pattern.floor,
        # It is kept in a file that people pass on.
        workload=replace(
            workload,
            redis=without_password(workload.redis),
            url=without_password(workload.url),
        ),
        block_index=block_index,
        offered_rate=kept_up.offered_rate,
        achieved_rate=kept_up.achieved_rate,
        throughput=kept_up.throughput,
        delivery=times.delivery,
        delivery_last=times.delivery_last,
        service=times.service,
        pacer_lateness=times.pacer_lateness,
        pool_wait=times.pool_wait,
        receiver_lag=times.receiver_lag,
        setup=times.setup,
        slope=kept_up.slope,
        slope_low=kept_up.slope_low,
        saturated=kept_up.saturated,
        audit=balance,
        server=server_use(seen.idle_servers, *seen.servers, book),
        wire=_wire(seen.recording, book),
        generator=generator,
        host=host,
        context=Context(
            machine=machine,
            plan=planned,
            started_at=seen.started_at,
            redis=seen.redis_label,
            redis_counters=seen.redis_counters,
            tls=seen.tls_label,
        ),
        analytic_mean=analytic_mean,
        service_mean_high=evidence.service_mean_high,
        journey=journey(book, seen.stages, seen.requests, seen.servers, seen.server_names)
        if workload.exchange is Exchange.JOURNEY
        else None,
        depth=_depth(seen),
        kill=_kill(book, seen.blow),
        gateways=gateways(seen.tallies, seen.servers, seen.server_names, by_kill),
        doubts=tuple(
            doubt
            for doubt in judge(evidence)
            if seen.blow is None or doubt.rule not in BROKEN_BY_A_KILL
        ),
        remarks=(
            *_stopped(seen.stalls),
            *_found(workload, seen),
            *_remarks(workload, times, kept_up, balance),
        ),
        timeline=timeline(book),
        network=relayed,
        given=given_server(seen.given, *seen.host),
    )


def _depth(seen: Observation) -> QueueDepth | None:
    if not seen.depths:
        return None
    begin_ns, _ = seen.window_ns
    return QueueDepth(
        at=tuple(round((depth.at_ns - begin_ns) / 1e9, 3) for depth in seen.depths),
        waiting=tuple(depth.waiting for depth in seen.depths),
        writing=tuple(depth.writing for depth in seen.depths),
        left=seen.left,
    )


def _kill(book: Ledger, blow: Blow | None) -> Kill | None:
    if blow is None or blow.victim is Victim.GATEWAY:
        return None
    return kill(book, victim=blow.victim, at_ns=blow.at_ns, back_ns=blow.back_ns, held=blow.held)


def _failover(book: Ledger, seen: Observation) -> Failover | None:
    if seen.blow is None or seen.blow.victim is not Victim.GATEWAY:
        return None
    return failover(book, seen.recording.returned, seen.blow.clients, seen.blow.at_ns)


def _wire(recording: Recording, book: Ledger) -> WireUse:
    window_ns = book.window_start_ns, book.window_end_ns
    return wire_use(
        recording.traffic,
        recording.connections,
        book.sent_between(*window_ns),
        book.delivered_between(*window_ns),
    )


def _stopped(stalls: Sequence[Stall]) -> tuple[str, ...]:
    """Say that the servers stood still on purpose: such a run is no measurement of a pattern."""
    if not stalls:
        return ()
    seconds = sum(stall.end_ns - stall.begin_ns for stall in stalls) / 1e9
    return (f"the servers were stopped on purpose: {len(stalls)} times, {seconds:.2f} s in all",)


def _found(workload: Workload, seen: Observation) -> tuple[str, ...]:
    """Say whose figures a server's are that was there before, and that it shares our cores."""
    if not workload.elsewhere:
        return ()
    if not seen.server_names:
        return (
            "server found by URL: its processes are not on this host, or not ours to look at, so "
            "its CPU is not known; if it runs here, give --pid",
        )
    names = ", ".join(sorted(set(seen.server_names.values())))
    return (f"server found by URL: {names}, on any core of this host, the load's included",)


def _remarks(
    workload: Workload, times: Latencies, kept_up: Saturation, balance: Audit
) -> tuple[str, ...]:
    """Say what the system did that a reader of its figures should know."""
    remarks = []
    if workload.workers_gone:
        remarks.append(
            f"workers were gone for {workload.workers_gone:g} s, from a quarter of the window on"
        )
    if kept_up.saturated:
        remarks.append(
            f"saturated: {kept_up.achieved_rate:,.0f} of {kept_up.offered_rate:,.0f} msg/s were "
            f"delivered to all in time, latency grew by {kept_up.slope * 1e3:.2g} ms/s"
        )
    wrong = {
        "lost": balance.lost,
        "duplicated": balance.duplicated,
        "reordered": balance.reordered,
        "corrupted": balance.corrupted,
    }
    remarks += [f"{count:,} {what} of {balance.owed:,}" for what, count in wrong.items() if count]
    remarks += [f"{cause}: {count:,} times" for cause, count in balance.causes.items()]
    if times.delivery.lost:
        remarks.append(f"{times.delivery.lost:,} deliveries of the window are infinitely late")
    return tuple(remarks)
