"""In-memory fan-out, without a framework: channels, a bounded log, a bounded queue a subscriber.

Every server that has its own delivery uses this one hub, so that their figures differ by what
is around it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

MAIN_CHANNEL = "main"

T = TypeVar("T")

Form = Callable[[int, bytes], T]
"""Makes of a cursor and a message what one kind of subscriber wants queued."""


class BehindLog(Exception):
    """A reader asks for messages that the bounded log has dropped."""

    def __init__(self, resume: int) -> None:
        """Name the cursor from which the reader can go on."""
        super().__init__(f"messages up to {resume} have been dropped; go on from cursor {resume}")
        self.resume = resume


class BeyondHead(Exception):
    """A reader names a cursor that no message has reached."""


class SubscriptionEnded(Exception):
    """No more messages come from this subscription."""


class Evicted(SubscriptionEnded):
    """The reader fell behind and its queue overflowed."""


class Closed(SubscriptionEnded):
    """The reader went away, or the server shuts down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a channel's log and each subscriber's queue may hold, by count and by bytes."""

    log_messages: int = 65_536
    log_bytes: int = 1 << 28
    queue_messages: int = 65_536
    queue_bytes: int = 1 << 28


class Subscription(Generic[T]):
    """The queue of one subscriber; made by ``Channel.subscribe``."""

    __slots__ = (
        "_channel",
        "_end",
        "_form",
        "_idle_s",
        "_last",
        "_loop",
        "_timer",
        "pending",
        "taken",
        "waiter",
    )

    def __init__(self, channel: Channel, form: Form[T], idle_s: float | None) -> None:
        self._channel = channel
        self._form = form
        self._idle_s = idle_s
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self._end: SubscriptionEnded | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.pending: list[T] = []
        self.taken = channel.published_bytes
        """The channel's ``published_bytes`` when the queue was last empty."""
        self.waiter: asyncio.Future[None] | None = None
        if idle_s is not None:
            self._timer = self._loop.call_later(idle_s, self._tick)

    async def take(self) -> list[T]:
        """Give everything that is pending, waiting for the first; empty after ``idle_s``.

        Raises:
            Evicted: the queue overflowed; what it held is lost.
            Closed: the subscription was closed, and everything before that has been taken.
        """
        if not self.pending:
            if self._end is not None:
                raise self._end
            self.waiter = self._loop.create_future()
            try:
                await self.waiter
            finally:
                self.waiter = None
            if not self.pending and self._end is not None:
                raise self._end
        items = self.pending
        self.pending = []
        self.taken = self._channel.published_bytes
        if self._idle_s is not None:
            self._last = self._loop.time()
        return items

    def close(self) -> None:
        """End the subscription; what is pending can still be taken. Harmless when repeated."""
        self._finish(Closed())

    def evict(self) -> None:
        """End the subscription because its queue overflowed."""
        self.pending = []
        self._finish(Evicted())

    def _finish(self, end: SubscriptionEnded) -> None:
        if self._end is not None:
            return
        self._end = end
        self._channel.forget(self, self._form)
        if self._timer is not None:
            self._timer.cancel()
        self._wake()

    def _wake(self) -> None:
        waiter = self.waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _tick(self) -> None:
        """Wake an idle reader with nothing.

        One timer that is looked at when it rings, instead of one set anew with each message.
        """
        assert self._idle_s is not None
        left = self._last + self._idle_s - self._loop.time()
        if left <= 0:
            self._wake()
            left = self._idle_s
        self._timer = self._loop.call_later(left, self._tick)


class Channel:
    """One stream of messages, numbered by cursors from 1, with its log and its readers."""

    __slots__ = (
        "_bounds",
        "_closed",
        "_groups",
        "_log",
        "_log_bytes",
        "_waiters",
        "head",
        "published_bytes",
    )

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._closed = False
        # Subscribers by what they want queued, so that it is made once a message.
        self._groups: dict[Form[Any], dict[Subscription[Any], None]] = {}
        self._log: deque[bytes] = deque()
        self._log_bytes = 0
        self._waiters: dict[asyncio.Future[None], None] = {}
        self.head = 0
        """The cursor of the newest message; 0 before the first."""
        self.published_bytes = 0

    def publish(self, message: bytes) -> int:
        """Log ``message`` and queue it for every subscriber; give its cursor."""
        bounds = self._bounds
        size = len(message)
        log = self._log
        log.append(message)
        self.head = cursor = self.head + 1
        self._log_bytes += size
        self.published_bytes = published = self.published_bytes + size
        while self._log_bytes > bounds.log_bytes or len(log) > bounds.log_messages:
            self._log_bytes -= len(log.popleft())

        if self._groups:
            most = bounds.queue_messages
            oldest = published - bounds.queue_bytes
            overflowing: list[Subscription[Any]] | None = None
            for form, subscriptions in self._groups.items():
                item = form(cursor, message)
                for subscription in subscriptions:
                    pending = subscription.pending
                    pending.append(item)
                    waiter = subscription.waiter
                    if waiter is not None:
                        subscription.waiter = None
                        if not waiter.done():
                            waiter.set_result(None)
                    elif len(pending) > most or subscription.taken < oldest:
                        overflowing = [*(overflowing or ()), subscription]
            if overflowing is not None:
                for subscription in overflowing:
                    subscription.evict()

        if self._waiters:
            self._wake_waiters()
        return cursor

    def after(self, cursor: int) -> list[bytes]:
        """Give all messages newer than ``cursor``, oldest first.

        Raises:
            BehindLog: the log does not reach that far back any more.
            BeyondHead: there is no such cursor yet.
        """
        count = self.head - cursor
        log = self._log
        if count > len(log):
            raise BehindLog(self.head - len(log))
        if count < 0:
            raise BeyondHead(f"{cursor} is beyond the newest message, {self.head}")
        # From the right, because readers ask for the newest few of up to 65,536.
        messages = list(islice(reversed(log), count))
        messages.reverse()
        return messages

    async def wait(self, seconds: float) -> None:
        """Return at the next message, after ``seconds``, or at once when the hub is closed."""
        if self._closed:
            return
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        self._waiters[waiter] = None
        timer = loop.call_later(seconds, _resolve, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiters.pop(waiter, None)

    def subscribe(
        self, form: Form[T], after: int | None = None, idle_s: float | None = None
    ) -> Subscription[T]:
        """Register a subscriber: each message from now on, and those newer than ``after``.

        ``idle_s`` makes ``take`` return nothing after so many seconds without a message.
        ``form`` should be one function for all subscribers of a kind: it runs once a message.

        Raises:
            BehindLog, BeyondHead: as ``Channel.after``.
        """
        missed = [] if after is None else self.after(after)
        subscription = Subscription(self, form, idle_s)
        first = self.head - len(missed) + 1
        subscription.pending = [form(first + i, message) for i, message in enumerate(missed)]
        if self._closed:
            subscription.close()
        else:
            self._groups.setdefault(form, {})[subscription] = None
        return subscription

    def forget(self, subscription: Subscription[Any], form: Form[Any]) -> None:
        """Queue no more for ``subscription``."""
        group = self._groups.get(form)
        if group is not None:
            group.pop(subscription, None)
            if not group:
                del self._groups[form]

    def close(self) -> None:
        """End every subscription and every wait, now and from now on."""
        self._closed = True
        for group in list(self._groups.values()):
            for subscription in list(group):
                subscription.close()
        self._wake_waiters()

    def _wake_waiters(self) -> None:
        waiters = self._waiters
        self._waiters = {}
        for waiter in waiters:
            _resolve(waiter)


class Hub:
    """All channels of one server, made when first named."""

    __slots__ = ("_bounds", "_channels", "_closed")

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._channels: dict[str, Channel] = {}
        self._closed = False

    def channel(self, name: str = MAIN_CHANNEL) -> Channel:
        """Give the channel of that name."""
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = Channel(self._bounds)
            if self._closed:
                channel.close()
        return channel

    def publish(self, message: bytes, name: str = MAIN_CHANNEL) -> int:
        """Publish to the channel of that name; give the message's cursor."""
        return self.channel(name).publish(message)

    def close(self) -> None:
        """End every subscription and every wait: the server shuts down."""
        self._closed = True
        for channel in self._channels.values():
            channel.close()


def _resolve(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
