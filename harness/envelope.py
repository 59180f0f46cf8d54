"""The one message of every pattern: fixed-width ASCII that is read by slicing.

====== ===== =====================================================================
offset width field
====== ===== =====================================================================
0      4     publisher, hexadecimal
4      10    sequence number within that publisher, from 0, hexadecimal
14     16    due time in nanoseconds of CLOCK_MONOTONIC, hexadecimal
30     8     checksum: CRC-32 of the padding, continued over the 30 bytes before it
38     …     padding up to the payload size
====== ===== =====================================================================

The text is legal as it stands in a JSON string, an SSE ``data:`` line, a WebSocket text
frame, a line of newline-separated text and a Redis bulk string.

The checksum runs over the padding first, so that a publisher whose paddings are prepared
computes 30 bytes a message, whatever the payload.
"""

from __future__ import annotations

from typing import NamedTuple
from zlib import crc32

PUBLISHER = slice(0, 4)
SEQUENCE = slice(4, 14)
DUE = slice(14, 30)
KEY = slice(0, 30)
"""Publisher, sequence and due time: all that identifies a message."""
CHECKSUM = slice(30, 38)
HEADER_BYTES = 38
MIN_PAYLOAD_BYTES = 64
MAX_PAYLOAD_BYTES = 1 << 20
MAX_PUBLISHERS = 1 << 16


class Envelope(NamedTuple):
    """One message, read: publisher, sequence number, due time in ns, and whether it is intact."""

    publisher: int
    sequence: int
    due_ns: int
    intact: bool


def pack(publisher: int, sequence: int, due_ns: int, padding: bytes, padding_crc: int) -> bytes:
    """Build one message; ``padding_crc`` is ``crc32(padding)``, computed once by the caller."""
    key = b"%04x%010x%016x" % (publisher, sequence, due_ns)
    return b"%b%08x%b" % (key, crc32(key, padding_crc), padding)


def is_intact(message: bytes) -> bool:
    """Whether the checksum agrees with all other bytes."""
    expected = crc32(message[KEY], crc32(memoryview(message)[HEADER_BYTES:]))
    return message[CHECKSUM] == b"%08x" % expected


def unpack(message: bytes) -> Envelope:
    """Read one message.

    Raises:
        ValueError: the bytes are no envelope at all (too short, or no hexadecimal header).
    """
    if len(message) < HEADER_BYTES:
        raise ValueError(f"{len(message)} bytes are too short for an envelope of {HEADER_BYTES}")
    return Envelope(
        int(message[PUBLISHER], 16),
        int(message[SEQUENCE], 16),
        int(message[DUE], 16),
        is_intact(message),
    )
