"""Subscribers that only listen: when each message came, and how long it was."""

from __future__ import annotations

import asyncio
import gc
import time
from array import array
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from harness.errors import LoadFailed
from harness.load.loop import LoadLoop
from harness.load.seats import Seats
from harness.pattern import Deliver, Endpoints, Pattern, Seat
from harness.recording import READING_NS, Ints
from harness.timerfd import tighten_timer_slack
from harness.workload import Workload

_NS = 1_000_000_000
_CLOSE_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Listened:
    """All that came, subscriber by subscriber."""

    at_ns: tuple[Ints, ...]
    """CLOCK_MONOTONIC."""
    sizes: tuple[Ints, ...]
    window_ns: tuple[int, int]
    cpu: float
    """Share of a core that listening took in the window, 0 to 1."""
    pause: float
    """Seconds for which this process did nothing of what was due, at most."""
    notes: Mapping[str, int]


@dataclass(slots=True)
class _Ear:
    at_ns: array[int] = field(default_factory=lambda: array("q"))
    sizes: array[int] = field(default_factory=lambda: array("q"))

    def deliver(self) -> Deliver:
        came, measured, clock = self.at_ns.append, self.sizes.append, time.monotonic_ns

        def deliver(message: bytes) -> None:
            came(clock())
            measured(len(message))

        return deliver


def listen(pattern: Pattern, workload: Workload, roles: Mapping[str, str]) -> Listened:
    """Subscribe as often as ``workload`` says, and listen for its warm-up and its duration.

    Raises:
        LoadFailed: a connection could not be made; its cause is what the client raised.
    """
    tighten_timer_slack()
    gc.collect()
    gc.freeze()
    with asyncio.Runner(loop_factory=LoadLoop) as runner:
        return runner.run(_listen(pattern, workload, Endpoints(urls=roles)))


async def _listen(pattern: Pattern, workload: Workload, endpoints: Endpoints) -> Listened:
    loop = asyncio.get_running_loop()
    if not isinstance(loop, LoadLoop):
        raise TypeError(f"load runs on a LoadLoop, not on {type(loop).__name__}")
    # What a reader raises is raised again on leaving; the loop need not print it, too.
    loop.set_exception_handler(lambda _loop, _context: None)
    subscribe = pattern.clients[workload.client].subscribe
    if subscribe is None:
        raise LoadFailed(f"{pattern.name} has nothing to subscribe to")
    notes: Counter[str] = Counter()
    ears = [_Ear() for _ in range(workload.subscribers)]
    seats: Seats[None] = Seats()

    def listening(index: int, deliver: Deliver) -> Callable[[], AbstractAsyncContextManager[None]]:
        seat = Seat(
            endpoints=endpoints,
            workload=workload,
            index=index,
            note=lambda cause: notes.update((cause,)),
            arrived=deliver,
        )
        return partial(subscribe, seat, deliver)

    await seats.enter(
        [listening(index, ear.deliver()) for index, ear in enumerate(ears)], workload.ramp
    )
    await asyncio.sleep(workload.warmup)
    begin_ns, used_ns = time.monotonic_ns(), time.process_time_ns()
    pause_ns = await _pass(begin_ns + round(workload.duration * _NS))
    end_ns, used_ns = time.monotonic_ns(), time.process_time_ns() - used_ns
    told = dict(notes)
    await seats.leave(_CLOSE_S)
    at_ns = tuple(np.array(ear.at_ns, dtype=np.int64) for ear in ears)
    return Listened(
        at_ns=at_ns,
        sizes=tuple(np.array(ear.sizes, dtype=np.int64) for ear in ears),
        window_ns=(begin_ns, end_ns),
        cpu=used_ns / (end_ns - begin_ns),
        pause=pause_ns / _NS,
        notes=told,
    )


async def _pass(until_ns: int) -> int:
    """Wait until a moment; give by how much, at most, this process woke up too late."""
    latest = 0
    while (now_ns := time.monotonic_ns()) < until_ns:
        due_ns = min(now_ns + READING_NS, until_ns)
        await asyncio.sleep((due_ns - now_ns) / _NS)
        latest = max(latest, time.monotonic_ns() - due_ns)
    return latest
