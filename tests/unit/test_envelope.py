"""The envelope: what is packed is read back, and what is broken is noticed."""

import json
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.envelope import HEADER_BYTES, MIN_PAYLOAD_BYTES, is_intact, pack, unpack

publishers = st.integers(0, 0xFFFF)
sequences = st.integers(0, 16**10 - 1)
due_times = st.integers(0, 2**63 - 1)


def packed(publisher: int, sequence: int, due_ns: int, padding: bytes) -> bytes:
    return pack(publisher, sequence, due_ns, padding, crc32(padding))


def test_layout_is_what_the_docstring_says() -> None:
    message = packed(0x2A, 0x1234, 0xDEADBEEF, b"pad")
    assert message[:30] == b"002a000000123400000000deadbeef"
    assert message[30:38] == b"%08x" % crc32(message[:30], crc32(b"pad"))
    assert message[38:] == b"pad"


@given(publishers, sequences, due_times, st.binary(max_size=300))
def test_round_trip(publisher: int, sequence: int, due_ns: int, padding: bytes) -> None:
    message = packed(publisher, sequence, due_ns, padding)
    assert unpack(message) == (publisher, sequence, due_ns, True)
    assert len(message) == HEADER_BYTES + len(padding)


@given(publishers, sequences, due_times)
def test_legal_as_it_stands_in_json_sse_and_lines(
    publisher: int, sequence: int, due_ns: int
) -> None:
    text = packed(publisher, sequence, due_ns, b"a: 1, ").decode("ascii")
    assert json.dumps(text) == f'"{text}"'
    assert text.isprintable()


@given(st.binary(min_size=26, max_size=80), st.data())
def test_any_flipped_bit_anywhere_is_noticed(padding: bytes, data: st.DataObject) -> None:
    message = bytearray(packed(1, 2, 3, padding))
    message[data.draw(st.integers(0, len(message) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert not is_intact(bytes(message))


def test_too_short_is_no_envelope() -> None:
    with pytest.raises(ValueError, match="too short"):
        unpack(b"0" * (HEADER_BYTES - 1))
    assert MIN_PAYLOAD_BYTES > HEADER_BYTES
