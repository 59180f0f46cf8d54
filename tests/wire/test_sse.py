"""Event streams: the parser against a plain reading of the specification, at every cutting."""

import asyncio
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.wire.sse import EventLink, EventParser, sole_message

Events = list[tuple[bytes, bytes]]

LINES = st.sampled_from(
    [
        b"", b"", b"data: one", b"data: one", b"data:two", b"data:  three", b"data", b"data:",
        b"id: 12", b"id: 12", b"id", b"event: evicted", b"event: message", b"event", b"retry: 9",
        b": heartbeat", b":", b"unknown: x", b"data: a: b", b"id: 3",
    ]
)  # fmt: skip
STREAMS = st.lists(
    st.tuples(LINES, st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"])), max_size=24
).map(lambda lines: b"".join(line + end for line, end in lines))


def parse(pieces: list[bytes]) -> Events:
    events: Events = []
    parser = EventParser(
        lambda data: events.append((b"", data)), lambda name, data: events.append((name, data))
    )
    for piece in pieces:
        parser.feed(piece)
    return events


def as_specified(stream: bytes) -> Events:
    """Interpret a whole stream as HTML §9.2.6 says, step by step."""
    events: Events = []
    name, data = b"", b""
    # What follows the last end of a line is incomplete and says nothing.
    for line in re.split(rb"\r\n|\r|\n", stream)[:-1]:
        if line == b"":
            if data:
                events.append((b"" if name == b"message" else name, data[:-1]))
            name, data = b"", b""
            continue
        field, colon, value = line.partition(b":")
        if colon and not field:
            continue
        if value.startswith(b" "):
            value = value[1:]
        if field == b"event":
            name = value
        elif field == b"data":
            data += value + b"\n"
    return events


@given(STREAMS, st.data())
@example(b"data: x\r\n\r\n", None)
def test_any_cutting_of_the_stream_gives_what_the_specification_says(
    stream: bytes, data: st.DataObject | None
) -> None:
    if data is None:
        pieces = [stream[at : at + 1] for at in range(len(stream))]
    else:
        cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12).map(sorted))
        pieces = [
            stream[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        ]
    assert parse(pieces) == as_specified(stream)


def test_an_empty_piece_between_cr_and_lf_ends_no_line() -> None:
    assert parse([b"data: x\r", b"", b"\n", b": comment\r", b"", b"\n"]) == []
    assert parse([b"data: x\r", b"", b"\n\r", b"", b"\n"]) == [(b"", b"x")]


@given(st.lists(st.binary(max_size=40).map(lambda raw: raw.translate(None, b"\r\n")), max_size=8))
def test_a_message_is_given_as_soon_as_its_last_byte_is_there(messages: list[bytes]) -> None:
    events: Events = []
    given_at: list[int] = []
    parser = EventParser(lambda data: events.append((b"", data)), lambda _name, _data: None)
    expected_at: list[int] = []
    stream = b""
    for number, message in enumerate(messages):
        stream += b"id: %d\ndata: %b\n\n" % (number, message)
        expected_at.append(len(stream) - 1)
    for at in range(len(stream)):
        before = len(events)
        parser.feed(stream[at : at + 1])
        given_at += [at] * (len(events) - before)
    assert given_at == expected_at
    assert events == [(b"", message) for message in messages]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CR LF", "CR"])
def test_the_end_of_a_reader_that_fell_behind_is_no_message(end: bytes) -> None:
    lines = [b"id: 1", b"data: one", b"", b"event: evicted", b"data: reader fell behind", b"", b""]
    assert parse([end.join(lines)]) == [(b"", b"one"), (b"evicted", b"reader fell behind")]


def test_lines_of_data_are_joined_and_comments_and_empty_events_are_not_there() -> None:
    stream = b": heartbeat\n\ndata: one\ndata: two\n\nid: 5\n\nevent: x\n\n: c\ndata: three\n\n"
    assert parse([stream]) == [(b"", b"one\ntwo"), (b"", b"three")]


def test_a_long_message_in_many_pieces_is_one() -> None:
    message = b"abcdefgh" * (1 << 17)
    stream = b"id: 1\ndata: " + message + b"\n\nid: 2\ndata: next\n\n"
    pieces = [stream[at : at + 65_536] for at in range(0, len(stream), 65_536)]
    assert parse(pieces) == [(b"", message), (b"", b"next")]


TEXT = st.binary(max_size=40).map(lambda raw: raw.translate(None, b"\r\n"))
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)


@given(TEXT)
def test_a_sole_message_is_taken_out_of_its_chunk(message: bytes) -> None:
    assert sole_message(chunk(b"id: 7\ndata: %b\n\n" % message)) == message


EVENT = b"id: 7\ndata: x\n\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n",
        chunk(EVENT)[:-1],
        chunk(EVENT)[:-2],
        chunk(EVENT) * 2,
        chunk(EVENT * 2),
        chunk(EVENT) + b"1",
        chunk(b"data: x\n\n"),
        chunk(b"id: 7\ndata:x\n\n"),
        chunk(b"id: 7\ndata: x\ndata: y\n\n"),
        chunk(b"id: 7\ndata: x\rdata: y\n\n"),
        chunk(b"id: 7\nevent: evicted\ndata: x\n\n"),
        chunk(b"event: evicted\ndata: x\n\n"),
        chunk(b"id: 7\ndata: x\n\n\r\n"),
        b"ff\r\n" + EVENT + b"\r\n",
        b"10;name=value\r\n" + EVENT + b"\r\n",
    ],
)
def test_anything_else_is_left_to_the_parsers(data: bytes) -> None:
    assert sole_message(data) is None


BODIES = st.one_of(
    st.tuples(st.integers(0, 999), TEXT).map(lambda event: b"id: %d\ndata: %b\n\n" % event),
    st.sampled_from([b": heartbeat\n\n", b"data: a\ndata: b\n\n", b"event: e\ndata: c\n\n"]),
    st.binary(min_size=1, max_size=9),
)


@given(st.lists(BODIES, max_size=8), st.data())
def test_a_link_delivers_what_the_stream_says_however_it_is_cut(
    bodies: list[bytes], data: st.DataObject
) -> None:
    whole = [chunk(body) for body in bodies]
    stream = b"".join(whole)
    if data.draw(st.booleans()):
        pieces = whole
    else:
        cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=6).map(sorted))
        pieces = [stream[at:to] for at, to in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    async def delivered() -> list[bytes]:
        messages: list[bytes] = []
        link = EventLink(lambda _cause: None, messages.append)
        link.data_received(HEAD)
        for piece in pieces:
            link.data_received(piece)
        return messages

    expected = [text for name, text in as_specified(b"".join(bodies)) if not name]
    assert asyncio.run(delivered()) == expected
