"""The frames of a WebSocket (RFC 6455 §5), from the client's side; no input or output.

Text is not checked to be UTF-8: the audit looks at every byte anyway.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct

import numpy as np

from harness.pattern import Deliver

MAX_MESSAGE_BYTES = 2 << 20

# Opcodes and bits of a frame's first byte (§5.2).
CONTINUATION = 0x0
TEXT = 0x1
BINARY = 0x2
CLOSE = 0x8
PING = 0x9
PONG = 0xA
FINAL = 0x80
COMPRESSED = 0x40
_RESERVED = 0x30
_OPCODE = 0x0F
_WHOLE_MESSAGE = frozenset((FINAL | TEXT, FINAL | BINARY))
_MASKED = 0x80
_LENGTH_BYTES = {126: 2, 127: 8}
_MAX_CONTROL_BYTES = 125

_MIDDLE_HEAD = Struct(">BBH")
_LONG_HEAD = Struct(">BBQ")
_FEW_BYTES = 512

Control = Callable[[int, bytes], None]
"""Takes a control frame: its opcode, and its payload."""

Inflate = Callable[[bytes], bytes]
"""Decompresses one message."""


def masked(payload: bytes, key: bytes) -> bytes:
    """Mask ``payload`` with the 4 bytes of ``key``; the same again unmasks it (§5.3)."""
    size = len(payload)
    # One exclusive or of big integers takes 0.8 µs for 256 bytes, but 5 ms for 1 MiB, because
    # the conversions are slow; numpy takes 2 µs and 60 µs.
    if size <= _FEW_BYTES:
        pattern = (key * (size + 3 >> 2))[:size]
        return (int.from_bytes(payload, "little") ^ int.from_bytes(pattern, "little")).to_bytes(
            size, "little"
        )
    words = np.frombuffer(payload + bytes(-size % 4), dtype=np.uint32)
    return (words ^ np.frombuffer(key, dtype=np.uint32)).tobytes()[:size]


def client_frame(first: int, payload: bytes, key: bytes) -> bytes:
    """Put ``payload`` into a frame that begins with the byte ``first``, masked by ``key``."""
    size = len(payload)
    if size <= _MAX_CONTROL_BYTES:
        head = bytes((first, _MASKED | size))
    elif size < 1 << 16:
        head = _MIDDLE_HEAD.pack(first, _MASKED | 126, size)
    else:
        head = _LONG_HEAD.pack(first, _MASKED | 127, size)
    return head + key + masked(payload, key)


class MessageParser:
    """Finds messages in a server's stream of frames."""

    __slots__ = (
        "_compressed",
        "_control",
        "_fragments",
        "_inflate",
        "_message",
        "_missing",
        "_pieces",
    )

    def __init__(self, message: Deliver, control: Control, inflate: Inflate | None = None) -> None:
        """Call ``message`` with each whole message, ``control`` with each control frame.

        ``inflate`` is there if permessage-deflate was agreed on (RFC 7692).
        """
        self._message = message
        self._control = control
        self._inflate = inflate
        self._compressed = False
        self._fragments: list[bytes] = []
        # The beginning of a frame, in the pieces it came in: they are joined once, when the
        # frame is whole, so that a long message is not copied again for every piece.
        self._pieces: list[bytes] = []
        self._missing = 0

    def feed(self, data: bytes) -> None:
        """Take a piece of the stream, hand on what is whole now.

        Raises:
            ValueError: the server breaks the protocol; most likely the stream is out of step.
        """
        if self._pieces:
            self._pieces.append(data)
            self._missing -= len(data)
            if self._missing > 0:
                return
            data = b"".join(self._pieces)
            self._pieces.clear()
        size = len(data)
        message = self._message
        start = 0
        while (end := start + 2) <= size:
            length = data[start + 1]
            body = end
            if length > _MAX_CONTROL_BYTES:
                body = end = end + _length_bytes(length)
                if end > size:
                    break
                length = _checked(int.from_bytes(data[start + 2 : body], "big"))
            end = body + length
            if end > size:
                break
            first = data[start]
            if first in _WHOLE_MESSAGE and not self._fragments:
                message(data[body:end])
            else:
                self._less_usual(first, data[body:end])
            start = end
        if start < size:
            self._pieces.append(data[start:])
            self._missing = end - size

    def _less_usual(self, first: int, payload: bytes) -> None:
        """Take a frame that is compressed, a fragment (§5.4) or for control (§5.5)."""
        opcode = first & _OPCODE
        if first & _RESERVED:
            raise ValueError(f"a WebSocket frame with reserved bits: {first:#x}")
        if opcode >= CLOSE:
            if not first & FINAL or first & COMPRESSED or len(payload) > _MAX_CONTROL_BYTES:
                raise ValueError(f"a control frame that is fragmented or long: {first:#x}")
            self._control(opcode, payload)
            return
        if opcode > BINARY or (opcode == CONTINUATION) != bool(self._fragments):
            raise ValueError(f"a WebSocket frame out of turn: {first:#x}")
        if first & COMPRESSED and (self._inflate is None or opcode == CONTINUATION):
            raise ValueError(f"a WebSocket frame that may not be compressed: {first:#x}")
        if opcode != CONTINUATION:
            self._compressed = bool(first & COMPRESSED)
        self._fragments.append(payload)
        if first & FINAL:
            whole = b"".join(self._fragments)
            self._fragments.clear()
            if self._compressed and self._inflate is not None:
                whole = self._inflate(whole)
            self._message(whole)


def _length_bytes(length: int) -> int:
    if length & _MASKED:
        raise ValueError("a masked frame from a server (§5.1), or the stream is out of step")
    return _LENGTH_BYTES[length]


def _checked(length: int) -> int:
    if length > MAX_MESSAGE_BYTES:
        raise ValueError(f"a frame of {length:,} bytes, limit {MAX_MESSAGE_BYTES:,}")
    return length
