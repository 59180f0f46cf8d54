"""Calls at known times, one a turn."""

from __future__ import annotations

import asyncio
import time

import pytest

from servers.timetable import Timetable

MS = 1_000_000


async def test_calls_come_in_the_order_of_their_times_and_never_early() -> None:
    called: asyncio.Queue[tuple[int, int]] = asyncio.Queue()
    begun_ns = time.monotonic_ns()

    def note(due_ns: int) -> None:
        called.put_nowait((due_ns, time.monotonic_ns()))

    with Timetable() as timetable:
        for offset_ms in (6, 2, 4, 2):
            due_ns = begun_ns + offset_ms * MS
            timetable.at(due_ns, lambda due_ns=due_ns: note(due_ns))
        seen = [await asyncio.wait_for(called.get(), 5) for _ in range(4)]
    assert [(due_ns - begun_ns) // MS for due_ns, _ in seen] == [2, 2, 4, 6]
    assert all(at_ns >= due_ns for due_ns, at_ns in seen)


async def test_each_call_has_a_turn_of_its_own() -> None:
    """What one call schedules for its own turn's end comes before the next call."""
    steps: list[str] = []
    over = asyncio.get_running_loop().create_future()

    def call(number: int) -> None:
        steps.append(f"call {number}")
        asyncio.get_running_loop().call_soon(after, number)

    def after(number: int) -> None:
        steps.append(f"after {number}")
        if number == 2:
            over.set_result(None)

    with Timetable() as timetable:
        due_ns = time.monotonic_ns()
        for number in range(3):
            timetable.at(due_ns, lambda number=number: call(number))
        await asyncio.wait_for(over, 5)
    assert steps == [f"{what} {number}" for number in range(3) for what in ("call", "after")]


async def test_what_is_past_is_reached_without_waiting() -> None:
    with Timetable() as timetable, pytest.raises(StopIteration):
        timetable.reach(time.monotonic_ns() - 1).send(None)


async def test_who_gave_up_waiting_does_no_harm() -> None:
    with Timetable() as timetable:
        due_ns = time.monotonic_ns() + 20 * MS
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(timetable.reach(due_ns), 0.001)
        await timetable.reach(due_ns)
    assert time.monotonic_ns() >= due_ns
