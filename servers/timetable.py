"""Calls at known times, to some 10 µs, each in a turn of the event loop of its own.

The loop's own timers count milliseconds. Whatever became due within one of them would go in one
turn, and what is written in a turn leaves when the turn ends: messages would wait for one another
after they were stamped.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from heapq import heappop, heappush
from types import TracebackType
from typing import Self

from harness.timerfd import Alarm


class Timetable:
    """What is to be called on the running loop, and when; a context manager.

    Raises:
        OSError: the kernel has no file descriptor left.
    """

    def __init__(self) -> None:
        self._alarm = Alarm(self._ring)
        self._calls: list[tuple[int, int, Callable[[], object]]] = []
        self._numbers = itertools.count()

    def at(self, due_ns: int, call: Callable[[], object]) -> None:
        """Call at ``due_ns`` of the monotonic clock, or as soon after it as others leave a turn."""
        entry = (due_ns, next(self._numbers), call)
        heappush(self._calls, entry)
        if self._calls[0] is entry:
            self._alarm.at(due_ns)

    async def reach(self, due_ns: int) -> None:
        """Return at ``due_ns``, at once if that has passed."""
        if due_ns <= time.monotonic_ns():
            return
        reached = asyncio.Event()
        self.at(due_ns, reached.set)
        await reached.wait()

    def _ring(self) -> None:
        _, _, call = heappop(self._calls)
        if self._calls:
            self._alarm.at(self._calls[0][0])
        call()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._alarm.close()
