"""``python -m harness.network.relay HOST:PORT…``: relays TCP as a slower network would.

For each address it listens on a free loopback port and prints these in one line. What comes in at
one end of a connection goes out at the other half a round trip later. A connection is accepted at
once, as the kernel must; so that it takes its round trip, as the handshake of TCP does, what the
client sends first arrives one and a half round trips after that, and what the server says first
one. On SIGTERM it writes how late it was to ``--report``.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from array import array
from collections import deque
from collections.abc import Sequence
from functools import partial
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from random import Random
from typing import cast

import uvloop

from harness.network.line import NS, Line, Shape
from harness.timerfd import Alarm, tighten_timer_slack

_MOST_AT_ONCE = 64
"""After so many chunks the loop gets a turn, so that what comes in meanwhile is stamped."""
_WINDOW_BYTES = 4 << 20
"""What may be on its way in one direction without a limit of bandwidth: as a tuned TCP allows."""
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
            if waited_ns is not None and len(self.due_ns) < _MOST_RECORDED:
                self.due_ns.append(due_ns)
                self.late_ns.append(clock() - max(due_ns, way.held_until_ns) + waited_ns)
            if way.line.chunks and not way.held:
                heappush(waiting, (way.line.chunks[0][0], next(self._number), way))
        if waiting:
            self._alarm.at(waiting[0][0] - _EARLY_NS)


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

    def put(self, chunk: bytes | None) -> None:
        """Send what the source said on its way; None: it will say no more."""
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
        if chunk is None:
            self.target.finish()
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


class End(asyncio.Protocol):
    """One end of a relayed connection: what it reads goes out, what comes back it writes."""

    transport: asyncio.Transport

    def __init__(self, out: Way, back: Way) -> None:
        self._out = out
        self._back = back
        self._ended = False
        self._finished = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be there for both ways."""
        self.transport = cast(asyncio.Transport, transport)
        if self._back.broken:
            # The other end left while this one was being connected: nobody would ever close it.
            self.transport.abort()
            return
        self._out.source = self._back.target = self
        self._back.go_on()

    def data_received(self, data: bytes) -> None:
        """Send it on its way."""
        self._out.put(data)

    def eof_received(self) -> bool:
        """Pass the end on; the other direction may go on."""
        self._ended = True
        self._out.put(None)
        self._close_if_done()
        return True

    def finish(self) -> None:
        """Say no more to whoever is at this end."""
        self._finished = True
        if not self.transport.is_closing():
            self.transport.write_eof()
        self._close_if_done()

    def pause_writing(self) -> None:
        """Hold what comes: whoever is at this end reads slowly."""
        self._back.hold()

    def resume_writing(self) -> None:
        """Go on."""
        self._back.go_on()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Take nothing more; where the connection broke, so does that at the other end."""
        self._back.break_off()
        if not (self._ended and self._finished):
            self._out.break_off()
            if self._out.target is not None:
                self._out.target.transport.abort()

    def _close_if_done(self) -> None:
        if self._ended and self._finished:
            self.transport.close()


class Relay:
    """All relayed connections of one run."""

    def __init__(self, shape: Shape, seed: int) -> None:
        self._shape = shape
        self._random = Random(seed)
        self._connecting: set[asyncio.Task[None]] = set()
        on_its_way = shape.rtt_ns / shape.ns_per_byte if shape.ns_per_byte else 0
        self._most_bytes = max(_WINDOW_BYTES, int(2 * on_its_way))
        self.clockwork = Clockwork()

    async def serve(self, host: str, port: int) -> int:
        """Relay from a free loopback port to ``host:port``; give that port."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            partial(self._accept, host, port), "127.0.0.1", 0, backlog=4096
        )
        address: tuple[str, int] = server.sockets[0].getsockname()
        return address[1]

    def _accept(self, host: str, port: int) -> End:
        now_ns = time.monotonic_ns()
        shape, clockwork = self._shape, self.clockwork
        forth = Way(
            Line(shape, now_ns + shape.rtt_ns + shape.one_way_ns, self._random.random),
            clockwork,
            self._most_bytes,
        )
        back = Way(
            Line(shape, now_ns + shape.rtt_ns, self._random.random), clockwork, self._most_bytes
        )
        near = End(forth, back)
        task = asyncio.get_running_loop().create_task(_connect(near, End(back, forth), host, port))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        return near


async def _connect(near: End, far: End, host: str, port: int) -> None:
    """Connect the far end; where nobody listens there, nobody does at the near end."""
    try:
        await asyncio.get_running_loop().create_connection(lambda: far, host, port)
    except OSError as error:
        sys.stderr.write(f"{host}:{port}: {error}\n")
        near.transport.abort()


async def _run(shape: Shape, seed: int, targets: Sequence[str], report: Path) -> None:
    relay = Relay(shape, seed)
    ports = []
    for target in targets:
        host, _, port = target.rpartition(":")
        ports.append(await relay.serve(host, int(port)))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    sys.stdout.write(" ".join(f"tcp://127.0.0.1:{port}" for port in ports) + "\n")
    sys.stdout.flush()
    await stop.wait()
    with report.open("wb") as file:
        relay.clockwork.due_ns.tofile(file)
        relay.clockwork.late_ns.tofile(file)


def main() -> None:
    """Read the command line, relay until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m harness.network.relay", description=__doc__)
    parser.add_argument("target", nargs="+", help="HOST:PORT to relay to")
    parser.add_argument("--rtt", type=float, required=True, help="round trip in seconds")
    parser.add_argument("--jitter", type=float, default=0.0, help="of each way, in seconds")
    parser.add_argument("--bandwidth", type=float, default=0.0, help="bytes per second, 0: any")
    parser.add_argument("--seed", type=int, default=1, help="of the jitter")
    parser.add_argument("--report", type=Path, required=True, help="file for the lateness")
    options = parser.parse_args()
    shape = Shape(
        rtt_ns=round(options.rtt * NS),
        jitter_ns=round(options.jitter * NS),
        ns_per_byte=NS / options.bandwidth if options.bandwidth else 0.0,
    )
    tighten_timer_slack()
    uvloop.run(_run(shape, options.seed, options.target, options.report))


if __name__ == "__main__":
    main()
