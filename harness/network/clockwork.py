"""When what passes the relay is written, and how late that was; for all connections."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections import deque
from heapq import heappop, heappush
from itertools import count
from typing import Protocol

from harness.network.line import Ending, Line
from harness.timerfd import Alarm

_MOST_AT_ONCE = 64
"""After so many chunks the loop gets a turn, so that what comes in meanwhile is stamped."""
_EARLY_NS = 50_000
"""A core that slept wakes 50 to 150 µs after its timer: so much of that is taken back."""
_BEAT_NS = 2_000_000
"""How often the relay looks whether it was away: 3 % of a core, and what is shorter may be missed.
"""
_MOST_RECORDED = 4_000_000
"""Chunks whose lateness is kept: 64 MB."""


class Clockwork:
    """Writes each chunk when it is due, and knows when it was away; for all connections.

    What comes in while the relay is stopped, or busy, waits in the kernel and is stamped too late.
    So a second alarm beats: as long as a beat is overdue, and in the turn of the loop that it comes
    in, whatever is read may have waited since.
    """

    def __init__(self) -> None:
        self.due_ns = array("q")
        self.late_ns = array("q")
        self.unrecorded = 0
        """Chunks whose lateness is not kept any more."""
        self._waiting: list[tuple[int, int, Way]] = []
        self._number = count()
        self._alarm = Alarm(self._ring)
        self._loop = asyncio.get_running_loop()
        self._away_ns = 0
        self._beat = Alarm(self._pulse)
        self._beat_ns = time.monotonic_ns() + _BEAT_NS
        self._beat.at(self._beat_ns)

    def waited_ns(self, now_ns: int) -> int:
        """How long what is read at ``now_ns`` may have waited for the relay, at most."""
        return max(self._away_ns, now_ns - self._beat_ns, 0)

    def _pulse(self) -> None:
        now_ns = time.monotonic_ns()
        self._away_ns = now_ns - self._beat_ns
        self._beat_ns = now_ns + _BEAT_NS
        self._beat.at(self._beat_ns)
        # After all that this turn of the loop has to read.
        self._loop.call_soon(self._here)

    def _here(self) -> None:
        self._away_ns = 0

    def wind(self, way: Way) -> None:
        """Call ``way.release`` when its first chunk is due."""
        due_ns = way.line.chunks[0][0]
        first = not self._waiting or due_ns < self._waiting[0][0]
        heappush(self._waiting, (due_ns, next(self._number), way))
        if first:
            self._alarm.at(due_ns - _EARLY_NS)

    def _ring(self) -> None:
        waiting, clock = self._waiting, time.monotonic_ns
        for _ in range(_MOST_AT_ONCE):
            if not waiting or waiting[0][0] - _EARLY_NS > clock():
                break
            due_ns, _, way = heappop(waiting)
            waited_ns = way.release()
            if waited_ns is not None:
                self._record(due_ns, clock() - max(due_ns, way.held_until_ns) + waited_ns)
            if way.line.chunks and not way.held:
                heappush(waiting, (way.line.chunks[0][0], next(self._number), way))
        if waiting:
            self._alarm.at(waiting[0][0] - _EARLY_NS)

    def _record(self, due_ns: int, late_ns: int) -> None:
        if len(self.due_ns) == _MOST_RECORDED:
            self.unrecorded += 1
            return
        self.due_ns.append(due_ns)
        self.late_ns.append(late_ns)


class End(Protocol):
    """Where a way begins, or leads to."""

    transport: asyncio.Transport

    def finish(self) -> None:
        """Say no more to whoever is at this end."""


class Way:
    """From one end of a connection to the other: its line, and who waits for whom."""

    def __init__(self, line: Line, clockwork: Clockwork, most_bytes: int) -> None:
        self.line = line
        self.source: End | None = None
        self.target: End | None = None
        self.held = True
        """Whether the target takes nothing now: not connected yet, or its buffer is full."""
        self.held_until_ns = 0
        self._clockwork = clockwork
        self._most_bytes = most_bytes
        self._paused = False
        self._waits_ns: deque[int] = deque()
        self.broken = False
        """Whether nothing passes any more."""

    def put(self, chunk: bytes | Ending) -> None:
        """Send what the source said on its way, or that it has ended."""
        if self.broken:
            return
        now_ns = time.monotonic_ns()
        self._waits_ns.append(self._clockwork.waited_ns(now_ns))
        self.line.put(chunk, now_ns)
        if len(self.line.chunks) == 1 and not self.held:
            self._clockwork.wind(self)
        if self.line.bytes > self._most_bytes and not self._paused and self.source is not None:
            self._paused = True
            self.source.transport.pause_reading()

    def release(self) -> int | None:
        """Write the chunk that is due; give how long it may have waited to be read, in ns.

        None if there was nothing to write.
        """
        if self.held or self.target is None or not self.line.chunks:
            return None
        waited_ns = self._waits_ns.popleft()
        chunk = self.line.take()
        if chunk is Ending.ORDERLY:
            self.target.finish()
            return None
        if isinstance(chunk, Ending):
            self.target.transport.abort()
            return None
        self.target.transport.write(chunk)
        if self._paused and self.line.bytes <= self._most_bytes // 2 and self.source is not None:
            self._paused = False
            self.source.transport.resume_reading()
        return waited_ns

    def hold(self) -> None:
        """Keep what is due until the target takes more."""
        self.held = True

    def go_on(self) -> None:
        """Let what was held out again."""
        if not self.held or self.broken:
            return
        self.held = False
        self.held_until_ns = time.monotonic_ns()
        if self.line.chunks:
            self._clockwork.wind(self)

    def break_off(self) -> None:
        """Drop what is on its way, and take nothing more."""
        self.broken = self.held = True
        self.line.chunks.clear()
        self._waits_ns.clear()
