"""Posting messages over HTTP/1.1, each after the answer to the one before.

HTTP/1.1 answers in order, so a connection carries one request at a time. Further messages wait
their turn here, as they do in any connection pool; that wait is the pool wait.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from harness.pattern import Deliver, Seat, Send, Sent
from harness.wire.http import Answered, HttpLink, Response, UnexpectedAnswer, http_link

Ask = Callable[[bytes, Answered], bool]
"""Posts one message, and tells the answer; False if the connection is gone."""


def posting(link: HttpLink, target: bytes, status: int, sent: Sent, answered: Deliver) -> Send:
    """Make the ``Send`` that posts each message to ``target``; ``answered`` gets the answers.

    An answer with another ``status`` ends the connection with ``UnexpectedAnswer``.
    """

    def take(response: Response) -> None:
        if response.status != status:
            raise UnexpectedAnswer(
                f"POST {target.decode()} was answered with {response.status}: "
                f"{response.body[:200]!r}"
            )
        answered(response.body)

    return posting_in_turn(partial(link.post, target), sent, take)


def posting_in_turn(ask: Ask, sent: Sent, answered: Answered) -> Send:
    """Make the ``Send`` whose answers' status is for ``answered`` to judge."""
    queue: deque[bytes] = deque()
    waiting = False

    def send(message: bytes) -> None:
        # A closed loop sends from within ``answered``, before the queue has moved on.
        if waiting or queue:
            queue.append(message)
        else:
            post(message)

    def post(message: bytes) -> None:
        nonlocal waiting
        waiting = True
        if ask(message, next_one):
            sent(message)

    def next_one(response: Response) -> None:
        nonlocal waiting
        waiting = False
        answered(response)
        if queue and not waiting:
            post(queue.popleft())

    return send


@asynccontextmanager
async def post_messages(seat: Seat, sent: Sent) -> AsyncIterator[Send]:
    """Publish by ``POST /messages`` on one connection of its own.

    Leaving drops what is still queued: the harness leaves when all has arrived.

    Raises:
        OSError: nothing accepts connections there.
    """
    async with http_link(seat) as link:
        yield posting(link, b"/messages", 204, sent, ignore)


def ignore(_body: bytes) -> None:
    """An answer that says nothing but that it is there."""
