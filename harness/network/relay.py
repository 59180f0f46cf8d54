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
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import cast

import uvloop

from harness.network.clockwork import Clockwork, Way
from harness.network.line import NS, Ending, Line, Shape
from harness.timerfd import tighten_timer_slack

_WINDOW_BYTES = 4 << 20
"""What may be on its way in one direction without a limit of bandwidth: as a tuned TCP allows."""


class TcpEnd(asyncio.Protocol):
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
        self._out.source = self._back.target = self
        self._back.go_on()

    def data_received(self, data: bytes) -> None:
        """Send it on its way."""
        self._out.put(data)

    def eof_received(self) -> bool:
        """Pass the end on; the other direction may go on."""
        self._ended = True
        self._out.put(Ending.ORDERLY)
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
        """Take nothing more; where the connection broke, so does the other one, in its turn."""
        self._back.break_off()
        if not (self._ended and self._finished):
            self._out.put(Ending.BROKEN)

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

    def _accept(self, host: str, port: int) -> TcpEnd:
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
        near = TcpEnd(forth, back)
        task = asyncio.get_running_loop().create_task(
            _connect(near, TcpEnd(back, forth), host, port)
        )
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        return near


async def _connect(near: TcpEnd, far: TcpEnd, host: str, port: int) -> None:
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
    clockwork = relay.clockwork
    with report.open("wb") as file:
        array("q", (len(clockwork.due_ns), clockwork.unrecorded)).tofile(file)
        clockwork.due_ns.tofile(file)
        clockwork.late_ns.tofile(file)


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
