"""HTTP answers: any cutting of the stream gives the same ones; reading the server's log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.pattern import EVICTED
from harness.wire.http import NO_CURSOR, LogReader, Response, ResponseParser, UnexpectedAnswer

PLAIN = st.builds(Response, st.just(200), st.integers(0, 1 << 60), st.binary(max_size=60))
WITHOUT_CURSOR = st.builds(Response, st.just(404), st.just(NO_CURSOR), st.binary(max_size=20))
EMPTY = st.builds(Response, st.just(204), st.integers(0, 9), st.just(b""))


def plain(response: Response) -> bytes:
    """Write an answer as uvicorn does, with its body at once."""
    head = b"HTTP/1.1 %d Text\r\ndate: now\r\n" % response.status
    if response.cursor != NO_CURSOR:
        head += b"x-cursor: %d\r\n" % response.cursor
    if response.status != 204:
        head += b"content-length: %d\r\n" % len(response.body)
    return head + b"\r\n" + response.body


def chunked(response: Response) -> bytes:
    """Write an answer in chunks, with names of headers as aiohttp writes them."""
    half = len(response.body) // 2
    pieces = [piece for piece in (response.body[:half], response.body[half:]) if piece]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return b"HTTP/1.1 200 OK\r\nX-Cursor: %d\r\nTransfer-Encoding: chunked\r\n\r\n%b0\r\n\r\n" % (
        response.cursor,
        chunks,
    )


@given(
    st.lists(
        st.one_of(
            st.tuples(st.one_of(PLAIN, WITHOUT_CURSOR, EMPTY), st.just(plain)),
            st.tuples(PLAIN, st.just(chunked)),
        ),
        max_size=5,
    ),
    st.data(),
)
def test_any_cutting_of_the_stream_gives_the_same_answers(
    written: list[tuple[Response, object]], data: st.DataObject
) -> None:
    stream = b"".join(write(response) for response, write in written)  # type: ignore[operator]
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12).map(sorted))
    parser = ResponseParser()
    parsed = []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        parsed += parser.feed(stream[begin:end])
    assert parsed == [response for response, _ in written]


def test_a_log_reader_delivers_line_by_line_and_goes_on_from_the_cursor() -> None:
    delivered: list[bytes] = []
    notes: list[str] = []
    log = LogReader(notes.append, delivered.append)
    log.take(200, 7, b"")
    assert (log.cursor, delivered) == (7, [])
    log.take(200, 9, b"one\ntwo")
    assert (log.cursor, delivered) == (9, [b"one", b"two"])
    log.take(410, 40, b"messages up to 40 have been dropped")
    assert (log.cursor, delivered, notes) == (40, [b"one", b"two"], [EVICTED])


@pytest.mark.parametrize(
    ("status", "cursor"), [(400, NO_CURSOR), (500, 3), (200, NO_CURSOR), (410, NO_CURSOR)]
)
def test_an_answer_that_the_contract_does_not_know_is_an_error(status: int, cursor: int) -> None:
    said = f"{status} without X-Cursor" if status in (200, 410) else f"{status}"
    with pytest.raises(UnexpectedAnswer, match=rf"answered with {said}: b'a sentence'"):
        LogReader(print, print).take(status, cursor, b"a sentence")
