from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from harness.measure.journey import journey, trace
from harness.measure.ledger import Ledger
from harness.measure.notes import STAGES, Stages
from harness.measure.resources import ServerSnapshot
from harness.result import Parts
from harness.workload import Exchange, Workload

Make = Callable[..., Ledger]

WORKLOAD = Workload(exchange=Exchange.JOURNEY, publishers=2, trace=True)
MS = 1_000_000


def noted(*rows: tuple[int, int, str, float]) -> Stages:
    """Publisher, sequence, stage, milliseconds."""
    publisher, sequence, stage, at_ms = zip(*rows, strict=True)
    return Stages(
        publisher=np.array(publisher),
        sequence=np.array(sequence),
        stage=np.array([STAGES.index(name) for name in stage]),
        at_ns=np.array([round(at * MS) for at in at_ms]),
    )


def whole_way(publisher: int, sequence: int, *at_ms: float) -> list[tuple[int, int, str, float]]:
    return [(publisher, sequence, name, at) for name, at in zip(STAGES, at_ms, strict=True)]


def parts_ms(parts: Parts) -> list[float]:
    values = (parts.accepted, parts.queued, parts.worked, parts.notified)
    return [round(1e3 * value, 6) for value in values if value is not None]


def test_the_parts_are_the_steps_from_due_to_received(make_ledger: Make) -> None:
    book = make_ledger(WORKLOAD, [(1, 0, 10, 11, 11)], [(1, 1, 0, 300, 0)])
    found = trace(book, noted(*whole_way(1, 0, 12, 15, 215)))
    assert found.count == 1
    assert parts_ms(found.mean) == [2, 3, 200, 85]
    assert found.mean.whole == pytest.approx(0.290)
    assert found.p50 == found.p99 == found.mean


def test_only_whole_ways_of_the_window_count(make_ledger: Make) -> None:
    book = make_ledger(
        WORKLOAD,
        [(0, 0, 1, 1, 1), (0, 1, 10, 10, 10), (0, 2, 20, 20, 20), (1, 0, 30, 30, 30)],
        [(0, 0, 0, 9, 0), (0, 0, 1, 19, 0), (1, 1, 0, 49, 0)],
        window_ms=(5, 100),
    )
    found = trace(
        book,
        noted(
            *whole_way(0, 0, 2, 3, 4),  # warm-up
            *whole_way(0, 1, 11, 13, 16),
            *whole_way(0, 2, 21, 22, 23),  # its verdict was lost
            (1, 0, "accepted", 31),  # no worker noted it
            *whole_way(9, 9, 1, 2, 3),  # nobody's
        ),
    )
    assert found.count == 1
    assert parts_ms(found.mean) == [1, 2, 3, 3]


def test_a_percentile_is_the_mean_around_its_rank(make_ledger: Make) -> None:
    count = 1000
    rows = [(0, n, n, n, n) for n in range(count)]
    came = [(0, 0, n, n + 3 + n / 10, 0) for n in range(count)]
    ways = [step for n in range(count) for step in whole_way(0, n, n + 1, n + 2, n + 3)]
    found = trace(make_ledger(WORKLOAD, rows, came), noted(*ways))
    assert found.count == count
    assert parts_ms(found.p50) == pytest.approx([1, 1, 1, 50], abs=0.1)
    assert parts_ms(found.p99) == pytest.approx([1, 1, 1, 99], abs=0.2)


def test_the_others_show_what_noting_costs(make_ledger: Make) -> None:
    count = 400
    rows = [(0, n, n, n, n) for n in range(count)]
    came = [(0, 0, n, n + 10 + (n % 2) * 0.5 + (n % 4) * 0.01, 0) for n in range(count)]
    ways = [step for n in range(1, count, 2) for step in whole_way(0, n, n + 1, n + 2, n + 3)]
    found = trace(make_ledger(WORKLOAD, rows, came), noted(*ways))
    assert found.cost == pytest.approx(0.00051)
    assert found.cost_error is not None
    assert 1e-6 < found.cost_error < 5e-6


def test_without_notes_there_is_nothing_to_tell(make_ledger: Make) -> None:
    found = trace(make_ledger(WORKLOAD, [(0, 0, 1, 1, 1)], [(0, 0, 0, 9, 0)]), Stages())
    assert found.count == 0
    assert found.mean.whole is found.cost is found.cost_error is None


def test_what_was_used_is_divided_by_what_was_sent(make_ledger: Make) -> None:
    book = make_ledger(
        WORKLOAD,
        [(0, 0, 1, 1, 1), (0, 1, 2, 2, 2), (0, 2, 3, 3, 3), (0, 3, 4, 4, 4)],
        [(0, 0, 0, 9, 0), (0, 0, 1, 4002, 0)],
    )
    before = ServerSnapshot(at_ns=0, cpu_ns={5: 1000, 6: 0})
    after = replace(before, at_ns=10 * MS, cpu_ns={5: 9000, 6: 4000})
    found = journey(book, Stages(), (10, 30), (before, after), {5: "judge", 6: "redis"})
    assert found.requests_per_message == 5
    assert found.cpu_per_message == {"judge": 2e-6, "redis": 1e-6}
    assert found.latest == 4.0
    untraced = replace(book, workload=replace(WORKLOAD, trace=False))
    again = journey(untraced, Stages(), (None, None), (before, after), {})
    assert again.requests_per_message is again.trace is None
