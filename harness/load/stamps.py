"""Raw stamps on the hot path, made into arrays afterwards.

On the path of a message there are list appends and nothing else (about 20 ns each). Headers are
decoded and checksums compared later, block by block in numpy. Only when the messages kept would
outgrow the budget is the oldest block folded on the spot.
"""

from __future__ import annotations

import time
from zlib import crc32

import numpy as np

from harness.envelope import CHECKSUM, HEADER_BYTES, KEY, PUBLISHER, SEQUENCE
from harness.load.loop import Busy
from harness.pattern import Deliver, Sent
from harness.recording import NEVER, Delivered, Ints

_BUDGET_BYTES = 128 << 20
_OVERHEAD_BYTES = 120
_BLOCK = 256


class Arrivals:
    """What one receiver got: when, how long its bytes can have waited for us, and the message.

    A client that delivers while it is given the bytes (``wire``) tells that wait exactly. One
    that delivers later, from a task (``library``), is charged all the time since, unless it has
    the loop for itself: then it waits for nothing but its own work, which is what an
    application would see of that library.
    """

    def __init__(self, receiver: int, busy: Busy, payload: int, receivers: int) -> None:
        self.receiver = receiver
        self._busy = busy
        self._alone = receivers == 1
        self._received_ns: list[int] = []
        self._lag_ns: list[int] = []
        self._messages: list[bytes] = []
        self._folded: list[tuple[Ints, Ints]] = []
        per_receiver = _BUDGET_BYTES // receivers
        self._most_kept = max(2, per_receiver // (payload + _OVERHEAD_BYTES))
        self._block = max(1, min(_BLOCK, self._most_kept // 2))

    def __len__(self) -> int:
        return len(self._received_ns)

    def longest_gap_ns(self) -> int:
        """Give the longest time without an arrival between the first and the last."""
        return int(np.diff(np.array(self._received_ns, dtype=np.int64)).max(initial=0))

    def deliver(self) -> Deliver:
        """Make the function that a client calls once a message."""
        clock = time.monotonic_ns
        busy, most, messages, fold = self._busy, self._most_kept, self._messages, self._fold
        alone = self._alone
        stamp, lag, keep = self._received_ns.append, self._lag_ns.append, messages.append

        def deliver(message: bytes) -> None:
            now_ns = clock()
            stamp(now_ns)
            if busy.reading:
                lag(busy.waited_ns)
            else:
                lag(0 if alone else now_ns - busy.since_ns)
            keep(message)
            if len(messages) > most:
                fold()

        return deliver

    def _fold(self) -> None:
        block = self._messages[: self._block]
        del self._messages[: self._block]
        self._folded.append(identify(block))

    def table(self) -> Delivered:
        """Read all that was kept."""
        while self._messages:
            self._fold()
        received_ns = np.array(self._received_ns, dtype=np.int64)
        publisher, sequence = _joined(self._folded)
        return Delivered(
            receiver=np.full(len(received_ns), self.receiver, dtype=np.int64),
            publisher=publisher,
            sequence=sequence,
            received_ns=received_ns,
            lag_ns=np.array(self._lag_ns, dtype=np.int64),
        )


class Handovers:
    """When which message was handed to the transport."""

    def __init__(self) -> None:
        self._sent_ns: list[int] = []
        self._keys: list[bytes] = []

    def sent(self) -> Sent:
        """Make the function that a publisher calls as it hands a message to the transport."""
        clock = time.monotonic_ns
        stamp, keep = self._sent_ns.append, self._keys.append

        def sent(message: bytes) -> None:
            stamp(clock())
            keep(message[KEY])

        return sent

    def table(self) -> tuple[Ints, Ints, Ints]:
        """Give publisher, sequence and sent_ns, in order of handing over."""
        publisher, sequence = _decoded(b"".join(self._keys), KEY.stop)
        return publisher, sequence, np.array(self._sent_ns, dtype=np.int64)


def identify(messages: list[bytes]) -> tuple[Ints, Ints]:
    """Read publisher and sequence of each message; ``NEVER`` where it is not intact."""
    intact = np.fromiter(
        (
            message[CHECKSUM] == b"%08x" % crc32(message[KEY], crc32(message[HEADER_BYTES:]))
            for message in messages
        ),
        dtype=bool,
        count=len(messages),
    )
    blank = b"0" * KEY.stop
    keys = [message[KEY] if fine else blank for message, fine in zip(messages, intact, strict=True)]
    publisher, sequence = _decoded(b"".join(keys), KEY.stop)
    publisher[~intact] = NEVER
    sequence[~intact] = NEVER
    return publisher, sequence


def _decoded(text: bytes, width: int) -> tuple[Ints, Ints]:
    digits = _DIGITS[np.frombuffer(text, dtype=np.uint8).reshape(-1, width)]
    return _number(digits[:, PUBLISHER]), _number(digits[:, SEQUENCE])


def _number(digits: Ints) -> Ints:
    powers = 16 ** np.arange(digits.shape[1] - 1, -1, -1, dtype=np.int64)
    number: Ints = digits @ powers
    return number


def _joined(blocks: list[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    if not blocks:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    return (
        np.concatenate([publisher for publisher, _ in blocks]),
        np.concatenate([sequence for _, sequence in blocks]),
    )


_DIGITS = np.zeros(256, dtype=np.int64)
_DIGITS[np.frombuffer(b"0123456789abcdef", dtype=np.uint8)] = np.arange(16)
