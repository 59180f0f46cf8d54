"""The pacer releases all, in order, never early, and never shifts its schedule."""

import asyncio
import time

import pytest
import uvloop

from harness.load.pacer import Pacer


async def release_all(due_ns: list[int], stall_s: float = 0.0) -> list[tuple[int, int]]:
    released: list[tuple[int, int]] = []

    def release(number: int) -> None:
        if stall_s and number == 0:
            time.sleep(stall_s)
        released.append((number, time.monotonic_ns()))

    with Pacer(due_ns, release) as pacer:
        await pacer.finished()
    return released


@pytest.mark.parametrize("runner", [asyncio.run, uvloop.run])
def test_in_order_and_never_early(runner) -> None:  # type: ignore[no-untyped-def]
    start = time.monotonic_ns() + 5_000_000
    due = [start + number * 200_000 for number in range(300)]
    released = runner(release_all(due))
    assert [number for number, _ in released] == list(range(300))
    assert all(at >= due[number] for number, at in released)


def test_after_a_stall_of_our_own_the_schedule_stands() -> None:
    start = time.monotonic_ns() + 5_000_000
    due = [start + number * 1_000_000 for number in range(100)]
    released = uvloop.run(release_all(due, stall_s=0.05))
    late = [at - due[number] for number, at in released]
    assert late[10] > 30_000_000
    assert released[-1][1] - start < 99_000_000 + 50_000_000


def test_nothing_due_is_finished_at_once() -> None:
    assert uvloop.run(release_all([])) == []


def test_an_error_while_releasing_comes_out() -> None:
    async def failing() -> None:
        with Pacer([time.monotonic_ns()], lambda _number: [][0]) as pacer:
            await pacer.finished()

    with pytest.raises(IndexError):
        uvloop.run(failing())
