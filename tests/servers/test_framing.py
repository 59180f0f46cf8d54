"""Cutting a byte stream into frames."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.framing import HEADER_BYTES, FrameReader, FrameTooLong, frame


def messages_of(reader: FrameReader, pieces: list[bytes]) -> list[bytes]:
    found = []
    for piece in pieces:
        data, ends = reader.cut(piece)
        start = 0
        for end in ends:
            found.append(data[start + HEADER_BYTES : end])
            start = end
    return found


@given(messages=st.lists(st.binary(max_size=300)), data=st.data())
def test_messages_survive_any_cutting_of_the_stream(
    messages: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(map(frame, messages))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    pieces = [
        stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
    ]
    assert messages_of(FrameReader(300), pieces) == messages


def test_a_frame_longer_than_a_message_may_be_is_refused() -> None:
    with pytest.raises(FrameTooLong, match="a frame announces 11 bytes, --max-message is 10"):
        FrameReader(10).cut(frame(b"x" * 11)[:5])
