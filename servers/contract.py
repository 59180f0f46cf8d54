"""The words of the HTTP and WebSocket contract that every stack speaks alike."""

from __future__ import annotations

import math

HEARTBEAT = b": heartbeat\n\n"
EVICTED_EVENT = b"event: evicted\ndata: reader fell behind\n\n"

GOING_AWAY = 1001
"""WebSocket close code of a server that shuts down."""
NO_MESSAGE = 1008
"""WebSocket close code for a frame that cannot be a message."""
TRY_AGAIN_LATER = 1013
"""WebSocket close code of an evicted subscriber."""
EVICTED = "evicted"

MODES = ("subscribe", "publish", "join", "echo")
"""``join`` is ``subscribe`` and ``publish`` on one connection."""
BAD_MODE = "mode: give subscribe, publish, join or echo"
BAD_MESSAGE = "a message is one line of UTF-8 text and not empty"
TOO_LONG = "the message is longer than --max-message"


class BadRequest(Exception):
    """What the client sent cannot be understood; the message says what would be right."""


def sse_event(cursor: int, message: bytes) -> bytes:
    """Write one message as a server-sent event."""
    return b"id: %d\ndata: %b\n\n" % (cursor, message)


def as_text(_cursor: int, message: bytes) -> str:
    """Decode one message for a library that wants text frames as ``str``."""
    return message.decode("utf-8", "replace")


def as_bytes(_cursor: int, message: bytes) -> bytes:
    """Leave one message as it is, for a library that sends bytes as text frames."""
    return message


def is_message(body: bytes) -> bool:
    """Whether ``body`` is legal in every framing: an SSE line, a line of text, a text frame."""
    if not body or b"\n" in body or b"\r" in body:
        return False
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def parse_cursor(text: str, name: str = "after") -> int:
    """Read a cursor.

    Raises:
        BadRequest: it is no whole number, or negative.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadRequest(f"{name} {text[:40]!r}: is no cursor; give a whole number from 0")
    return int(text)


def parse_wait(text: str) -> float:
    """Read how many seconds a long poll may wait.

    Raises:
        BadRequest: it is no time.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 3600:
        raise BadRequest(f"wait {text[:40]!r}: is no time; give 0 to 3600 seconds")
    return value
