"""Processes stopped on purpose at times that are known, while a run goes on."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from harness.observe import Live, Stall

_NS = 1_000_000_000
Pids = Callable[[Live], Sequence[int]]


@dataclass(slots=True)
class Freezer:
    """Freezes what ``pids`` chooses of a live run; ``on_start`` is handed to ``observe``."""

    pids: Pids
    offsets_s: Sequence[float]
    """From the first due message to each freeze."""
    length_s: float
    stalls: list[Stall] = field(default_factory=list)

    def on_start(self, live: Live) -> None:
        """Begin to watch the clock, in a thread of its own."""
        del self.stalls[:]
        threading.Thread(target=self._freeze, args=(live,), daemon=True).start()

    def _freeze(self, live: Live) -> None:
        pids = self.pids(live)
        # A run that failed has ended its processes already, and says so itself.
        with suppress(ProcessLookupError, FileNotFoundError):
            for offset_s in self.offsets_s:
                _sleep_until(live.start_ns + round(offset_s * _NS))
                try:
                    for pid in pids:
                        os.kill(pid, signal.SIGSTOP)
                    while not all(map(_stands_still, pids)):
                        time.sleep(0)
                    begin_ns = time.monotonic_ns()
                    time.sleep(self.length_s)
                finally:
                    end_ns = time.monotonic_ns()
                    for pid in pids:
                        os.kill(pid, signal.SIGCONT)
                self.stalls.append(Stall(begin_ns, end_ns))


def servers(live: Live) -> Sequence[int]:
    """All servers under test, the Redis server included."""
    return live.server_pids


def evenly(count: int, within_s: float, warmup_s: float, length_s: float) -> tuple[float, ...]:
    """Spread freezes over a window: each in the middle of an equal part."""
    part = within_s / count
    return tuple(warmup_s + (number + 0.5) * part - length_s / 2 for number in range(count))


def _stands_still(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "Tt"


def _sleep_until(when_ns: int) -> None:
    while (left_ns := when_ns - time.monotonic_ns()) > 0:
        time.sleep(left_ns / _NS)
