"""One direction of one connection: what is on its way, and when it is to come out."""

from __future__ import annotations

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
        self.chunks: deque[tuple[int, bytes | None]] = deque()
        """When each is due, and what it is: None for the end of the direction."""

    def put(self, chunk: bytes | None, now_ns: int) -> None:
        """Send ``chunk`` on its way."""
        shape = self._shape
        begins_ns = now_ns
        if shape.ns_per_byte and chunk:
            begins_ns = max(now_ns, self._free_ns) + int(len(chunk) * shape.ns_per_byte)
            self._free_ns = begins_ns
        due_ns = begins_ns + shape.one_way_ns
        if shape.jitter_ns:
            due_ns += int((2 * self._random() - 1) * shape.jitter_ns)
        if due_ns < self._last_ns:
            due_ns = self._last_ns
        self._last_ns = due_ns
        self.chunks.append((due_ns, chunk))
        if chunk:
            self.bytes += len(chunk)

    def take(self) -> bytes | None:
        """Take the chunk that is due first."""
        _, chunk = self.chunks.popleft()
        if chunk:
            self.bytes -= len(chunk)
        return chunk
