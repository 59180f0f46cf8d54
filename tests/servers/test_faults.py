"""The fault plan and the ordered stream that applies it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from harness.envelope import is_intact, pack, unpack
from servers.faults import CORRUPT, DROP, DUPLICATE, FAULTS, SWAP, FaultLog, Line, Plan, corrupted
from servers.timetable import Timetable

EVERY_TENTH = Plan(drop=10, duplicate=10, swap=10, corrupt=10)


@pytest_asyncio.fixture
async def timetable() -> AsyncIterator[Timetable]:
    """A timetable on the test's own loop."""
    with Timetable() as table:
        yield table


def message(sequence: int, publisher: int = 0) -> bytes:
    return pack(publisher, sequence, 0, b"", 0)


def sequences(messages: list[bytes]) -> list[int]:
    return [unpack(each).sequence for each in messages]


def test_equal_periods_never_coincide() -> None:
    assert [EVERY_TENTH.fault(sequence) for sequence in range(10)] == [
        None,
        DROP,
        None,
        DUPLICATE,
        None,
        SWAP,
        None,
        None,
        CORRUPT,
        None,
    ]


@given(
    periods=st.fixed_dictionaries({fault: st.integers(10, 30) for fault in FAULTS}),
    sequence=st.integers(0, 10_000),
)
def test_the_message_behind_a_swapped_one_is_left_alone(
    periods: dict[str, int], sequence: int
) -> None:
    plan = Plan(**periods)
    if plan.fault(sequence) == SWAP:
        assert plan.fault(sequence + 1) is None


def test_slow_messages_are_a_seeded_choice() -> None:
    plan = Plan(delay_ns=1, slow_delay_ns=9, slow_fraction=0.02, seed=3)
    chosen = [plan.delay(1, sequence) for sequence in range(20_000)]
    assert 300 < chosen.count(9) < 500
    assert chosen == [plan.delay(1, sequence) for sequence in range(20_000)]
    other = Plan(delay_ns=1, slow_delay_ns=9, slow_fraction=0.02, seed=4)
    assert chosen != [other.delay(1, sequence) for sequence in range(20_000)]


def test_corruption_changes_padding_only() -> None:
    for padding in (b"0" * 26, b"a" * 26):
        whole = pack(1, 2, 3, padding, 0)
        damaged = corrupted(whole)
        assert damaged[:-1] == whole[:-1]
        assert damaged != whole
        assert not is_intact(damaged)


async def test_faults_without_delay_are_applied_at_once_and_in_order(timetable: Timetable) -> None:
    passed: list[bytes] = []
    line = Line(EVERY_TENTH, FaultLog(None), timetable, passed.append)
    for sequence in range(10):
        line.put(message(sequence))
    assert sequences(passed) == [0, 2, 3, 3, 4, 6, 5, 7, 8, 9]


async def test_publishers_are_swapped_apart(timetable: Timetable) -> None:
    passed: list[bytes] = []
    line = Line(EVERY_TENTH, FaultLog(None), timetable, passed.append)
    for sequence in (5, 6):
        for publisher in (1, 2):
            line.put(message(sequence, publisher))
    assert [(unpack(each).publisher, unpack(each).sequence) for each in passed] == [
        (1, 6),
        (1, 5),
        (2, 6),
        (2, 5),
    ]


@pytest.mark.slow
async def test_a_swap_without_a_partner_does_not_happen(
    tmp_path: Path, timetable: Timetable
) -> None:
    passed: asyncio.Queue[bytes] = asyncio.Queue()
    fault_log = FaultLog(tmp_path / "faults.json")
    line = Line(EVERY_TENTH, fault_log, timetable, passed.put_nowait)
    line.put(message(5))
    assert passed.empty()
    assert unpack(await asyncio.wait_for(passed.get(), 5)).sequence == 5
    fault_log.write()
    written = json.loads((tmp_path / "faults.json").read_text())
    assert written["totals"] == {"received": 1, "handed_on": 1, **dict.fromkeys(FAULTS, 0)}


async def test_delayed_messages_keep_their_order(tmp_path: Path, timetable: Timetable) -> None:
    passed: asyncio.Queue[bytes] = asyncio.Queue()
    fault_log = FaultLog(tmp_path / "faults.json")
    plan = Plan(delay_ns=1_000_000, slow_delay_ns=20_000_000, slow_fraction=0.3, seed=1)
    line = Line(plan, fault_log, timetable, passed.put_nowait)
    for sequence in range(50):
        line.put(message(sequence))
        await asyncio.sleep(0.001)
    assert [unpack(await passed.get()).sequence for _ in range(50)] == list(range(50))
    fault_log.write()
    ahead = 0
    for entry in json.loads((tmp_path / "faults.json").read_text())["messages"]:
        due = max(entry["received_ns"] + plan.delay(0, entry["sequence"]), ahead)
        assert entry["handed_on_ns"] >= due
        assert entry["applied_ns"] == entry["handed_on_ns"] - entry["received_ns"]
        ahead = due


async def test_what_is_no_envelope_passes_unharmed(timetable: Timetable) -> None:
    passed: list[bytes] = []
    Line(EVERY_TENTH, FaultLog(None), timetable, passed.append).put(b"hello")
    assert passed == [b"hello"]
