import time
from collections.abc import Callable

import numpy as np
import pytest

from harness.measure.ledger import UNKNOWN, Ledger
from harness.recording import NEVER
from harness.workload import Exchange, Workload

Make = Callable[..., Ledger]
BROADCAST = Workload(publishers=2, subscribers=2)


def test_messages_are_ordered_by_publisher_and_sequence(make_ledger: Make) -> None:
    rows = [(1, 0, 3, 3, 3), (0, 1, 2, 2, 2), (0, 0, 1, 1, 1), (1, 1, 4, NEVER, NEVER)]
    messages = make_ledger(BROADCAST, rows, window_ms=(2, 4)).messages
    assert messages.publisher.tolist() == [0, 0, 1, 1]
    assert messages.sequence.tolist() == [0, 1, 0, 1]
    assert messages.due_ns.tolist() == [1_000_000, 2_000_000, 3_000_000, 4_000_000]
    assert messages.sent_ns[3] == NEVER
    assert messages.in_window.tolist() == [False, True, True, False]


def test_first_arrivals_are_by_receiver_and_message(make_ledger: Make) -> None:
    arrivals = make_ledger(
        BROADCAST,
        [(0, 0, 1, 1, 1), (0, 1, 2, 2, 2)],
        [(0, 0, 0, 3, 0), (0, 0, 1, 4, 0), (0, 0, 0, 5, 0), (1, 0, 1, 6, 0), (1, 0, 1, 7, 0)],
        window_ms=(2, 9),
    ).arrivals
    assert arrivals.message.tolist() == [0, 1, 0, 1, 1]
    assert arrivals.first.tolist() == [True, True, False, True, False]
    assert arrivals.timed.tolist() == [False, True, False, True, False]


def test_the_first_of_all_consumers_has_a_work_queues_message(make_ledger: Make) -> None:
    workload = Workload(exchange=Exchange.WORK_QUEUE, subscribers=2)
    arrivals = make_ledger(
        workload, [(0, 0, 1, 1, 1)], [(1, 0, 0, 6, 0), (0, 0, 0, 5, 0), (0, 0, 0, 8, 0)]
    ).arrivals
    assert arrivals.first.tolist() == [False, True, False]


def test_what_nobody_sent_or_owes_is_unknown(make_ledger: Make) -> None:
    arrivals = make_ledger(
        BROADCAST,
        [(0, 0, 1, 1, 1), (0, 1, 2, 2, NEVER), (1, 0, 3, 3, 3)],
        [
            (0, NEVER, NEVER, 5, 0),  # not intact
            (0, 0, 1, 6, 0),  # never sent
            (0, 0, 2, 7, 0),  # beyond the publisher's last: not the next publisher's first
            (0, 7, 0, 8, 0),  # no such publisher
            (0, 1, 0, 9, 0),
        ],
    ).arrivals
    assert arrivals.message.tolist() == [UNKNOWN] * 4 + [2]
    assert arrivals.first.tolist() == [False] * 4 + [True]


@pytest.mark.parametrize("exchange", [Exchange.REQUEST_REPLY, Exchange.JOURNEY])
def test_another_callers_reply_is_unknown(make_ledger: Make, exchange: Exchange) -> None:
    workload = Workload(exchange=exchange, publishers=2)
    arrivals = make_ledger(
        workload, [(0, 0, 1, 1, 1), (1, 0, 1, 1, 1)], [(1, 0, 0, 5, 0), (1, 1, 0, 6, 0)]
    ).arrivals
    assert arrivals.message.tolist() == [UNKNOWN, 1]


def test_times_of_each_delivery_can_be_read(make_ledger: Make) -> None:
    ledger = make_ledger(
        BROADCAST,
        [(0, 0, 1, 1.5, 2), (0, 1, 2, 2.5, 3)],
        [(0, 0, 1, 4, 0), (0, 0, 0, 5, 0), (1, 0, 0, 7, 0)],
    )
    service_ns = ledger.since(ledger.messages.released_ns)
    message = ledger.arrivals.message[ledger.arrivals.timed]
    assert service_ns.tolist() == [1_500_000, 3_500_000, 5_500_000]
    assert ledger.messages.sequence[message].tolist() == [1, 0, 0]


def test_counts_between_two_moments(make_ledger: Make) -> None:
    ledger = make_ledger(
        Workload(),
        [(0, 0, 1, 1, 1), (0, 1, 2, 2, 2), (0, 2, 3, 3, NEVER)],
        [(0, 0, 0, 5, 0), (0, 0, 0, 6, 0), (0, 0, 1, 7, 0)],
    )
    assert ledger.sent_between(0, 2_000_000) == 1
    assert ledger.sent_between(0, 9_000_000) == 2
    assert ledger.delivered_between(5_000_000, 7_000_000) == 1
    assert ledger.delivered_between(0, 9_000_000) == 2


def test_an_empty_recording_makes_an_empty_ledger(make_ledger: Make) -> None:
    ledger = make_ledger(Workload(), [])
    assert len(ledger.messages) == len(ledger.arrivals) == 0
    assert ledger.window_s == 1000


def test_arrivals_without_messages_are_unknown(make_ledger: Make) -> None:
    assert make_ledger(Workload(), [], [(0, 0, 0, 5, 0)]).arrivals.message.tolist() == [UNKNOWN]


@pytest.mark.parametrize(
    ("published", "delivered", "problem"),
    [
        ([(0, 1, 1, 1, 1)], [], "not dense"),
        ([(0, NEVER, 1, 1, 1)], [], "not dense"),
        ([(0, 0, 1, 1, 1), (0, 0, 1, 1, 1)], [], "twice"),
        ([(0, 0, 1, NEVER, 1)], [], "without being released"),
        ([(0, 0, 1, 1, 1)], [(2, 0, 0, 5, 0)], "receivers 2 to 2"),
    ],
)
def test_contradictions_are_refused(
    make_ledger: Make,
    published: list[tuple[int, ...]],
    delivered: list[tuple[int, ...]],
    problem: str,
) -> None:
    with pytest.raises(ValueError, match=problem):
        make_ledger(BROADCAST, published, delivered)


def test_a_million_arrivals_take_less_than_a_second(make_stream: Make) -> None:
    due_ms = np.sort(np.random.default_rng(1).uniform(0, 6_000, 1_000_000))
    began = time.process_time()
    make_stream(due_ms, 0.2)
    assert time.process_time() - began < 1
