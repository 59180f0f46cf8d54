"""The event loop of a load process: uvloop that knows how long bytes may have waited for it.

A generator that is itself the bottleneck reads its own queue as the system's latency. Mean CPU
does not show that: 64 subscribers that wake at once are served one after another at 16 % CPU.
So of every arrival an upper bound is known on the time that its bytes waited inside of us.
"""

from __future__ import annotations

import asyncio
import ctypes
import resource
import socket
import struct
import time
from array import array
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
import uvloop

from harness.recording import Ints, Traffic

_TCP_INFO_BYTES = 148
_COUNTERS = struct.Struct("=120xQQ2I")
"""tcpi_bytes_acked, tcpi_bytes_received, tcpi_segs_out, tcpi_segs_in of linux/tcp.h."""

Receive = Callable[[bytes], None]


_libc = ctypes.CDLL(None)
_OFF = ctypes.byref(ctypes.c_int(0))
_CONNECTIONS_AT_ONCE = 128
"""Whose acknowledgements are put off in one go: 0.1 ms."""


class Turns:
    """Remembers the turns of the loop, and since when what each one read can have been waiting.

    A turn of the loop begins with its first callback after a poll. If the loop slept in that
    poll (between the ends of two turns, in which clients do not block, the kernel counts one more
    voluntary context switch of this thread), nothing was waiting before. If it did not sleep, what
    it found came after the poll before, whose turn kept it waiting.
    """

    __slots__ = (
        "_begun_ns",
        "_call_soon",
        "_switches",
        "_waiting_since_ns",
        "reading_since_ns",
        "under_way",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.under_way = False
        """Whether the turn's first callback has been: looked at on every message's way."""
        self.reading_since_ns = 0
        """When a client's protocol was given the bytes that it handles now; 0: it handles none."""
        begun_ns = time.monotonic_ns()
        self._begun_ns = array("q", [begun_ns])
        self._waiting_since_ns = array("q", [begun_ns])
        self._switches = -1
        self._call_soon = loop.call_soon

    def begin(self) -> None:
        """Note that a turn begins, with a callback that was not yet called."""
        now_ns = time.monotonic_ns()
        self.under_way = True
        self._call_soon(self._end)
        self._waiting_since_ns.append(self._begun_ns[-1])
        self._begun_ns.append(now_ns)

    def _end(self) -> None:
        # Asked for only now: what a protocol delivers would have to wait for the answer.
        switches = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
        if switches != self._switches:
            self._switches = switches
            self._waiting_since_ns[-1] = self._begun_ns[-1]
        self.under_way = False

    def watched(self, receive: Receive) -> Receive:
        """Give ``receive`` the same bytes, and note when."""
        clock = time.monotonic_ns

        def data_received(data: bytes) -> None:
            if not self.under_way:
                self.begin()
            self.reading_since_ns = clock()
            try:
                receive(data)
            finally:
                self.reading_since_ns = 0

        return data_received

    def waited_ns(self, until_ns: Ints) -> Ints:
        """Give how long, at most, what was taken at these moments was waiting for the loop."""
        turn = (
            np.searchsorted(np.frombuffer(self._begun_ns, dtype=np.int64), until_ns, side="right")
            - 1
        )
        waited: Ints = until_ns - np.frombuffer(self._waiting_since_ns, dtype=np.int64)[turn]
        return waited


class _Watched:
    """Stands before a client's protocol; every function is the client's own but one."""

    def __init__(self, inner: asyncio.Protocol, turns: Turns) -> None:
        self.connection_made = inner.connection_made
        self.connection_lost = inner.connection_lost
        self.pause_writing = inner.pause_writing
        self.resume_writing = inner.resume_writing
        self.eof_received = inner.eof_received
        self.data_received = turns.watched(inner.data_received)


class LoadLoop(uvloop.Loop):
    """uvloop that notes its turns and remembers its connections for their counters."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = Turns(self)
        self._transports: list[asyncio.Transport] = []
        self._descriptors: list[int] = []
        self._next = 0

    async def create_connection(  # type: ignore[override]
        self, protocol_factory: Callable[[], asyncio.Protocol], *args: Any, **options: Any
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """Connect as uvloop does, with the watch over turns before the protocol."""
        connect: Any = super().create_connection
        made, watched = self._watched(protocol_factory)
        transport, _ = await connect(watched, *args, **options)
        self._transports.append(transport)
        self._descriptors.append(transport.get_extra_info("socket").fileno())
        return transport, made[0]

    async def create_unix_connection(  # type: ignore[override]
        self, protocol_factory: Callable[[], asyncio.Protocol], *args: Any, **options: Any
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """Connect through a socket file under the same watch; the kernel counts nothing there."""
        connect: Any = super().create_unix_connection
        made, watched = self._watched(protocol_factory)
        transport, _ = await connect(watched, *args, **options)
        return transport, made[0]

    def _watched(
        self, protocol_factory: Callable[[], asyncio.Protocol]
    ) -> tuple[list[asyncio.Protocol], Callable[[], asyncio.Protocol]]:
        """Give a factory of protocols under watch, and where it puts those behind."""
        made: list[asyncio.Protocol] = []

        def watched() -> asyncio.Protocol:
            made.append(protocol_factory())
            return cast(asyncio.Protocol, _Watched(made[0], self.turns))

        return made, watched

    def add_reader(  # type: ignore[override]
        self, fd: Any, callback: Callable[..., Any], *args: Any
    ) -> None:
        """Watch a descriptor (the pacer's timer) as uvloop does, noting that it woke the loop."""
        turns = self.turns

        def ring() -> None:
            if not turns.under_way:
                turns.begin()
            callback(*args)

        super().add_reader(fd, ring)

    def delay_acks(self) -> None:
        """Ask the kernel not to acknowledge at once what these connections read.

        It would in each read (tcp_cleanup_rbuf), which makes a message cost a receiver that only
        listens 4 µs more of 12. The kernel returns to that by itself after a pause of 40 ms, so
        this is called again and again, for some connections at a time.
        """
        count = len(self._transports)
        for number in range(self._next, self._next + min(count, _CONNECTIONS_AT_ONCE)):
            transport = self._transports[number % count]
            if not transport.is_closing():
                _libc.setsockopt(
                    self._descriptors[number % count],
                    socket.IPPROTO_TCP,
                    socket.TCP_QUICKACK,
                    _OFF,
                    ctypes.sizeof(ctypes.c_int),
                )
        self._next = (self._next + _CONNECTIONS_AT_ONCE) % max(1, count)

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
