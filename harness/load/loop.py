"""The event loop of a load process: uvloop that knows since when it has been busy.

A generator that is itself the bottleneck reads its own queue as the system's latency. Mean CPU
does not show that: 64 subscribers that wake at once are served one after another at 16 % CPU.
So every arrival also records for how long the loop had been busy without a pause: an upper
bound on the time that its bytes may have waited for us.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import struct
import time
from collections.abc import Callable
from typing import Any, cast

import uvloop

from harness.recording import Traffic

_TCP_INFO_BYTES = 148
_COUNTERS = struct.Struct("=120xQQ2I")
"""tcpi_bytes_acked, tcpi_bytes_received, tcpi_segs_out, tcpi_segs_in of linux/tcp.h."""


class Busy:
    """Knows when the loop last woke from a real sleep.

    The loop slept if the kernel counts one more voluntary context switch of this thread; a poll
    that found work at once continues the busy period, because that work had been waiting.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.since_ns = time.monotonic_ns()
        self._noted = False
        self._switches = -1
        self._call_soon = loop.call_soon

    def begin(self) -> None:
        """Note the first callback of a turn of the loop; later ones of the turn cost a look."""
        if not self._noted:
            now = time.monotonic_ns()
            self._noted = True
            self._call_soon(self._end_of_turn)
            switches = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
            if switches != self._switches:
                self._switches = switches
                self.since_ns = now

    def _end_of_turn(self) -> None:
        self._noted = False


class _Watched:
    """Stands before a client's protocol and notes when bytes wake the loop.

    All but ``data_received`` is the client's own bound method, so that it costs nothing.
    """

    def __init__(self, inner: asyncio.Protocol, busy: Busy) -> None:
        self.connection_made = inner.connection_made
        self.connection_lost = inner.connection_lost
        self.pause_writing = inner.pause_writing
        self.resume_writing = inner.resume_writing
        self.eof_received = inner.eof_received
        begin, receive = busy.begin, inner.data_received

        def data_received(data: bytes) -> None:
            begin()
            receive(data)

        self.data_received = data_received


class LoadLoop(uvloop.Loop):
    """uvloop that notes busy periods and remembers its connections for their counters."""

    def __init__(self) -> None:
        super().__init__()
        self.busy = Busy(self)
        self._transports: list[asyncio.Transport] = []

    async def create_connection(  # type: ignore[override]
        self, protocol_factory: Callable[[], asyncio.Protocol], *args: Any, **options: Any
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """Connect as uvloop does, with the busy watch before the protocol."""
        made: list[asyncio.Protocol] = []

        def watched() -> asyncio.Protocol:
            made.append(protocol_factory())
            return cast(asyncio.Protocol, _Watched(made[0], self.busy))

        connect: Any = super().create_connection
        transport, _ = await connect(watched, *args, **options)
        self._transports.append(transport)
        return transport, made[0]

    def add_reader(  # type: ignore[override]
        self, fd: Any, callback: Callable[..., Any], *args: Any
    ) -> None:
        """Watch a descriptor (the pacer's timer) as uvloop does, noting that it woke the loop."""
        begin = self.busy.begin

        def ring() -> None:
            begin()
            callback(*args)

        super().add_reader(fd, ring)

    def connections(self) -> int:
        """Count the connections made so far."""
        return len(self._transports)

    def traffic(self, connections: int) -> Traffic:
        """Sum the kernel's counters of the first ``connections`` that are still open."""
        acked = received = segments_out = segments_in = 0
        for transport in self._transports[:connections]:
            connection: socket.socket | None = transport.get_extra_info("socket")
            if transport.is_closing() or connection is None:
                continue
            counters = _COUNTERS.unpack(
                connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)[:144]
            )
            acked += counters[0]
            received += counters[1]
            segments_out += counters[2]
            segments_in += counters[3]
        return Traffic(
            bytes_in=received,
            bytes_out=acked,
            segments_in=segments_in,
            segments_out=segments_out,
        )
