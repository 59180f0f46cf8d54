import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.measure.audit import audit
from harness.measure.latency import latencies
from harness.measure.ledger import Ledger, ledger
from harness.recording import NEVER, Recording, merge
from harness.result import Audit
from harness.workload import Exchange, Workload

Make = Callable[..., Ledger]
FEW = Workload(publishers=2, subscribers=2)


def sends(*counts: int) -> list[tuple[int, ...]]:
    return [
        (publisher, number, number, number, number)
        for publisher, count in enumerate(counts)
        for number in range(count)
    ]


def arrive(receiver: int, *names: tuple[int, int]) -> list[tuple[int, ...]]:
    return [(receiver, *name, 100 + place, 0) for place, name in enumerate(names)]


def test_all_delivered_is_clean(make_ledger: Make) -> None:
    everything = [(0, 0), (0, 1), (1, 0)]
    found = audit(
        make_ledger(
            FEW, sends(2, 1), arrive(0, *everything) + arrive(1, *reversed(everything[1:]), (0, 0))
        )
    )
    assert (found.published, found.owed, found.delivered) == (3, 6, 6)
    assert (found.lost, found.duplicated, found.corrupted) == (0, 0, 0)
    assert found.reordered == 1


def test_a_member_is_owed_its_own_messages_too(make_ledger: Make) -> None:
    group = Workload(exchange=Exchange.GROUP, publishers=2, subscribers=2)
    everything = [(0, 0), (1, 0)]
    whole = audit(make_ledger(group, sends(1, 1), arrive(0, *everything) + arrive(1, *everything)))
    assert (whole.owed, whole.delivered) == (4, 4)
    assert whole.clean
    own_missing = audit(make_ledger(group, sends(1, 1), arrive(0, (1, 0)) + arrive(1, *everything)))
    assert (own_missing.owed, own_missing.delivered, own_missing.lost) == (4, 3, 1)


def test_messages_of_different_publishers_have_no_order(make_ledger: Make) -> None:
    names = [(1, 0), (0, 0), (1, 1), (0, 1)]
    assert audit(make_ledger(FEW, sends(2, 2), arrive(0, *names) + arrive(1, *names))).clean


def test_known_faults_are_counted_exactly(make_ledger: Make) -> None:
    gone = (NEVER, NEVER)
    one = Workload()
    names = [(0, 0), (0, 1), (0, 1), (0, 3), (0, 2), gone, (0, 6), gone, (0, 9), (0, 8)]
    found = audit(make_ledger(one, sends(10), arrive(0, *names)))
    assert found == Audit(
        published=10,
        owed=10,
        delivered=7,
        lost=1,
        duplicated=1,
        reordered=2,
        corrupted=2,
    )
    assert not found.clean


def test_duplicates_of_a_reordered_message_are_not_reordered_again(make_ledger: Make) -> None:
    found = audit(make_ledger(Workload(), sends(2), arrive(0, (0, 1), (0, 0), (0, 0), (0, 0))))
    assert (found.reordered, found.duplicated) == (1, 2)


def test_a_corrupted_surplus_is_a_duplicate(make_ledger: Make) -> None:
    """Receiver 1 lost a message; that receiver 0 got one too many does not make up for it."""
    arrivals = arrive(0, (0, 0), (NEVER, NEVER))
    found = audit(make_ledger(FEW, sends(1), arrivals))
    assert (found.owed, found.delivered, found.lost) == (2, 1, 1)
    assert (found.duplicated, found.corrupted) == (1, 0)


@pytest.mark.parametrize("exchange", [Exchange.REQUEST_REPLY, Exchange.JOURNEY])
def test_a_misdirected_reply_is_no_delivery(make_ledger: Make, exchange: Exchange) -> None:
    workload = Workload(exchange=exchange, publishers=2)
    swapped = arrive(0, (1, 0)) + arrive(1, (0, 0))
    found = audit(make_ledger(workload, sends(1, 1), swapped))
    assert (found.delivered, found.corrupted, found.lost) == (0, 2, 0)


def test_a_work_queue_is_one_account(make_ledger: Make) -> None:
    workload = Workload(exchange=Exchange.WORK_QUEUE, subscribers=2)
    found = audit(
        make_ledger(workload, sends(4), arrive(0, (0, 1), (0, 2)) + arrive(1, (0, 0), (0, 2)))
    )
    assert (found.owed, found.delivered, found.lost) == (4, 3, 1)
    assert (found.duplicated, found.reordered) == (1, 0)


def test_what_was_never_sent_is_not_owed(make_ledger: Make) -> None:
    rows = [(0, 0, 0, 0, 0), (0, 1, 1, 1, NEVER)]
    built = make_ledger(Workload(), rows, arrive(0, (0, 0)))
    assert audit(built).clean
    assert latencies(built).delivery.lost == 1


def test_causes_come_from_the_clients(make_ledger: Make) -> None:
    assert audit(make_ledger(Workload(), sends(1), notes={"evicted": 1})).causes == {"evicted": 1}


@dataclass(frozen=True)
class Story:
    """Random faults: what each receiver got, in its order."""

    workload: Workload
    sent: tuple[tuple[int, int], ...]
    unsent: tuple[tuple[int, int], ...]
    got: tuple[tuple[tuple[int, int], ...], ...]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    exchange = draw(st.sampled_from(list(Exchange)))
    publishers, subscribers = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    if exchange is Exchange.GROUP:
        publishers = subscribers
    workload = Workload(exchange=exchange, publishers=publishers, subscribers=subscribers)
    counts = [draw(st.integers(0, 6)) for _ in range(publishers)]
    names = [(p, s) for p, count in enumerate(counts) for s in range(count)]
    unsent = draw(st.sets(st.sampled_from(names))) if names else set()
    strange = st.tuples(st.integers(-1, 4), st.integers(-1, 8))
    got = tuple(
        tuple(draw(st.lists(st.one_of(st.sampled_from(names), strange) if names else strange)))
        for _ in range(workload.receivers)
    )
    sent = tuple(name for name in names if name not in unsent)
    return Story(workload, sent, tuple(sorted(unsent)), got)


def expected(story: Story) -> Audit:
    """Count with sets, one receiver after another."""
    sent, exchange = set(story.sent), story.workload.exchange
    queue: set[tuple[int, int]] = set()
    delivered = corrupted = duplicated = reordered = lost = owed = damaged_all = 0
    for receiver, names in enumerate(story.got):
        mine = sent
        if exchange.calls:
            mine = {name for name in sent if name[0] == receiver}
        had = queue if exchange is Exchange.WORK_QUEUE else set()
        highest: dict[int, int] = {}
        damaged = 0
        for name in names:
            if name not in mine:
                damaged += 1
                continue
            if name in had:
                duplicated += 1
            else:
                delivered += 1
                reordered += name[1] < highest.get(name[0], -1)
            had.add(name)
            highest[name[0]] = max(name[1], highest.get(name[0], -1))
        if exchange is Exchange.WORK_QUEUE:
            damaged_all += damaged
            continue
        owed += len(mine)
        taken = min(damaged, len(mine - had))
        corrupted += taken
        duplicated += damaged - taken
        lost += len(mine - had) - taken
    if exchange is Exchange.WORK_QUEUE:
        owed = len(sent)
        corrupted = min(damaged_all, len(sent - queue))
        duplicated += damaged_all - corrupted
        lost = len(sent - queue) - corrupted
    return Audit(
        published=len(sent),
        owed=owed,
        delivered=delivered,
        lost=lost,
        duplicated=duplicated,
        reordered=reordered,
        corrupted=corrupted,
    )


@settings(max_examples=150)
@given(stories(), st.randoms(use_true_random=False))
def test_random_faults_balance_whatever_the_order_of_merging(
    make_recording: Callable[..., Recording], story: Story, shuffled: random.Random
) -> None:
    parts = [
        make_recording(
            [],
            [
                (receiver, *name, 10 + 1000 * receiver + place, 0)
                for place, name in enumerate(names)
            ],
        )
        for receiver, names in enumerate(story.got)
    ]
    parts += [make_recording([(*name, 1, 1, 1) for name in story.sent])]
    parts += [make_recording([(*name, 1, 1, NEVER) for name in story.unsent])]
    shuffled.shuffle(parts)
    built = ledger(merge(parts), story.workload, 0, 1_000_000_000)
    found = audit(built)
    assert found == expected(story)
    assert found.owed == found.delivered + found.lost + found.corrupted
    assert len(built.arrivals) == found.delivered + found.duplicated + found.corrupted
    assert latencies(built).delivery.count == found.delivered
