"""The hub by itself: cursors, log, queues, waits and ends."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.contract import as_bytes
from servers.hub import BehindLog, BeyondHead, Bounds, Channel, Closed, Evicted, Hub


def channel_of(*messages: bytes, **bounds: int) -> Channel:
    channel = Hub(Bounds(**bounds)).channel()
    for message in messages:
        channel.publish(message)
    return channel


def test_cursors_start_at_one_and_the_head_is_the_newest() -> None:
    channel = channel_of()
    assert channel.head == 0
    assert [channel.publish(message) for message in (b"a", b"b")] == [1, 2]
    assert channel.head == 2


def test_after_gives_what_is_newer_oldest_first() -> None:
    channel = channel_of(b"a", b"b", b"c")
    assert channel.after(0) == [b"a", b"b", b"c"]
    assert channel.after(2) == [b"c"]
    assert channel.after(3) == []


def test_a_cursor_that_no_message_has_reached_is_refused() -> None:
    with pytest.raises(BeyondHead, match="4 is beyond the newest message, 3"):
        channel_of(b"a", b"b", b"c").after(4)


def test_the_log_is_bounded_by_messages() -> None:
    channel = channel_of(b"a", b"b", b"c", log_messages=2)
    assert channel.after(1) == [b"b", b"c"]
    with pytest.raises(BehindLog) as behind:
        channel.after(0)
    assert behind.value.resume == 1


def test_the_log_is_bounded_by_bytes() -> None:
    channel = channel_of(b"aa", b"bb", b"cc", log_bytes=5)
    with pytest.raises(BehindLog) as behind:
        channel.after(0)
    assert behind.value.resume == 1
    assert channel.after(1) == [b"bb", b"cc"]


def test_a_message_longer_than_the_log_is_delivered_and_not_kept() -> None:
    channel = channel_of(b"long", log_bytes=3)
    with pytest.raises(BehindLog) as behind:
        channel.after(0)
    assert behind.value.resume == channel.head == 1


@given(
    sizes=st.lists(st.integers(0, 9), max_size=30),
    log_messages=st.integers(1, 9),
    log_bytes=st.integers(1, 40),
)
def test_every_cursor_is_answered_or_told_where_to_go_on(
    sizes: list[int], log_messages: int, log_bytes: int
) -> None:
    messages = [bytes([65 + i]) * size for i, size in enumerate(sizes)]
    channel = channel_of(*messages, log_messages=log_messages, log_bytes=log_bytes)
    kept = 0
    while (
        kept < min(len(messages), log_messages)
        and sum(map(len, messages[len(messages) - kept - 1 :])) <= log_bytes
    ):
        kept += 1
    oldest = len(messages) - kept
    for cursor in range(oldest):
        with pytest.raises(BehindLog) as behind:
            channel.after(cursor)
        assert behind.value.resume == oldest
    for cursor in range(oldest, len(messages) + 1):
        assert channel.after(cursor) == messages[cursor:]


async def test_a_subscriber_drains_all_that_is_pending_at_once() -> None:
    channel = channel_of(b"before")
    subscription = channel.subscribe(as_bytes)
    taking = asyncio.create_task(subscription.take())
    await asyncio.sleep(0)
    channel.publish(b"a")
    channel.publish(b"b")
    assert await taking == [b"a", b"b"]


async def test_a_form_is_made_once_for_all_its_subscribers() -> None:
    made: list[int] = []

    def form(cursor: int, _message: bytes) -> int:
        made.append(cursor)
        return cursor

    channel = channel_of()
    subscriptions = [channel.subscribe(form) for _ in range(3)]
    channel.publish(b"a")
    assert made == [1]
    assert [await subscription.take() for subscription in subscriptions] == [[1], [1], [1]]


async def test_subscribing_after_a_cursor_misses_nothing() -> None:
    channel = channel_of(b"a", b"b")
    subscription = channel.subscribe(lambda cursor, message: (cursor, message), after=1)
    channel.publish(b"c")
    assert await subscription.take() == [(2, b"b"), (3, b"c")]


@pytest.mark.parametrize("bounds", [{"queue_messages": 2}, {"queue_bytes": 2}])
async def test_a_slow_subscriber_is_evicted_and_the_others_are_not(bounds: dict[str, int]) -> None:
    channel = channel_of(**bounds)
    slow = channel.subscribe(as_bytes)
    quick = channel.subscribe(as_bytes)
    for _ in range(3):
        channel.publish(b"x")
        assert await quick.take() == [b"x"]
    with pytest.raises(Evicted):
        await slow.take()
    channel.publish(b"y")
    assert await quick.take() == [b"y"]
    with pytest.raises(Evicted):
        await slow.take()


async def test_a_long_idle_subscriber_may_queue_as_much_as_any() -> None:
    channel = channel_of(queue_bytes=3)
    subscription = channel.subscribe(as_bytes)
    for _ in range(9):
        channel.publish(b"x")
        assert await subscription.take() == [b"x"]
    channel.publish(b"xxx")
    assert await subscription.take() == [b"xxx"]


async def test_closing_leaves_what_is_pending_to_be_taken() -> None:
    channel = channel_of()
    subscription = channel.subscribe(as_bytes)
    channel.publish(b"a")
    subscription.close()
    subscription.close()
    channel.publish(b"b")
    assert await subscription.take() == [b"a"]
    with pytest.raises(Closed):
        await subscription.take()


async def test_a_cancelled_reader_harms_nobody() -> None:
    channel = channel_of()
    subscription = channel.subscribe(as_bytes)
    taking = asyncio.create_task(subscription.take())
    await asyncio.sleep(0)
    taking.cancel()
    channel.publish(b"a")
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert await subscription.take() == [b"a"]


async def test_an_idle_subscriber_is_woken_with_nothing() -> None:
    begun = time.monotonic()
    subscription = channel_of().subscribe(as_bytes, idle_s=0.02)
    assert await subscription.take() == []
    assert time.monotonic() - begun >= 0.018
    subscription.close()


async def test_wait_returns_at_the_first_message() -> None:
    channel = channel_of()
    waiting = [asyncio.create_task(channel.wait(30)) for _ in range(2)]
    await asyncio.sleep(0)
    channel.publish(b"a")
    await asyncio.wait_for(asyncio.gather(*waiting), 1)


async def test_wait_returns_when_its_time_is_over() -> None:
    begun = time.monotonic()
    await channel_of().wait(0.02)
    assert time.monotonic() - begun >= 0.018


async def test_closing_the_hub_ends_everything_now_and_later() -> None:
    hub = Hub(Bounds())
    channel = hub.channel()
    subscription = channel.subscribe(as_bytes)
    waiting = asyncio.create_task(channel.wait(30))
    await asyncio.sleep(0)
    hub.close()
    await asyncio.wait_for(waiting, 1)
    await channel.wait(30)
    for ended in (
        subscription,
        channel.subscribe(as_bytes),
        hub.channel("new").subscribe(as_bytes),
    ):
        with pytest.raises(Closed):
            await ended.take()


def test_channels_know_nothing_of_one_another() -> None:
    hub = Hub(Bounds())
    assert hub.publish(b"a", "one") == 1
    assert hub.publish(b"b", "other") == 1
    assert hub.channel("one").after(0) == [b"a"]
