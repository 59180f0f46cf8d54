"""Padding: sizes, legality everywhere, and how it compresses."""

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.envelope import HEADER_BYTES
from harness.load.padding import make_padding


@pytest.mark.parametrize("payload", [64, 256, 4096, 1 << 20])
def test_size_and_checksum(payload: int) -> None:
    padding = make_padding(payload, seed=1)
    for number in (0, 1, 5):
        text, crc = padding[number]
        assert len(text) == payload - HEADER_BYTES
        assert crc == zlib.crc32(text)


@pytest.mark.parametrize("payload", [64, 256, 4096, 65536])
def test_a_stream_compresses_about_three_to_one(payload: int) -> None:
    padding = make_padding(payload, seed=1)
    stream = b"".join(padding[number][0] for number in range(max(4, 200_000 // payload)))
    assert 2.6 < len(stream) / len(zlib.compress(stream, 6)) < 3.6


def test_no_padding_recurs_within_the_window_of_deflate() -> None:
    padding = make_padding(256, seed=1)
    assert sum(len(text) for text, _ in padding.variants) > 32 * 1024
    assert len({text for text, _ in padding.variants}) == len(padding.variants)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=5), st.integers(64, 400))
def test_lines_of_a_file_need_no_escaping(lines: list[str], payload: int) -> None:
    for text, _ in make_padding(payload, 1, lines).variants:
        assert len(text) == payload - HEADER_BYTES
        assert json.dumps(text.decode()) == f'"{text.decode()}"'
        assert b"\n" not in text
        assert b"\r" not in text
