"""Raw stamps on the hot path, made into arrays afterwards.

On the path of a message there are list appends and nothing else (about 20 ns each). Headers are
decoded and checksums compared later, block by block in numpy. Only when the messages kept would
outgrow the budget is the oldest block folded on the spot.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from zlib import crc32

import numpy as np

from harness.envelope import CHECKSUM, HEADER_BYTES, KEY, PUBLISHER, SEQUENCE
from harness.load.loop import Turns
from harness.pattern import Deliver, Sent
from harness.recording import NEVER, Delivered, Ints

_BUDGET_BYTES = 128 << 20
_OVERHEAD_BYTES = 120
_BLOCK = 256


class Arrivals:
    """What the receivers of one load process got: who, when, and which message.

    One set of lists for all: what 64 subscribers touch anew for each of their messages is cold
    in the cache, and is most of what a message costs them.
    """

    def __init__(self, payload: int, turns: Turns) -> None:
        self._turns = turns
        self._reading_since_ns: list[int] = []
        self._receiver: list[int] = []
        self._received_ns: list[int] = []
        self._messages: list[bytes] = []
        self._folded: list[tuple[Ints, Ints]] = []
        self._most_kept = max(_BLOCK, _BUDGET_BYTES // (payload + _OVERHEAD_BYTES))

    def __len__(self) -> int:
        return len(self._received_ns)

    @property
    def last_ns(self) -> int:
        """When the last one came; 0 before the first."""
        return self._received_ns[-1] if self._received_ns else 0

    def longest_gap_ns(self) -> int:
        """Give the longest time that a receiver was without an arrival between two."""
        receiver = np.array(self._receiver, dtype=np.int64)
        received_ns = np.array(self._received_ns, dtype=np.int64)
        order = np.argsort(receiver, kind="stable")
        gaps = np.diff(received_ns[order])
        return int(gaps.max(initial=0, where=np.diff(receiver[order]) == 0))

    def delivers(self, receivers: Iterable[int]) -> list[Deliver]:
        """Make, for each receiver, the function that its client calls once a message."""
        clock, turns = time.monotonic_ns, self._turns
        most, messages, fold = self._most_kept, self._messages, self._fold
        who, stamp, keep = self._receiver.append, self._received_ns.append, messages.append
        read = self._reading_since_ns.append

        def made_for(receiver: int) -> Deliver:
            def deliver(message: bytes) -> None:
                stamp(clock())
                read(turns.reading_since_ns)
                who(receiver)
                keep(message)
                if len(messages) > most:
                    fold()

            return deliver

        return [made_for(receiver) for receiver in receivers]

    def settled(self, *, by_any: bool) -> int:
        """Count what was owed and has come, repetitions once; takes milliseconds.

        With ``by_any`` (work queue) a message is owed once, and not once to each receiver. What
        is not intact cannot be told apart and counts as often as it came.
        """
        self._fold_all()
        publisher, sequence = _joined(self._folded)
        intact = sequence != NEVER
        names = (publisher << 32 | sequence).astype(np.uint64)
        if not by_any:
            names |= np.array(self._receiver, dtype=np.uint64) << np.uint64(48)
        return len(np.unique(names[intact])) + int(np.count_nonzero(~intact))

    def _fold_all(self) -> None:
        while self._messages:
            self._fold()

    def _fold(self) -> None:
        block = self._messages[:_BLOCK]
        del self._messages[:_BLOCK]
        self._folded.append(identify(block))

    def table(self, *, lag: bool) -> Delivered:
        """Read all that was kept; without ``lag``, nothing is held to have waited for us.

        A client that delivers while it is given the bytes (``wire``) made them wait until then;
        one that delivers later, from a task (``library``), until it delivers.
        """
        self._fold_all()
        received_ns = np.array(self._received_ns, dtype=np.int64)
        read_ns = np.array(self._reading_since_ns, dtype=np.int64)
        until_ns = np.where(read_ns == 0, received_ns, read_ns)
        publisher, sequence = _joined(self._folded)
        return Delivered(
            receiver=np.array(self._receiver, dtype=np.int64),
            publisher=publisher,
            sequence=sequence,
            received_ns=received_ns,
            lag_ns=self._turns.waited_ns(until_ns) if lag else np.zeros_like(until_ns),
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
