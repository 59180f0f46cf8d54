"""Polls are due on a grid, seeded and different for each receiver."""

from dataclasses import replace

from harness.pattern import Endpoints, Seat
from harness.patterns.poll_grid import Grid
from harness.workload import Workload

MS = 1_000_000
SEAT = Seat(endpoints=Endpoints(urls={}), workload=Workload(poll_interval=0.02), index=0)


def test_the_next_poll_is_the_first_point_later_than_now() -> None:
    grid = Grid(start_ns=7 * MS, interval_ns=20 * MS)
    assert grid.after(7 * MS) == 27 * MS
    assert grid.after(26 * MS) == 27 * MS
    assert grid.after(27 * MS) == 47 * MS
    assert grid.after(1000 * MS) == 1007 * MS


def test_a_grid_begins_within_an_interval_and_is_the_same_for_the_same_seat() -> None:
    grid = Grid.of(SEAT, 5 * MS)
    assert 5 * MS <= grid.start_ns < 25 * MS
    assert grid.interval_ns == 20 * MS
    assert Grid.of(SEAT, 5 * MS) == grid
    assert Grid.of(replace(SEAT, index=1), 5 * MS) != grid
