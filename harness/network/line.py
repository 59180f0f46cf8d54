"""One direction of one connection: what is on its way, and when it is to come out."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a network does to each direction of each connection."""

    rtt_ns: int
    jitter_ns: int = 0
    """A chunk's way is longer or shorter by up to so much, evenly spread."""
    ns_per_byte: float = 0.0
    """The inverse of the bandwidth; 0 where that is without limit."""

    @property
    def one_way_ns(self) -> int:
        """Half of the round trip."""
        return self.rtt_ns // 2


class Ending(enum.Enum):
    """What comes after the last chunk of a direction."""

    ORDERLY = enum.auto()
    """The source will say no more, and may still listen."""
    BROKEN = enum.auto()
    """The connection is gone."""


class Line:
    """Chunks in their order, each with the time at which it is to be written.

    Order is kept, as TCP keeps it: a chunk that would overtake another comes out with it.
    """

    __slots__ = ("_free_ns", "_last_ns", "_random", "_shape", "bytes", "chunks")

    def __init__(self, shape: Shape, opens_ns: int, random: Callable[[], float]) -> None:
        """Let nothing out before ``opens_ns``; ``random`` gives 0 to 1."""
        self._shape = shape
        self._random = random
        self._last_ns = opens_ns
        self._free_ns = 0
        self.bytes = 0
        """How many are on their way."""
        self.chunks: deque[tuple[int, bytes | Ending]] = deque()
        """When each is due, and what it is."""

    def put(self, chunk: bytes | Ending, now_ns: int) -> None:
        """Send ``chunk`` on its way."""
        shape = self._shape
        begins_ns = now_ns
        weight = 0 if isinstance(chunk, Ending) else len(chunk)
        if shape.ns_per_byte and weight:
            begins_ns = max(now_ns, self._free_ns) + int(weight * shape.ns_per_byte)
            self._free_ns = begins_ns
        due_ns = begins_ns + shape.one_way_ns
        if shape.jitter_ns:
            due_ns += int((2 * self._random() - 1) * shape.jitter_ns)
        if due_ns < self._last_ns:
            due_ns = self._last_ns
        self._last_ns = due_ns
        self.chunks.append((due_ns, chunk))
        self.bytes += weight

    def take(self) -> bytes | Ending:
        """Take the chunk that is due first."""
        _, chunk = self.chunks.popleft()
        if not isinstance(chunk, Ending):
            self.bytes -= len(chunk)
        return chunk
