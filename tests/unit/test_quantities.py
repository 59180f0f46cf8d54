"""Bandwidths as they are written; rates, sizes and times are tested where they are used."""

from __future__ import annotations

import pytest

from harness.errors import BadInput
from harness.quantities import parse_bandwidth


@pytest.mark.parametrize(
    ("text", "bytes_per_second"),
    [("10MB/s", 10e6), ("1MiB/s", 1 << 20), ("100Mbit/s", 12.5e6), ("1 Gbit/s", 125e6)],
)
def test_bits_and_bytes_a_second(text: str, bytes_per_second: float) -> None:
    assert parse_bandwidth(text) == bytes_per_second


@pytest.mark.parametrize("text", ["10", "10MB", "fast", "", "0MB/s"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="--bandwidth"):
        parse_bandwidth(text)
