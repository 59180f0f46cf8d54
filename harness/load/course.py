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
from harness.load.patience import LEAST_S, least_s, patient_until_ns, quiet_s
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
from harness.workload import ClientKind, Exchange

STILL_COMING = "waiting ended while verdicts still came"
"""Noted for each verdict that was missing then: the pool was slow, and nothing says it was lost."""
_HOLD_NS = 80_000_000
"""Connections stay so long after the window, so that the servers' memory is read with them."""
_GLANCE_S = 0.01
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
            await self._publishing.leave(LEAST_S)
        await self._drain(arrivals)
        await watch
        await self._receiving.leave(LEAST_S)
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
        patient_until = self._patience(arrivals, end)
        by_any = self._task.workload.exchange is Exchange.WORK_QUEUE
        enough = self._owed
        while time.monotonic_ns() < patient_until():
            if isinstance(self._drive, ClosedLoop):
                if self._drive.in_flight == 0:
                    return
            elif self._task.role is Role.PUBLISH:
                return
            elif len(arrivals) + self._given_up >= enough:
                # Among so many there may be repetitions: then some are still missing.
                missing = self._owed - arrivals.settled(by_any=by_any) - self._given_up
                if missing <= 0:
                    return
                enough = len(arrivals) + self._given_up + missing
            await asyncio.sleep(_GLANCE_S)
        if self._task.workload.exchange is Exchange.JOURNEY:
            self._note_what_still_came(arrivals)

    @property
    def _given_up(self) -> int:
        """How many messages will not come: where requests are given up, each is noted."""
        return self._notes.total() if self._pattern.patience_s else 0

    def _patience(self, arrivals: Arrivals, end_ns: int) -> Callable[[], int]:
        """Make what tells when to stop waiting, in ns; what arrives may put that off."""
        workload = self._task.workload
        least = least_s(
            workload,
            answered_within_s=self._pattern.patience_s,
            longest_gap_s=arrivals.longest_gap_ns() / NS,
        )
        quiet = self._quiet_s()
        return lambda: patient_until_ns(
            workload, end_ns=end_ns, last_ns=arrivals.last_ns, least_s=least, quiet_s=quiet
        )

    def _quiet_s(self) -> float:
        workload = self._task.workload
        return quiet_s(
            workload,
            poll_interval_s=self._pattern.poll_interval_s(workload),
            answered_within_s=self._pattern.patience_s,
        )

    def _note_what_still_came(self, arrivals: Arrivals) -> None:
        """Tell verdicts that a slow pool had not come to from those that are lost."""
        if time.monotonic_ns() - arrivals.last_ns < self._quiet_s() * NS:
            missing = self._owed - arrivals.settled(by_any=False) - self._notes.total()
            if missing > 0:
                self._notes[STILL_COMING] += missing

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
