"""A connection that is made anew: how long it waits, when, and what it tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from harness.pattern import Endpoints, Seat
from harness.wire.reconnecting import FIRST_CEILING_S, Held, full_jitter, kept_connected
from harness.workload import Workload


def seat(index: int) -> Seat:
    return Seat(endpoints=Endpoints(urls={}), workload=Workload(), index=index)


def test_waits_are_drawn_below_a_ceiling_that_doubles() -> None:
    for attempt, ceiling in enumerate((1, 2, 4, 4, 4)):
        drawn = [full_jitter(seat(index))(attempt) for index in range(500)]
        assert 0 <= min(drawn) < 0.1 * ceiling * FIRST_CEILING_S
        assert 0.9 * ceiling * FIRST_CEILING_S < max(drawn) <= ceiling * FIRST_CEILING_S
        assert len(set(drawn)) == len(drawn)


async def test_it_comes_back_after_failures() -> None:
    turns: list[int] = []
    attempts: list[int] = []
    returns: list[tuple[int, int]] = []
    back = asyncio.Event()

    @asynccontextmanager
    async def connect(turn: int) -> AsyncIterator[asyncio.Future[None]]:
        turns.append(turn)
        if turn in (1, 2):
            raise ConnectionRefusedError
        gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if turn == 0:
            gone.set_result(None)
        else:
            back.set()
        yield gone

    def wait_s(attempt: int) -> float:
        attempts.append(attempt)
        return 0.0

    async with kept_connected(
        connect,
        failures=(OSError,),
        wait_s=wait_s,
        returned=lambda lost_ns, back_ns: returns.append((lost_ns, back_ns)),
    ):
        await back.wait()
    assert turns == [0, 1, 2, 3]
    assert attempts[:3] == [0, 1, 2]
    ((lost_ns, back_ns),) = returns
    assert 0 < lost_ns <= back_ns


async def test_the_first_failure_comes_out_of_entering() -> None:
    @asynccontextmanager
    async def connect(_turn: int) -> AsyncIterator[asyncio.Future[None]]:
        raise ConnectionRefusedError
        yield

    with pytest.raises(ConnectionRefusedError):
        async with kept_connected(connect, failures=(OSError,), wait_s=lambda _attempt: 0.0):
            pass


def test_what_is_sent_without_a_connection_waits_for_one() -> None:
    held = Held()
    held.send(b"0")
    lost: list[bool] = []
    first: list[bytes] = []
    held.open(first.append, lambda: bool(lost))
    held.send(b"1")
    assert first == [b"0", b"1"]
    lost.append(True)
    held.send(b"2")
    held.send(b"3")
    second: list[bytes] = []
    held.open(second.append, lambda: False)
    held.send(b"4")
    assert first == [b"0", b"1"]
    assert second == [b"2", b"3", b"4"]
