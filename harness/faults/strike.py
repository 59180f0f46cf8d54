"""One blow in mid-run: SIGKILL for a consumer at work, for Redis, or for one of the gateways."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import MutableSequence, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.load.course import run_load
from harness.load.journal import holds_a_job, read_journal
from harness.load.task import NS, LoadTask
from harness.measure.tallies import read_tallies
from harness.process.pool import FreshProcesses
from harness.process.servers import Running
from harness.queueing import Victim
from harness.recording import Recording

_NAP_S = 0.0005
_PATIENCE_S = 5.0
"""A consumer that has begun no job for so long is killed without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """What was done, and what only the dead one knew."""

    victim: Victim
    at_ns: int
    """CLOCK_MONOTONIC when it was killed; of Redis, when it was dead: it confirms until then."""
    back_ns: int
    """When its successor was started (a consumer) or answered (Redis); a gateway has none."""
    held: tuple[tuple[int, int], ...]
    """The job that a killed consumer was at, at most one: publisher and sequence."""
    clients: int = 0
    """How many subscribers a killed gateway had."""


@dataclass(slots=True, kw_only=True, eq=False)
class Strike:
    """What is to be done to one run, and then what was."""

    victim: Victim
    due_ns: int
    running: Running
    pool: FreshProcesses
    tasks: Sequence[LoadTask]
    futures: MutableSequence[Future[Recording]]
    """Of the load processes; a killed one's gives way to its successor's."""
    blow: Blow | None = None
    before: Recording = field(default_factory=Recording)
    """What a killed consumer had delivered until then."""

    def look(self) -> None:
        """Strike if it is time.

        Raises:
            ServerFailed: Redis did not come back.
        """
        if self.victim is Victim.NONE or self.blow is not None:
            return
        if time.monotonic_ns() < self.due_ns:
            return
        if self.victim is Victim.REDIS:
            self._kill_redis()
        elif self.victim is Victim.GATEWAY:
            self._kill_gateway()
        else:
            self._kill_consumer()

    def _kill_redis(self) -> None:
        if self.running.restart_redis is None:
            raise RuntimeError("a Redis that was not started here is not killed")
        dead_ns = self.running.restart_redis()
        self.blow = Blow(victim=self.victim, at_ns=dead_ns, back_ns=time.monotonic_ns(), held=())

    def _kill_gateway(self) -> None:
        """Kill the last: publishers of the feed begin with the first, so that few go there."""
        last = max(read_tallies(self.running.notes_dir), key=lambda tally: tally.place)
        at_ns = time.monotonic_ns()
        self.running.kill(f"gateway{last.place}")
        self.blow = Blow(
            victim=self.victim, at_ns=at_ns, back_ns=at_ns, held=(), clients=last.subscribers
        )

    def _kill_consumer(self) -> None:
        place = next(number for number, task in enumerate(self.tasks) if task.journal)
        task, victim = self.tasks[place], self.futures[place]
        pid, journal = self.pool.pids[place], Path(task.journal)
        _stop_at_work(pid, journal)
        at_ns = time.monotonic_ns()
        os.kill(pid, signal.SIGKILL)
        del self.futures[place]
        self.futures.append(self.pool.submit(run_load, replace(task, journal="", succeeds=True)))
        back_ns = time.monotonic_ns()
        victim.exception()  # once that is known nobody writes to the journal any more
        self.before, held = read_journal(journal)
        self.blow = Blow(victim=self.victim, at_ns=at_ns, back_ns=back_ns, held=held)


def _stop_at_work(pid: int, journal: Path) -> None:
    """Halt the consumer while it is at a job: looking at it running would often be too late."""
    deadline_ns = time.monotonic_ns() + round(_PATIENCE_S * NS)
    while True:
        os.kill(pid, signal.SIGSTOP)
        while _state(pid) != "T":
            time.sleep(_NAP_S)
        if holds_a_job(journal) or time.monotonic_ns() > deadline_ns:
            return
        os.kill(pid, signal.SIGCONT)
        time.sleep(_NAP_S)


def _state(pid: int) -> str:
    """Give the letter of proc_pid_stat(5): ``T`` is stopped."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2][0]
