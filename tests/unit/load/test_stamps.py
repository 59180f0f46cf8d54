"""Stamps: what is kept, decoded and folded is what arrived."""

import asyncio
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.envelope import pack
from harness.load.loop import Turns
from harness.load.stamps import Arrivals, Handovers, identify
from harness.recording import NEVER

PADDING = b"x" * 218
CRC = crc32(PADDING)


def message(publisher: int, sequence: int) -> bytes:
    return pack(publisher, sequence, 12345, PADDING, CRC)


@pytest.fixture
def turns():  # type: ignore[no-untyped-def]
    loop = asyncio.new_event_loop()
    yield Turns(loop)
    loop.close()


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 2**39)), max_size=50))
def test_identify_reads_back_what_was_packed(names: list[tuple[int, int]]) -> None:
    publisher, sequence = identify([message(*name) for name in names])
    assert list(zip(publisher.tolist(), sequence.tolist(), strict=True)) == names


@given(st.integers(0, 255), st.integers(1, 255))
def test_one_wrong_byte_anywhere_is_noticed(position: int, flip: int) -> None:
    broken = bytearray(message(3, 7))
    broken[position] ^= flip
    publisher, sequence = identify([bytes(broken)])
    assert publisher.tolist() == sequence.tolist() == [NEVER]


@pytest.mark.parametrize("cut", [0, 10, 37, 100])
def test_a_truncated_message_is_not_intact(cut: int) -> None:
    publisher, _ = identify([message(3, 7)[:cut]])
    assert publisher.tolist() == [NEVER]


def test_folding_under_a_small_budget_changes_nothing(turns: Turns) -> None:
    arrivals = Arrivals(1 << 30, turns)
    first, second = arrivals.delivers((3, 5))
    for sequence in range(500):
        (second if sequence % 3 else first)(message(1, sequence))
    table = arrivals.table(lag=True)
    assert len(arrivals) == 500
    assert table.sequence.tolist() == list(range(500))
    assert table.receiver.tolist() == [5 if sequence % 3 else 3 for sequence in range(500)]
    assert np.all(np.diff(table.received_ns) >= 0)


def test_what_is_settled_counts_repetitions_once(turns: Turns) -> None:
    arrivals = Arrivals(256, turns)
    first, second = arrivals.delivers((0, 9))
    assert arrivals.settled(by_any=False) == 0
    for name in ((0, 1), (0, 1), (65535, 1), (0, (1 << 32) - 1)):
        first(message(*name))
    second(message(0, 1))
    assert arrivals.settled(by_any=False) == 4
    assert arrivals.settled(by_any=True) == 3
    second(message(0, 2)[:-1])
    second(message(0, 2)[:-1])
    assert arrivals.settled(by_any=True) == 5


def test_the_longest_gap_is_one_receivers_own(
    turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter((10, 20, 25, 90))
    monkeypatch.setattr("harness.load.stamps.time.monotonic_ns", lambda: next(moments))
    arrivals = Arrivals(256, turns)
    first, second = arrivals.delivers((0, 1))
    assert arrivals.longest_gap_ns() == 0
    first(message(0, 0))
    second(message(0, 0))
    assert arrivals.longest_gap_ns() == 0
    first(message(0, 1))
    second(message(0, 1))
    assert arrivals.longest_gap_ns() == 70


def test_handovers_keep_order_and_names() -> None:
    handovers = Handovers()
    sent = handovers.sent()
    for name in ((2, 5), (1, 9)):
        sent(message(*name))
    publisher, sequence, at_ns = handovers.table()
    assert publisher.tolist() == [2, 1]
    assert sequence.tolist() == [5, 9]
    assert at_ns[0] <= at_ns[1]
