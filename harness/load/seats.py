"""Client contexts held open side by side, each entered and left in a task of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

from harness.errors import LoadFailed

_Held = TypeVar("_Held")


class Seats(Generic[_Held]):
    """Enters contexts at a fixed ramp and leaves them together."""

    def __init__(self) -> None:
        self.setup_ns: list[int] = []
        self.entering_ns = 0
        """From the first that was begun with to the last that was entered."""
        self.entering_cpu_ns = 0
        """CPU time of this process meanwhile."""
        self._leave = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def enter(
        self, makers: Sequence[Callable[[], AbstractAsyncContextManager[_Held]]], per_second: float
    ) -> list[_Held]:
        """Enter one context every 1/``per_second`` seconds; wait for all.

        Raises:
            LoadFailed: one of them could not be entered; says which and why.
        """
        loop = asyncio.get_running_loop()
        start, begun_ns, used_ns = loop.time(), time.monotonic_ns(), time.process_time_ns()
        entered: list[asyncio.Future[_Held]] = []
        for number, make in enumerate(makers):
            wait = start + number / per_second - loop.time()
            if wait > 0.001:
                await asyncio.sleep(wait)
            entered.append(loop.create_future())
            self._tasks.append(loop.create_task(self._hold(make, entered[-1])))
        results = await asyncio.gather(*entered, return_exceptions=True)
        self.entering_ns = time.monotonic_ns() - begun_ns
        self.entering_cpu_ns = time.process_time_ns() - used_ns
        held: list[_Held] = []
        for number, result in enumerate(results):
            if isinstance(result, BaseException):
                raise LoadFailed(
                    f"connection {number + 1} of {len(makers)} failed: "
                    f"{type(result).__name__}: {result}"
                ) from result
            held.append(result)
        return held

    async def leave(self, deadline_s: float) -> None:
        """Leave all contexts; give up on those that take longer than ``deadline_s``."""
        self._leave.set()
        if not self._tasks:
            return
        done, pending = await asyncio.wait(self._tasks, timeout=deadline_s)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        for task in done:
            error = task.exception()
            if error is not None:
                raise LoadFailed(f"a connection failed: {type(error).__name__}: {error}") from error

    async def _hold(
        self,
        make: Callable[[], AbstractAsyncContextManager[_Held]],
        entered: asyncio.Future[_Held],
    ) -> None:
        began = time.monotonic_ns()
        try:
            async with make() as held:
                self.setup_ns.append(time.monotonic_ns() - began)
                entered.set_result(held)
                await self._leave.wait()
        except Exception as error:
            if entered.done():
                raise
            entered.set_exception(error)
