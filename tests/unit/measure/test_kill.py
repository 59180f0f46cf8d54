"""What a kill did, counted from a few messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from harness.measure.kill import kill
from harness.measure.ledger import Ledger, ledger
from harness.queueing import Victim
from harness.recording import NEVER, Recording
from harness.workload import Exchange, Workload

MS = 1_000_000
JOBS = Workload(exchange=Exchange.WORK_QUEUE, subscribers=2, work=0.004)
PUBLISHED = [(0, number, number, number, number) for number in range(5)]
NOTHING = ()


def held(sequence: int) -> tuple[tuple[int, int], ...]:
    return ((0, sequence),)


def test_a_job_that_dies_with_its_consumer_is_lost(make_ledger: Callable[..., Ledger]) -> None:
    came = [(0, 0, 0, 1, 0), (1, 0, 1, 2, 0), (1, 0, 3, 9, 0), (0, 0, 4, 12, 0)]
    book = make_ledger(JOBS, PUBLISHED, came)
    found = kill(book, victim=Victim.CONSUMER, at_ns=5 * MS, back_ns=6 * MS, held=held(2))
    assert (found.held, found.lost, found.repeated) == (1, 1, 0)
    assert found.at == 0.005
    assert found.back == 0.007  # the dead one's place delivers again at 12
    assert found.latest == 0.008
    assert found.accepted is None
    assert found.waiting is None
    assert found.unsaved is None


def test_a_job_that_its_successor_does_is_repeated(make_ledger: Callable[..., Ledger]) -> None:
    came = [(1, 0, number, 10, 0) for number in range(5)]
    book = make_ledger(JOBS, PUBLISHED, [*came, (0, 0, 4, 30, 0)])
    found = kill(book, victim=Victim.CONSUMER, at_ns=5 * MS, back_ns=6 * MS, held=held(2))
    assert (found.held, found.lost, found.repeated) == (1, 0, 2)


def test_only_what_redis_confirmed_can_be_lost_with_it(
    make_recording: Callable[..., Recording],
) -> None:
    # 0 is delivered before, 1 is in a consumer's hands, 2 and 3 wait (3 comes back), 4 is not
    # confirmed any more.
    came = [(0, 0, 0, 2, 0), (1, 0, 1, 13, 0), (0, 0, 3, 40, 0)]
    recording = make_recording(PUBLISHED, came)
    accepted_ns = np.array([1 * MS, 2 * MS, 3 * MS, 4 * MS, NEVER])
    recording = replace(recording, published=replace(recording.published, accepted_ns=accepted_ns))
    book = ledger(recording, JOBS, 0, 100 * MS)
    found = kill(book, victim=Victim.REDIS, at_ns=10 * MS, back_ns=20 * MS, held=NOTHING)
    assert (found.accepted, found.waiting, found.lost, found.repeated) == (4, 2, 1, 0)
    assert found.back == 0.01
    # 2 is gone, though 3, which Redis confirmed later, is not: no snapshot explains that.
    assert (found.unsaved, found.survived) == (0.007, 1)


def test_what_came_last_is_what_a_snapshot_does_not_hold(
    make_recording: Callable[..., Recording],
) -> None:
    came = [(0, 0, 0, 2, 0), (0, 0, 1, 40, 0), (0, 0, 2, 44, 0)]
    recording = make_recording(PUBLISHED, came)
    accepted_ns = np.array([1 * MS, 2 * MS, 3 * MS, 4 * MS, 5 * MS])
    recording = replace(recording, published=replace(recording.published, accepted_ns=accepted_ns))
    book = ledger(recording, JOBS, 0, 100 * MS)
    found = kill(book, victim=Victim.REDIS, at_ns=10 * MS, back_ns=20 * MS, held=NOTHING)
    assert (found.waiting, found.lost, found.unsaved, found.survived) == (4, 2, 0.006, 0)
    whole = make_recording(PUBLISHED, [(0, 0, number, 40, 0) for number in range(5)])
    whole = replace(whole, published=replace(whole.published, accepted_ns=accepted_ns))
    kept = kill(
        ledger(whole, JOBS, 0, 100 * MS),
        victim=Victim.REDIS,
        at_ns=10 * MS,
        back_ns=20 * MS,
        held=NOTHING,
    )
    assert (kept.lost, kept.unsaved, kept.survived) == (0, None, None)


def test_where_nothing_came_nothing_was_late(make_ledger: Callable[..., Ledger]) -> None:
    book = make_ledger(JOBS, PUBLISHED)
    found = kill(book, victim=Victim.CONSUMER, at_ns=5 * MS, back_ns=6 * MS, held=NOTHING)
    assert (found.lost, found.repeated, found.latest, found.back) == (5, 0, None, 0.0)
