"""Posting messages over HTTP/1.1, each after the answer to the one before.

HTTP/1.1 answers in order, so a connection carries one request at a time. Further messages wait
their turn here, as they do in any connection pool; that wait is the pool wait.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Container
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from harness.given_server import expected, media_type
from harness.pattern import Deliver, Seat, Send, Sent
from harness.wire.http import Answered, HttpLink, PatientLink, Response, UnexpectedAnswer, http_link
from harness.wire.place import Place

SUCCESS = range(200, 300)

Ask = Callable[[bytes, Answered], bool]
"""Posts one message, and tells the answer; False if the connection is gone."""


def posting(
    link: HttpLink, target: bytes, statuses: Container[int], sent: Sent, answered: Deliver
) -> Send:
    """Make the ``Send`` that posts each message to ``target``; ``answered`` gets the answers.

    An answer whose status is none of ``statuses`` ends the connection with ``UnexpectedAnswer``.
    """

    def take(response: Response) -> None:
        if response.status not in statuses:
            raise UnexpectedAnswer(
                f"POST {target.decode()} was answered with {response.status}: "
                f"{response.body[:200]!r}"
            )
        answered(response.body)

    return posting_in_turn(partial(link.post, target), sent, take)


def asking(link: HttpLink, target: bytes, seat: Seat, sent: Sent, deliver: Deliver) -> Send:
    """Make the ``Send`` that asks once with the workload's own body for each message.

    A message is delivered as its answer is whole, if that has the status that is expected; another
    status is noted. Answers come in order on one connection, so which is whose needs no envelope.
    """
    body = seat.workload.body.encode()
    kind = media_type(seat.workload.body).encode()
    status = expected(seat.workload.expect_status)
    asked = b""

    def ask(message: bytes, answered: Answered) -> bool:
        nonlocal asked
        asked = message
        if body:
            return link.post(target, body, answered, kind)
        return link.get(target, answered)

    def take(response: Response) -> None:
        if response.status == status:
            deliver(asked)
        else:
            seat.note(f"status {response.status}")

    return posting_in_turn(ask, sent, take)


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
async def post_messages(
    seat: Seat, sent: Sent, link_type: type[HttpLink] = HttpLink
) -> AsyncIterator[Send]:
    """Publish by ``POST`` to the role ``publish``, or ``/messages``, on a connection of its own.

    Leaving drops what is still queued: the harness leaves when all has arrived.

    Raises:
        OSError: nothing accepts connections there.
    """
    place = Place.of(seat.endpoints.at("publish", "/messages"))
    async with http_link(seat, place, link_type) as link:
        yield posting(
            link, place.target, SUCCESS if seat.workload.elsewhere else (204,), sent, ignore
        )


def post_as_member(seat: Seat, sent: Sent) -> AbstractAsyncContextManager[Send]:
    """Publish in the same way beside a stream or polls, whose messages go first."""
    return post_messages(seat, sent, PatientLink)


def ignore(_body: bytes) -> None:
    """An answer that says nothing but that it is there."""
