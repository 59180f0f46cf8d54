"""GET and POST /messages, and POST /echo, on every stack that speaks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.servers.conftest import Start

MEBIBYTE = b"m" * (1 << 20)


def test_messages_and_cursors(start: Start, polling: str) -> None:
    server = start(polling)
    ask = server.ask
    assert ask("GET", "/health")[:2] == (200, b"ok")
    assert ask("GET", "/messages") == (200, b"", 0)
    assert ask("GET", "/messages?after=0") == (200, b"", 0)
    assert ask("POST", "/messages", b"one")[:2] == (204, b"")
    server.feed(b"two", b"three")
    assert ask("GET", "/messages?after=1&wait=10")[0] == 200
    assert ask("GET", "/messages") == (200, b"", 3)
    assert ask("GET", "/messages?after=0") == (200, b"one\ntwo\nthree", 3)
    assert ask("GET", "/messages?after=2") == (200, b"three", 3)
    assert ask("GET", "/messages?after=3") == (200, b"", 3)


def test_channels_are_separate(start: Start, polling: str) -> None:
    ask = start(polling).ask
    ask("POST", "/messages?channel=a%20b", b"there")
    assert ask("GET", "/messages?after=0") == (200, b"", 0)
    assert ask("GET", "/messages?after=0&channel=a+b") == (200, b"there", 1)


def test_a_long_poll_waits_for_the_first_message(start: Start, polling: str) -> None:
    server = start(polling)
    waiting = server.http()
    waiting.request("GET", "/messages?after=0&wait=30")
    assert server.silent(waiting.sock, 0.1)
    server.feed(b"first")
    assert server.answer(waiting) == (200, b"first", 1)
    # The connection is kept, and what is there already is given at once.
    waiting.request("GET", "/messages?after=0&wait=30")
    assert server.answer(waiting) == (200, b"first", 1)


def test_a_long_poll_ends_empty_when_its_time_is_over(start: Start, polling: str) -> None:
    server = start(polling)
    waiting = server.http()
    waiting.request("GET", "/messages?after=0&wait=0.15")
    assert server.silent(waiting.sock, 0.1)
    assert server.answer(waiting) == (200, b"", 0)


@pytest.mark.parametrize(
    ("options", "first_kept"), [(("--log-messages", "2"), 2), (("--log-bytes", "8"), 2)]
)
def test_a_reader_behind_the_log_is_told_where_to_go_on(
    start: Start, polling: str, options: tuple[str, str], first_kept: int
) -> None:
    ask = start(polling, *options).ask
    for message in (b"aaaa", b"bbbb", b"cccc"):
        ask("POST", "/messages", message)
    status, sentence, cursor = ask("GET", "/messages?after=0")
    assert (status, cursor) == (410, first_kept - 1)
    assert sentence == b"messages up to 1 have been dropped; go on from cursor 1"
    assert ask("GET", f"/messages?after={cursor}") == (200, b"bbbb\ncccc", 3)
    assert ask("GET", "/events?after=0")[0] == 410


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/messages?after=x", b"after 'x': is no cursor; give a whole number from 0"),
        ("/messages?after=-1", b"after '-1': is no cursor; give a whole number from 0"),
        ("/messages?after=", b"after '': is no cursor; give a whole number from 0"),
        ("/messages?after=7", b"7 is beyond the newest message, 0"),
        ("/messages?after=0&wait=soon", b"wait 'soon': is no time; give 0 to 3600 seconds"),
        ("/messages?after=0&wait=nan", b"wait 'nan': is no time; give 0 to 3600 seconds"),
        ("/events?after=x", b"after 'x': is no cursor; give a whole number from 0"),
    ],
)
def test_malformed_questions_are_answered_with_a_sentence(
    shared: Start, path: str, sentence: bytes
) -> None:
    for name in ("uvicorn_stack", "aiohttp_stack"):
        assert shared(name).ask("GET", path)[:2] == (400, sentence)


@pytest.mark.parametrize("body", [b"", b"two\nlines", b"data\r\rid: 9", b"\xff"])
def test_what_is_legal_in_no_framing_is_no_message(shared: Start, body: bytes) -> None:
    for name in ("uvicorn_stack", "aiohttp_stack"):
        ask = shared(name).ask
        assert ask("POST", "/messages", body)[0] == 400
        assert ask("GET", "/messages")[2] == 0


def test_echo_gives_the_body_back(shared: Start, polling: str) -> None:
    server = shared(polling)
    connection = server.http()
    for body in (b"again", b"", MEBIBYTE):
        connection.request("POST", "/echo", body)
        response = connection.getresponse()
        assert response.status == 200
        assert response.getheader("content-type", "").startswith("text/plain")
        assert response.read() == body


def test_a_mebibyte_passes(start: Start, polling: str) -> None:
    server = start(polling)
    assert server.ask("POST", "/messages", MEBIBYTE)[0] == 204
    assert server.ask("GET", "/messages?after=0") == (200, MEBIBYTE, 1)
    waiting = server.http()
    waiting.request("GET", "/messages?after=1&wait=30")
    server.feed(MEBIBYTE)
    assert server.answer(waiting) == (200, MEBIBYTE, 2)


def test_more_than_the_longest_message_is_refused(start: Start, polling: str) -> None:
    ask = start(polling, "--max-message", "100000").ask
    assert ask("POST", "/messages", b"x" * 100_001)[0] == 413
    assert ask("POST", "/echo", b"x" * 100_001)[0] == 413
    assert ask("POST", "/echo", b"x" * 100_000)[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("GET", "/echo", 405)]
)
def test_unknown_paths_and_methods(
    shared: Start, polling: str, method: str, path: str, status: int
) -> None:
    assert shared(polling).ask(method, path)[0] == status
