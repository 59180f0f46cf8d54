"""What makes messages due: a schedule (open loop) or deliveries (closed loop)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import numpy as np

from harness.envelope import DUE, pack
from harness.load.pacer import Pacer
from harness.load.padding import Padding
from harness.load.schedule import Schedule
from harness.pattern import Deliver, Send
from harness.recording import NEVER, Ints

NS = 1_000_000_000
_MESSAGE = slice(0, DUE.start)
"""Publisher and sequence: what names a message."""


class OpenLoop:
    """Releases each message when the schedule wants it."""

    def __init__(self, schedule: Schedule, start_ns: int, padding: Padding) -> None:
        self._schedule = schedule
        self._due_ns = schedule.offset_ns + start_ns
        # Lists, which are read faster one by one, and are made before time matters.
        self._rows: tuple[list[int], list[int], list[int]] = (
            self._due_ns.tolist(),
            schedule.publisher.tolist(),
            schedule.sequence.tolist(),
        )
        self._released_ns: list[int] = []
        self._padding = padding

    def counted(self, deliver: Deliver) -> Deliver:
        """Deliveries change nothing here."""
        return deliver

    @property
    def published(self) -> int:
        """How many messages there will be."""
        return len(self._schedule)

    async def run(self, sends: Sequence[Send], first_publisher: int) -> None:
        """Release until the schedule ends."""
        due_ns, publishers, sequences = self._rows
        padding, stamp, clock = self._padding, self._released_ns.append, time.monotonic_ns

        def release(number: int) -> None:
            stamp(clock())
            publisher = publishers[number]
            text, crc = padding[number]
            sends[publisher - first_publisher](
                pack(publisher, sequences[number], due_ns[number], text, crc)
            )

        with Pacer(due_ns, release) as pacer:
            await pacer.finished()

    def table(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Give publisher, sequence, due_ns and released_ns of every message of the schedule."""
        released_ns = np.full(len(self._schedule), NEVER, dtype=np.int64)
        released_ns[: len(self._released_ns)] = self._released_ns
        return self._schedule.publisher, self._schedule.sequence, self._due_ns, released_ns


class ClosedLoop:
    """Releases a message whenever one of ``concurrency`` has been delivered to all.

    There is no schedule: a message is due when it is released, so that a stall of the system
    delays what would have been due. These latencies never stand beside those of an open loop.
    """

    def __init__(
        self, concurrency: int, owed: int, publishers: range, end_ns: int, padding: Padding
    ) -> None:
        """``owed`` is how many deliveries make a message delivered to all."""
        self._concurrency = concurrency
        self._owed = owed
        self._publishers = publishers
        self._end_ns = end_ns
        self._padding = padding
        self._released_ns: list[int] = []
        self._missing: dict[bytes, int] = {}
        self._release: Callable[[], None] = lambda: None

    @property
    def published(self) -> int:
        """How many messages there are so far."""
        return len(self._released_ns)

    @property
    def in_flight(self) -> int:
        """Messages not yet delivered to all."""
        return len(self._missing)

    def counted(self, deliver: Deliver) -> Deliver:
        """Make a ``deliver`` that also releases the next message when one is complete."""
        missing = self._missing

        def count(message: bytes) -> None:
            deliver(message)
            name = message[_MESSAGE]
            left = missing.get(name, 0)
            if left > 1:
                missing[name] = left - 1
            elif left == 1:
                del missing[name]
                self._release()

        return count

    async def run(self, sends: Sequence[Send], first_publisher: int) -> None:
        """Keep ``concurrency`` messages in flight until the end."""
        publishers, first = self._publishers, self._publishers.start
        if first != first_publisher:
            raise ValueError(f"publishers {publishers} do not start at {first_publisher}")
        padding, released_ns, missing = self._padding, self._released_ns, self._missing
        clock, end_ns, owed, count = time.monotonic_ns, self._end_ns, self._owed, len(publishers)

        def release() -> None:
            now = clock()
            if now >= end_ns:
                return
            number = len(released_ns)
            text, crc = padding[number]
            sequence, place = divmod(number, count)
            message = pack(first + place, sequence, now, text, crc)
            released_ns.append(now)
            missing[message[_MESSAGE]] = owed
            sends[place](message)

        self._release = release
        for _ in range(self._concurrency):
            release()
        await asyncio.sleep(max(0, (end_ns - clock()) / NS))

    def table(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Give publisher, sequence, due_ns and released_ns of the messages released so far."""
        number = np.arange(len(self._released_ns), dtype=np.int64)
        sequence, place = np.divmod(number, len(self._publishers))
        released_ns = np.array(self._released_ns, dtype=np.int64)
        return place + self._publishers.start, sequence, released_ns, released_ns


Drive = OpenLoop | ClosedLoop
