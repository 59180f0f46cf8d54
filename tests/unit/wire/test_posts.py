"""Posts wait for the answers ahead of them, and an unexpected answer is an error."""

from __future__ import annotations

from typing import cast

import pytest

from harness.wire.http import NO_CURSOR, Answered, HttpLink, Response, UnexpectedAnswer
from harness.wire.posts import posting


class Link:
    """Keeps what is posted until it is answered by hand."""

    def __init__(self) -> None:
        self.posted: list[tuple[bytes, Answered]] = []

    def post(self, _target: bytes, body: bytes, answered: Answered) -> bool:
        self.posted.append((body, answered))
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
