"""Releases messages at their due times, whatever the system under test does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from harness.timerfd import Alarm

_MOST_AT_ONCE = 64
"""After so many releases the loop gets a turn, so that replies are read in a burst too."""


class Pacer:
    """Calls ``release(number)`` for each due time, in order; a context manager.

    A late alarm releases all that is overdue at once: the schedule never shifts.
    """

    def __init__(self, due_ns: Sequence[int], release: Callable[[int], None]) -> None:
        self._due_ns = due_ns
        self._release = release
        self._next = 0
        self._finished = asyncio.get_running_loop().create_future()

    async def finished(self) -> None:
        """Wait until every message was released; what ``release`` raises comes out here."""
        await self._finished

    def __enter__(self) -> Self:
        self._alarm = Alarm(self._ring)
        if self._due_ns:
            self._alarm.at(self._due_ns[0])
        else:
            self._finished.set_result(None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._alarm.close()

    def _ring(self) -> None:
        due_ns, release, number = self._due_ns, self._release, self._next
        last = min(len(due_ns), number + _MOST_AT_ONCE)
        clock = time.monotonic_ns
        try:
            while number < last and due_ns[number] <= clock():
                release(number)
                number += 1
        except Exception as error:  # noqa: BLE001 # handed to whoever awaits the end
            self._finished.set_exception(error)
            return
        self._next = number
        if number < len(due_ns):
            self._alarm.at(due_ns[number])
        elif not self._finished.done():
            self._finished.set_result(None)
