"""When each chunk comes out of a line, with times chosen by hand."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from harness.network.line import Ending, Line, Shape

MS = 1_000_000


def due(line: Line) -> list[int]:
    return [at for at, _ in line.chunks]


def test_a_chunk_comes_out_half_a_round_trip_later() -> None:
    line = Line(Shape(rtt_ns=40 * MS), 0, lambda: 0.5)
    line.put(b"one", 100 * MS)
    line.put(b"two", 101 * MS)
    assert due(line) == [120 * MS, 121 * MS]
    assert line.bytes == 6
    assert (line.take(), line.take()) == (b"one", b"two")
    assert line.bytes == 0


def test_nothing_comes_out_before_it_opens() -> None:
    line = Line(Shape(rtt_ns=40 * MS), 60 * MS, lambda: 0.5)
    line.put(b"hello", 1 * MS)
    line.put(b"later", 55 * MS)
    assert due(line) == [60 * MS, 75 * MS]


def test_bandwidth_puts_bytes_behind_one_another() -> None:
    line = Line(Shape(rtt_ns=20 * MS, ns_per_byte=1000.0), 0, lambda: 0.5)  # 1 MB/s
    line.put(bytes(5000), 0)
    line.put(bytes(2000), 0)
    line.put(bytes(1000), 100 * MS)
    assert due(line) == [15 * MS, 17 * MS, 111 * MS]


def test_the_end_comes_out_last_and_weighs_nothing() -> None:
    line = Line(Shape(rtt_ns=20 * MS, jitter_ns=10 * MS), 0, iter((1.0, 0.0)).__next__)
    line.put(b"last", 0)
    line.put(Ending.ORDERLY, 0)
    assert due(line) == [20 * MS, 20 * MS]
    line.take()
    assert (line.take(), line.bytes) == (Ending.ORDERLY, 0)


@given(
    st.lists(st.integers(0, 50 * MS), max_size=30),
    st.integers(0, 20 * MS),
    st.floats(0, 100),
    st.integers(0, 1 << 32),
)
def test_order_is_kept_and_jitter_stays_within(
    gaps: list[int], jitter_ns: int, ns_per_byte: float, seed: int
) -> None:
    shape = Shape(rtt_ns=40 * MS, jitter_ns=jitter_ns, ns_per_byte=ns_per_byte)
    line = Line(shape, 0, Random(seed).random)
    now, put = 0, []
    for gap in gaps:
        now += gap
        line.put(b"x" * 100, now)
        put.append(now)
    assert due(line) == sorted(due(line))
    latest = 0
    for at, out in zip(put, due(line), strict=True):
        assert out >= at + 20 * MS - jitter_ns
        latest = max(latest, at) + int(100 * ns_per_byte)
        assert out <= latest + 20 * MS + jitter_ns
