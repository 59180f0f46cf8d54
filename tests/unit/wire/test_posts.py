"""Posts wait for the answers ahead of them, and an unexpected answer is an error."""

from __future__ import annotations

from typing import cast

import pytest

from harness.pattern import Endpoints, Seat
from harness.wire.http import NO_CURSOR, Answered, HttpLink, Response, UnexpectedAnswer
from harness.wire.posts import asking, posting
from harness.workload import Exchange, Workload


class Link:
    """Keeps what is posted until it is answered by hand."""

    def __init__(self) -> None:
        self.posted: list[tuple[bytes, Answered]] = []

    def post(self, _target: bytes, body: bytes, answered: Answered, kind: bytes = b"") -> bool:
        self.posted.append((body, answered))
        self.kind = kind
        return True


def test_each_post_waits_for_the_answer_to_the_one_before() -> None:
    link, sent, bodies = Link(), list[bytes](), list[bytes]()
    send = posting(cast("HttpLink", link), b"/echo", (200,), sent.append, bodies.append)
    for message in (b"one", b"two"):
        send(message)
    assert sent == [b"one"]
    link.posted[0][1](Response(200, NO_CURSOR, b"answer"))
    assert (sent, bodies) == ([b"one", b"two"], [b"answer"])


def test_another_status_is_told_with_what_came() -> None:
    link = Link()
    send = posting(cast("HttpLink", link), b"/submissions", (202,), list[bytes]().append, print)
    send(b"one")
    with pytest.raises(UnexpectedAnswer, match="POST /submissions was answered with 400: b'no'"):
        link.posted[0][1](Response(400, NO_CURSOR, b"no"))


def test_a_request_of_the_users_own_delivers_the_message_that_it_was_due_for() -> None:
    link, sent, delivered, notes = Link(), list[bytes](), list[bytes](), list[str]()
    workload = Workload(
        exchange=Exchange.REQUEST_REPLY, url="http://host/orders", body="{}", expect_status=201
    )
    seat = Seat(endpoints=Endpoints(urls={}), workload=workload, index=0, note=notes.append)
    send = asking(cast("HttpLink", link), b"/orders", seat, sent.append, delivered.append)
    for message in (b"one", b"two", b"three"):
        send(message)
    for status in (201, 503, 201):
        _, answered = link.posted[-1]
        answered(Response(status, NO_CURSOR, b"whatever"))
    assert [body for body, _ in link.posted] == [b"{}"] * 3
    assert link.kind == b"application/json"
    assert sent == [b"one", b"two", b"three"]
    assert delivered == [b"one", b"three"]
    assert notes == ["status 503"]
