"""When one receiver's polls are due: on a fixed grid, seeded and different for each."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Self

from harness.pattern import Seat

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Grid:
    """The due times of one receiver's polls, in ns of CLOCK_MONOTONIC."""

    start_ns: int
    interval_ns: int

    @classmethod
    def of(cls, seat: Seat, now_ns: int) -> Self:
        """Begin within one interval from now, where in it depends on seed and seat."""
        interval = seat.workload.poll_interval
        offset = random.Random(f"{seat.workload.seed}:{seat.index}").random() * interval
        return cls(now_ns + round(offset * _NS), round(interval * _NS))

    def after(self, now_ns: int) -> int:
        """Give the first due time later than ``now_ns``."""
        return now_ns + self.interval_ns - (now_ns - self.start_ns) % self.interval_ns
