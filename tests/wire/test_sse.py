"""Event streams: the parser against a plain reading of the specification, at every cutting."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.wire.sse import EventParser

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
