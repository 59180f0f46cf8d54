"""Length-prefixed frames: 4 bytes of big-endian length, then the message.

The feed and the floor speak nothing else.
"""

from __future__ import annotations

HEADER_BYTES = 4
EMPTY_FRAME = bytes(HEADER_BYTES)
"""What the floor answers once a subscriber or worker is registered."""


class FrameTooLong(ValueError):
    """A frame announces more bytes than a message may have."""


def frame(message: bytes) -> bytes:
    """Put the length in front of one message."""
    return len(message).to_bytes(HEADER_BYTES, "big") + message


class FrameReader:
    """Cuts one connection's byte stream where its frames end."""

    __slots__ = ("_limit", "_missing", "_parts")

    def __init__(self, max_message: int) -> None:
        """Accept messages of up to ``max_message`` bytes."""
        self._limit = max_message
        self._parts: list[bytes] = []
        self._missing = 0

    def cut(self, data: bytes) -> tuple[bytes, list[int]]:
        """Take what was read; give it back with the ends of the whole frames in it.

        The frames lie one after another from the start; what follows the last end is kept for
        the next call. Without a whole frame the list is empty.

        Raises:
            FrameTooLong: the stream cannot be read any further.
        """
        parts = self._parts
        if parts:
            parts.append(data)
            self._missing -= len(data)
            # Joining only once a frame is whole keeps a long message from being copied anew
            # with each read.
            if self._missing > 0:
                return data, []
            data = b"".join(parts)
            parts.clear()
        ends: list[int] = []
        at = 0
        size = len(data)
        limit = self._limit
        while size - at >= HEADER_BYTES:
            length = int.from_bytes(data[at : at + HEADER_BYTES], "big")
            if length > limit:
                raise FrameTooLong(
                    f"a frame announces {length:,} bytes, --max-message is {limit:,}"
                )
            end = at + HEADER_BYTES + length
            if end > size:
                self._missing = end - size
                break
            ends.append(end)
            at = end
        else:
            self._missing = HEADER_BYTES - (size - at)
        if at < size:
            parts.append(data[at:])
        return data, ends
