"""Calls at known times by the event loop's own timers, each call in a turn of its own.

These timers count milliseconds, and so does a server that waits. What became due within one would
go in one turn, and what a turn writes leaves when it ends: messages would wait for one another
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

_NS = 1_000_000_000
_TICK_S = 0.001
"""Of the loop's timers; one that is set for less may ring too soon."""


class Timetable:
    """What is to be called on the running loop, and when; a context manager."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._calls: list[tuple[int, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._timer: asyncio.Handle | None = None

    def at(self, due_ns: int, call: Callable[[], object]) -> None:
        """Call at ``due_ns`` of the monotonic clock or up to about 1 ms later, never before."""
        entry = (due_ns, next(self._numbers), call)
        heappush(self._calls, entry)
        if self._calls[0] is entry:
            self._await_first()

    async def reach(self, due_ns: int) -> None:
        """Return when ``at`` would call; at once if that has passed."""
        if due_ns <= time.monotonic_ns():
            return
        reached = asyncio.Event()
        self.at(due_ns, reached.set)
        await reached.wait()

    def _await_first(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        left_ns = self._calls[0][0] - time.monotonic_ns()
        if left_ns > 0:
            self._timer = self._loop.call_later(max(left_ns / _NS, _TICK_S), self._ring)
        else:
            self._timer = self._loop.call_soon(self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._calls[0][0] > time.monotonic_ns():
            self._await_first()
            return
        _, _, call = heappop(self._calls)
        try:
            call()
        finally:
            if self._calls:
                self._await_first()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
