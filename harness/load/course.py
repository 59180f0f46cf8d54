"""The course of one load process, from its task to its recording."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from harness.errors import LateStart, LoadFailed
from harness.load.drive import ClosedLoop, Drive, OpenLoop
from harness.load.journal import Journal
from harness.load.loop import LoadLoop
from harness.load.padding import make_padding
from harness.load.published import published
from harness.load.schedule import schedule
from harness.load.seats import Seats
from harness.load.stamps import Arrivals, Handovers
from harness.load.task import NS, LoadTask, Role
from harness.pattern import Deliver, Endpoints, Pattern, Seat, Send
from harness.queueing import Victim
from harness.recording import (
    READING_NS,
    LoadProcess,
    Published,
    Recording,
    Returned,
    Traffic,
)
from harness.registry import load as load_pattern
from harness.timerfd import tighten_timer_slack
from harness.workload import ClientKind, Exchange, Ingress

_HOLD_NS = 80_000_000
"""Connections stay so long after the window, so that the servers' memory is read with them."""
_GLANCE_S = 0.01
_LEAST_DRAIN_S = 5.0
_AFTER_S = 2.0
"""For what was held up by a stall, or by a request that was given up."""
_QUIET_S = 1.0
"""Without a job for so long, and eight times the work on one, a consumer takes the queue for done:
what a dead one held has been claimed by then."""
_TIMES_WORK = 8
_TRIPS = 3
"""Round trips that a message needs at most: a long poll's answer, the next poll, its answer."""
_LONGEST_BACKLOG_S = 60.0
"""What consumers with work have not done so long after the window is left in the queue."""
_T = TypeVar("_T")


def prepare(pattern: str) -> None:
    """Import what a load process with this pattern needs, before time matters."""
    load_pattern(pattern)


def run_load(task: LoadTask) -> Recording:
    """Do one load process' share and return what it saw.

    Raises:
        LoadFailed: not ready by the agreed start, or a connection could not be made.
    """
    take_place(task.core, gives_way=task.gives_way)
    tighten_timer_slack()
    load = _Load(task, load_pattern(task.pattern))
    gc.collect()
    gc.freeze()
    gc.disable()
    with asyncio.Runner(loop_factory=LoadLoop) as runner:
        return runner.run(load.run())


def take_place(core: int | None, *, gives_way: bool) -> None:
    """Keep this process to ``core``; if it gives way, anyone else who wants to run goes first."""
    if core is not None:
        os.sched_setaffinity(0, {core})
    if gives_way:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


class _Load:
    """The course of one load process: connect, be ready, drive, drain, leave, tell."""

    def __init__(self, task: LoadTask, pattern: Pattern) -> None:
        self._task = task
        self._pattern = pattern
        self._notes: Counter[str] = Counter()
        self._handovers = Handovers()
        self._accepted = Handovers()
        self._journal = Journal(Path(task.journal)) if task.journal else None
        self._receiving: Seats[Send | None] = Seats()
        self._publishing: Seats[Send] = Seats()
        self._returned: list[tuple[int, int, int]] = []
        self._cpu: list[tuple[int, int]] = []
        self._traffic = Traffic()
        self._connections = 0
        self._drive = None if task.role is Role.RECEIVE else _drive(task)
        self._owed = _owed(task) if task.workload.open_loop else 0

    async def run(self) -> Recording:
        """Run through, whatever happens leave no connection."""
        task = self._task
        loop = asyncio.get_running_loop()
        if not isinstance(loop, LoadLoop):
            raise TypeError(f"load runs on a LoadLoop, not on {type(loop).__name__}")
        arrivals = Arrivals(task.workload.payload, loop.turns)
        sends, first_publisher = await self._connect(arrivals)
        connections = loop.connections()
        late = (time.monotonic_ns() - task.start_ns) / NS
        if late > 0 and not task.succeeds:
            raise LateStart(
                f"load process ({task.role}) was ready {late:.1f} s after the agreed start; "
                "lower --subscribers or raise --ramp"
            )
        watch = loop.create_task(self._watch(loop, connections))
        await _until(task.start_ns)
        if self._drive is not None:
            await self._drive.run(sends, first_publisher)
            await self._publishing.leave(_LEAST_DRAIN_S)
        await self._drain(arrivals)
        await watch
        await self._receiving.leave(_LEAST_DRAIN_S)
        return self._recording(arrivals)

    async def _connect(self, arrivals: Arrivals) -> tuple[list[Send], int]:
        """Take all seats, receivers first; give the publishers' sends and the first's index."""
        task, workload = self._task, self._task.workload
        counted: Callable[[Deliver], Deliver] = (
            self._drive.counted if self._drive is not None else lambda deliver: deliver
        )
        delivers = [counted(deliver) for deliver in arrivals.delivers(task.receivers)]
        if self._journal is not None:
            delivers = [
                self._journal.noting(index, deliver)
                for index, deliver in zip(task.receivers, delivers, strict=True)
            ]
        client = self._pattern.clients[workload.client]
        sent = self._handovers.sent()

        if workload.exchange.both_ways:
            both = _needed(client.call if workload.exchange.calls else client.join)
            seats = [
                self._seat(both, index, sent, deliver)
                for index, deliver in zip(task.receivers, delivers, strict=True)
            ]
            held = await self._receiving.enter(seats, task.ramp)
            return [send for send in held if send is not None], task.receivers.start

        subscriptions = [
            self._seat(_needed(client.subscribe), index, deliver)
            for index, deliver in zip(task.receivers, delivers, strict=True)
        ]
        await self._receiving.enter(subscriptions, task.ramp)
        publish = self._pattern.publish[workload.ingress] if task.publishers else None
        publications = [
            self._seat(_needed(publish), index, sent, to=task.publish_to)
            for index in task.publishers
        ]
        return await self._publishing.enter(publications, task.ramp), task.publishers.start

    def _seat(
        self,
        side: Callable[..., AbstractAsyncContextManager[_T]],
        index: int,
        *functions: object,
        to: Endpoints | None = None,
    ) -> Callable[[], AbstractAsyncContextManager[_T]]:
        seat = Seat(
            endpoints=to or self._task.endpoints,
            workload=self._task.workload,
            index=index,
            note=lambda cause: self._notes.update((cause,)),
            returned=lambda lost_ns, back_ns: self._returned.append((index, lost_ns, back_ns)),
        )
        if self._journal is not None:
            seat = replace(seat, begin=self._journal.begin(index))
        if self._task.workload.kill is Victim.REDIS:
            seat = replace(seat, accepted=self._accepted.sent())
        return partial(side, seat, *functions)

    async def _watch(self, loop: LoadLoop, connections: int) -> None:
        """Read the CPU clock all the time, the connections' counters at the window's edges.

        On the way, keep lean clients lean: an application would leave its sockets alone.
        """
        begin, end = self._task.window_ns
        receives = self._task.role is not Role.PUBLISH
        lean = receives and self._task.workload.client is ClientKind.WIRE
        await _until(begin)
        before = loop.traffic(connections) if receives else {}
        at = begin
        while at < end:
            self._cpu.append((time.monotonic_ns(), time.process_time_ns()))
            if lean:
                loop.delay_acks()
            at = min(at + READING_NS, end)
            await _until(at)
        self._cpu.append((time.monotonic_ns(), time.process_time_ns()))
        after = loop.traffic(connections) if receives else {}
        # What was not open at both edges of the window drops out.
        open_throughout = before.keys() & after.keys()
        self._connections = len(open_throughout)
        self._traffic = sum((after[one] - before[one] for one in open_throughout), start=Traffic())

    async def _drain(self, arrivals: Arrivals) -> None:
        """Wait until everything owed has arrived, or the deadline for it has passed."""
        _, end = self._task.window_ns
        await _until(end + _HOLD_NS)
        patience_s = self._drain_s(arrivals)
        by_any = self._task.workload.exchange is Exchange.WORK_QUEUE
        enough = self._owed
        while time.monotonic_ns() < self._patient_until(end, patience_s, arrivals):
            if isinstance(self._drive, ClosedLoop):
                if self._drive.in_flight == 0:
                    return
            elif self._task.role is Role.PUBLISH:
                return
            elif len(arrivals) >= enough:
                # Among so many there may be repetitions: then some are still missing.
                missing = self._owed - arrivals.settled(by_any=by_any)
                if missing <= 0:
                    return
                enough = len(arrivals) + missing
            await asyncio.sleep(_GLANCE_S)

    def _patient_until(self, end_ns: int, patience_s: float, arrivals: Arrivals) -> int:
        """Give when to go; consumers that have work stay for as long as there is some."""
        if not self._task.workload.work:
            return end_ns + round(patience_s * NS)
        quiet_s = _QUIET_S + _TIMES_WORK * self._task.workload.work
        quiet_ns = max(end_ns, arrivals.last_ns) + round(quiet_s * NS)
        return min(quiet_ns, end_ns + round(_LONGEST_BACKLOG_S * NS))

    def _drain_s(self, arrivals: Arrivals) -> float:
        # A native publisher may itself drain so long, and what it sends then has yet to arrive.
        patience = 1 if self._task.workload.ingress is Ingress.FEED else 2
        stall = arrivals.longest_gap_ns() / NS
        least = patience * _LEAST_DRAIN_S
        given_up = self._pattern.patience_s + _AFTER_S if self._pattern.patience_s else 0.0
        polls_s = 3 * self._task.workload.poll_interval
        return max(least, polls_s, stall + _AFTER_S, given_up) + _TRIPS * self._task.workload.rtt

    def _recording(self, arrivals: Arrivals) -> Recording:
        task = self._task
        # An application that has one `library` subscriber waits for nothing but that library's
        # own work: what it would see of it is part of what is measured.
        alone = task.workload.client is ClientKind.LIBRARY and len(task.receivers) == 1
        receiver, lost_ns, back_ns = np.array(self._returned, dtype=np.int64).reshape(-1, 3).T
        return Recording(
            published=(
                published(self._drive, self._handovers, self._accepted)
                if self._drive
                else Published()
            ),
            delivered=arrivals.table(lag=not alone),
            setup_ns=np.array(self._receiving.setup_ns, dtype=np.int64),
            entering_ns=self._receiving.entering_ns,
            entering_cpu_ns=self._receiving.entering_cpu_ns,
            notes=dict(self._notes),
            traffic=self._traffic,
            connections=self._connections,
            returned=Returned(receiver=receiver, lost_ns=lost_ns, back_ns=back_ns),
            processes=(
                LoadProcess(
                    role=task.role,
                    pid=os.getpid(),
                    core=task.core,
                    at_ns=np.array([at for at, _ in self._cpu], dtype=np.int64),
                    cpu_ns=np.array([used for _, used in self._cpu], dtype=np.int64),
                    peak_rss_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                ),
            ),
        )


def _owed(task: LoadTask) -> int:
    """Count the deliveries that an open loop owes to this process' receivers.

    Several processes share a work queue's messages by chance: each can only wait for all.
    """
    workload = task.workload
    messages = schedule(workload)
    if workload.exchange.calls:
        return len(messages.of(task.publishers))
    copies = len(task.receivers) if workload.exchange.to_all else 1
    return len(messages) * copies


def _drive(task: LoadTask) -> Drive:
    workload = task.workload
    padding = make_padding(workload.payload, workload.seed, task.lines)
    if workload.concurrency is None:
        return OpenLoop(schedule(workload).of(task.publishers), task.start_ns, padding)
    _, end_ns = task.window_ns
    return ClosedLoop(
        workload.concurrency, workload.deliveries_per_message, task.publishers, end_ns, padding
    )


def _needed(side: _T | None) -> _T:
    if side is None:
        raise LoadFailed("the pattern's client lacks the side that its exchange needs")
    return side


async def _until(when_ns: int) -> None:
    wait = when_ns - time.monotonic_ns()
    if wait > 0:
        await asyncio.sleep(wait / NS)
