"""What a gateway's death cost, counted from a few messages; and what gateways told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from harness.measure.gateways import failover, gateways
from harness.measure.ledger import Ledger
from harness.measure.resources import ServerSnapshot
from harness.measure.tallies import GatewayTally, read_tallies
from harness.recording import Returned
from harness.workload import Workload
from servers.gateway_tally import Tally

MS = 1_000_000
TWO = Workload(subscribers=2)
PUBLISHED = [(0, number, number, number, number) for number in range(6)]
EVERYTHING = [(0, 0, number, number + 1, 0) for number in range(6)]


def away(receiver: int, lost_ms: int, back_ms: int) -> Returned:
    return Returned(
        receiver=np.array([receiver]),
        lost_ns=np.array([lost_ms * MS]),
        back_ns=np.array([back_ms * MS]),
    )


def test_what_fell_into_the_gap(make_ledger: Callable[..., Ledger]) -> None:
    had = [(1, 0, number, number + 1, 0) for number in (0, 1, 4, 5)]
    book = make_ledger(TWO, PUBLISHED, [*EVERYTHING, *had])
    found = failover(book, away(1, 3, 5), clients=1, at_ns=2 * MS)
    assert (found.gap, found.unreached, found.unexplained) == (2, 0, 0)
    assert (found.clients, found.back, found.slowest, found.at) == (1, 1, 0.003, 0.002)


def test_what_was_lost_outside_the_gap_is_not_explained(make_ledger: Callable[..., Ledger]) -> None:
    had = [(1, 0, number, number + 1, 0) for number in (0, 2, 4, 5)]
    book = make_ledger(TWO, PUBLISHED, [*EVERYTHING, *had])
    found = failover(book, away(1, 4, 5), clients=1, at_ns=2 * MS)
    assert (found.gap, found.unreached, found.unexplained) == (1, 0, 1)


def test_what_died_with_the_gateway_reached_nobody(make_ledger: Callable[..., Ledger]) -> None:
    had = [(who, 0, number, number + 1, 0) for who in (0, 1) for number in (0, 1, 3, 4, 5)]
    book = make_ledger(TWO, PUBLISHED, had)
    found = failover(book, away(1, 3, 4), clients=1, at_ns=2 * MS)
    assert (found.gap, found.unreached, found.unexplained) == (0, 2, 0)


def test_who_never_came_back_is_missing(make_ledger: Callable[..., Ledger]) -> None:
    book = make_ledger(TWO, PUBLISHED, EVERYTHING)
    found = failover(book, Returned(), clients=1, at_ns=2 * MS)
    assert (found.clients, found.back, found.slowest) == (1, 0, None)
    assert found.unexplained == 6


def test_gateways_tell_what_they_do(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("ABEC_NOTES", str(tmp_path))
    tallies = [Tally(place) for place in (0, 10, 2)]
    tallies[0].subscribers(3)
    tallies[0].message()
    tallies[0].subscribers(-1)
    tallies[0].message()
    assert read_tallies(tmp_path) == (
        GatewayTally(0, 2, 5),
        GatewayTally(2, 0, 0),
        GatewayTally(10, 0, 0),
    )


def test_shares_over_the_window() -> None:
    before = ServerSnapshot(at_ns=0, cpu_ns={1: 5 * MS, 2: 0, 3: 0})
    after = ServerSnapshot(at_ns=10 * MS, cpu_ns={1: 10 * MS, 3: MS})
    tallies = ((GatewayTally(0, 4, 7), GatewayTally(1, 5, 0)),) * 2
    found = gateways(tallies, (before, after), {1: "gateway0", 2: "gateway1", 3: "redis"}, None)
    assert found is not None
    assert found.cores == {"gateway0": 0.5, "redis": 0.1}
    assert (found.subscribers, found.deliveries) == ((4, 5), (0, 0))
    assert gateways(((), ()), (before, after), {}, None) is None
