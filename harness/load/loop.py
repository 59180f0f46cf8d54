"""The event loop of a load process: uvloop that knows how long bytes may have waited for it.

A generator that is itself the bottleneck reads its own queue as the system's latency. Mean CPU
does not show that: 64 subscribers that wake at once are served one after another at 16 % CPU.
So every arrival also records an upper bound on the time that its bytes waited inside of us.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import struct
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

import uvloop

from harness.recording import Traffic

_TCP_INFO_BYTES = 148
_COUNTERS = struct.Struct("=120xQQ2I")
"""tcpi_bytes_acked, tcpi_bytes_received, tcpi_segs_out, tcpi_segs_in of linux/tcp.h."""


class Busy:
    """Knows since when, at the earliest, what is read now can have been waiting.

    A turn of the loop begins with its first callback after a poll. If the loop slept in that
    poll (the kernel counts one more voluntary context switch of this thread), nothing was
    waiting before. If it did not sleep, what it found came after the poll before, whose turn
    kept it waiting.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.since_ns = time.monotonic_ns()
        self.reading = False
        """Whether a client's protocol is being given bytes right now."""
        self.waited_ns = 0
        """While reading: how long these bytes can have waited."""
        self._turn_ns = self.since_ns
        self._in_turn = False
        self._switches = -1
        self._call_soon = loop.call_soon

    def begin(self, now_ns: int) -> None:
        """Note the first callback of a turn; later ones of the turn cost a look."""
        if not self._in_turn:
            self._in_turn = True
            self._call_soon(self._end_turn)
            switches = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
            self.since_ns = self._turn_ns if switches == self._switches else now_ns
            self._switches = switches
            self._turn_ns = now_ns

    def _end_turn(self) -> None:
        self._in_turn = False


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
        begin, receive, clock = busy.begin, inner.data_received, time.monotonic_ns

        def data_received(data: bytes) -> None:
            now_ns = clock()
            begin(now_ns)
            busy.waited_ns = now_ns - busy.since_ns
            busy.reading = True
            try:
                receive(data)
            finally:
                busy.reading = False

        self.data_received = data_received


class LoadLoop(uvloop.Loop):
    """uvloop that notes its turns and remembers its connections for their counters."""

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
        begin, clock = self.busy.begin, time.monotonic_ns

        def ring() -> None:
            begin(clock())
            callback(*args)

        super().add_reader(fd, ring)

    def connections(self) -> int:
        """Count the connections made so far."""
        return len(self._transports)

    def traffic(self, connections: int) -> Mapping[int, Traffic]:
        """Read the kernel's counters of those of the first ``connections`` that are open."""
        found = {}
        for number, transport in enumerate(self._transports[:connections]):
            connection: socket.socket | None = transport.get_extra_info("socket")
            if transport.is_closing() or connection is None:
                continue
            counters = _COUNTERS.unpack(
                connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)[:144]
            )
            found[number] = Traffic(
                bytes_out=counters[0],
                bytes_in=counters[1],
                segments_out=counters[2],
                segments_in=counters[3],
            )
        return found
