"""The story of one run: plan, observe, measure, judge."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

from harness.machine import Machine
from harness.measure.audit import audit
from harness.measure.latency import Latencies, latencies, mean_bounds
from harness.measure.ledger import Ledger, ledger
from harness.measure.offer import offer
from harness.measure.saturation import Saturation, saturation
from harness.measure.use import generator_use, host_use, server_use, wire_use
from harness.measure.validity import Evidence, judge
from harness.observe import Live, Observation, observe
from harness.pattern import Pattern
from harness.plan import Plan, plan
from harness.process.redis import without_password
from harness.recording import Traffic
from harness.result import Audit, Context, Result, WireUse
from harness.workload import Workload


def run(
    pattern: Pattern,
    workload: Workload,
    machine: Machine,
    *,
    block_index: int = 0,
    on_start: Callable[[Live], None] = lambda _live: None,
) -> Result:
    """Measure one pattern under one workload, on fresh server and client processes.

    Raises:
        BadInput: this pattern or machine cannot do what is asked; nothing was started.
        NotMeasured: a server or a load process failed.
    """
    planned = plan(pattern, workload, machine)
    seen = observe(planned, workload, on_start=on_start)
    return conclude(pattern, workload, machine, planned, seen, block_index)


def conclude(
    pattern: Pattern,
    workload: Workload,
    machine: Machine,
    planned: Plan,
    seen: Observation,
    block_index: int = 0,
) -> Result:
    """Make a result of what was seen: arithmetic only."""
    book = ledger(seen.recording, workload, *seen.window_ns)
    times = latencies(book)
    kept_up = saturation(
        book,
        poll_interval_s=pattern.poll_interval_s(workload),
        service_p50_s=times.service.p50,
    )
    generator = generator_use(seen.recording.processes, *seen.window_ns)
    host = host_use(*seen.host, _pinned(planned, seen))
    analytic_mean = pattern.poll_interval_s(workload) / 2 or None
    bounds = mean_bounds(book) if analytic_mean else None
    balance = audit(book)
    evidence = Evidence(
        workload=workload,
        latencies=times,
        offer=offer(book),
        generator=generator,
        host=host,
        analytic_mean=analytic_mean,
        service_mean_high=bounds.high if bounds else None,
    )
    return Result(
        pattern=pattern.name,
        block=pattern.block,
        floor=pattern.floor,
        # It is kept in a file that people pass on.
        workload=replace(workload, redis=without_password(workload.redis)),
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
        wire=_wire(seen.recording.traffic, book),
        generator=generator,
        host=host,
        context=Context(
            machine=machine,
            plan=str(planned),
            started_at=seen.started_at,
            redis=seen.redis_label,
            redis_counters=seen.redis_counters,
        ),
        analytic_mean=analytic_mean,
        service_mean_high=evidence.service_mean_high,
        doubts=judge(evidence),
        remarks=_remarks(times, kept_up, balance),
    )


def _wire(traffic: Traffic, book: Ledger) -> WireUse:
    window_ns = book.window_start_ns, book.window_end_ns
    return wire_use(traffic, book.sent_between(*window_ns), book.delivered_between(*window_ns))


def _pinned(planned: Plan, seen: Observation) -> dict[int, int | None]:
    """Say which core each process of ours counts for.

    The measuring process sleeps through the window and is not pinned; what it uses counts for
    the last load core.
    """
    server_core = min(planned.server_cores) if len(planned.server_cores) == 1 else None
    pinned: dict[int, int | None] = dict.fromkeys(seen.servers[0].cpu_ns, server_core)
    if seen.found_pid is not None:
        pinned[seen.found_pid] = None
    pinned |= {process.pid: process.core for process in seen.recording.processes}
    pinned[os.getpid()] = planned.shares[-1].core
    return pinned


def _remarks(times: Latencies, kept_up: Saturation, balance: Audit) -> tuple[str, ...]:
    """Say what the system did that a reader of its figures should know."""
    remarks = []
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
