"""What one load process is told to do: picklable, and all that it needs is in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from harness.pattern import Endpoints
from harness.workload import Workload

NS = 1_000_000_000


class Role(StrEnum):
    """Which side of the traffic a load process makes."""

    PUBLISH = "publish"
    RECEIVE = "receive"
    BOTH = "both"
    """Publishers and receivers in one process: request/reply, and every closed loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadTask:
    """One load process' share of a run; all that it needs travels in here."""

    pattern: str
    endpoints: Endpoints
    """What receivers, callers and members talk to."""
    publish_to: Endpoints
    """What publishers talk to who are nothing else."""
    workload: Workload
    role: Role
    publishers: range
    receivers: range
    start_ns: int
    """CLOCK_MONOTONIC from which messages are due; everyone is ready by then."""
    core: int | None = None
    gives_way: bool = False
    """Whether a publisher on the same core goes first, whatever this process is at."""
    ramp: float = 500.0
    """This process' new connections per second."""
    lines: tuple[str, ...] = field(default=(), repr=False)
    """What the user's payload file says, so that no file system need be shared."""
    journal: str = ""
    """A file for what this process does until it is killed on purpose; both are on one host."""
    succeeds: bool = False
    """Whether it takes the place of one that was killed, long after the start."""

    @property
    def window_ns(self) -> tuple[int, int]:
        """From which due time on messages are timed, and until which."""
        begin = self.start_ns + round(self.workload.warmup * NS)
        return begin, begin + round(self.workload.duration * NS)
