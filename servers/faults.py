"""Known faults: which message gets which, an ordered stream that applies them, and a log of them.

What was really done is stamped by the monotonic clock, message by message, so that a
measurement can be held against it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from harness.envelope import PUBLISHER, SEQUENCE
from servers.timetable import Timetable

DROP = "drop"
DUPLICATE = "duplicate"
SWAP = "swap"
CORRUPT = "corrupt"
FAULTS = (DROP, DUPLICATE, SWAP, CORRUPT)

_PARTNER_TIMEOUT_S = 1.0
"""How long a message to be swapped waits for the next one of its publisher."""
_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which message gets which fault and which delay; a pure function of its envelope.

    ``drop``, ``duplicate``, ``swap`` and ``corrupt`` take every so many-th message of each
    publisher, 0 none. Their residues differ, so that equal periods of 10 or more never coincide;
    where different periods do, the earlier of swap, drop, duplicate and corrupt is applied, and
    the message behind a swapped one is left alone.
    """

    delay_ns: int = 0
    slow_delay_ns: int = 0
    slow_fraction: float = 0.0
    """The share of messages that get ``slow_delay_ns`` instead of ``delay_ns``."""
    seed: int = 1
    drop: int = 0
    duplicate: int = 0
    swap: int = 0
    corrupt: int = 0

    def fault(self, sequence: int) -> str | None:
        """Name the fault of the message with that sequence number."""
        if _hits(self.swap, 5, sequence):
            return SWAP
        if _hits(self.swap, 5, sequence - 1):
            return None
        if _hits(self.drop, 1, sequence):
            return DROP
        if _hits(self.duplicate, 3, sequence):
            return DUPLICATE
        if _hits(self.corrupt, 8, sequence):
            return CORRUPT
        return None

    def delay(self, publisher: int, sequence: int) -> int:
        """Give the delay of a message, in ns."""
        if self.slow_fraction:
            digest = blake2b(b"%d %d %d" % (self.seed, publisher, sequence), digest_size=8).digest()
            if int.from_bytes(digest, "big") < self.slow_fraction * 2.0**64:
                return self.slow_delay_ns
        return self.delay_ns


@dataclass(slots=True, kw_only=True)
class Entry:
    """What was done to one message; times in ns of CLOCK_MONOTONIC."""

    publisher: int
    sequence: int
    received_ns: int
    """When the server had the whole message."""
    fault: str | None
    handed_on_ns: int | None = None
    """When it first went on to the fan-out or was replied; None if it never was."""

    def stamp(self) -> None:
        """Note that the message is handed on now."""
        if self.handed_on_ns is None:
            self.handed_on_ns = time.monotonic_ns()


class FaultLog:
    """What was done to all messages of a server's life."""

    def __init__(self, path: Path | None) -> None:
        """Keep entries only if there is a ``path`` to write them to."""
        self._path = path
        self._entries: list[Entry] = []

    def enter(self, entry: Entry) -> None:
        """Add one message."""
        if self._path is not None:
            self._entries.append(entry)

    def write(self) -> None:
        """Write the file, whole or not at all.

        Raises:
            OSError: the path cannot be written to.
        """
        if self._path is None:
            return
        faults = Counter(entry.fault for entry in self._entries if entry.fault is not None)
        document = {
            "totals": {
                "received": len(self._entries),
                "handed_on": sum(entry.handed_on_ns is not None for entry in self._entries),
                **{fault: faults[fault] for fault in FAULTS},
            },
            "messages": [_record(entry) for entry in self._entries],
        }
        partial = self._path.with_name(self._path.name + ".partial")
        partial.write_text(json.dumps(document))
        partial.replace(self._path)


def read_envelope(message: bytes, plan: Plan) -> tuple[Entry | None, int]:
    """Start the entry of a message received now, and give its delay in ns.

    What is no envelope has no entry and no delay.
    """
    received_ns = time.monotonic_ns()
    try:
        publisher = int(message[PUBLISHER], 16)
        sequence = int(message[SEQUENCE], 16)
    except ValueError:
        return None, 0
    entry = Entry(
        publisher=publisher,
        sequence=sequence,
        received_ns=received_ns,
        fault=plan.fault(sequence),
    )
    return entry, plan.delay(publisher, sequence)


def corrupted(message: bytes) -> bytes:
    """Change the last byte, which is padding wherever there is any."""
    return message[:-1] + (b"1" if message.endswith(b"0") else b"0")


class Line:
    """An ordered stream: a message is due after its delay, but not before the one ahead of it."""

    def __init__(
        self,
        plan: Plan,
        fault_log: FaultLog,
        timetable: Timetable,
        hand_on: Callable[[bytes], object],
    ) -> None:
        """Pass to ``hand_on`` what is put in, with the plan's faults."""
        self._plan = plan
        self._fault_log = fault_log
        self._timetable = timetable
        self._hand_on = hand_on
        self._waiting: deque[tuple[int, bytes, Entry | None]] = deque()
        self._last_due = 0
        self._held: dict[int, tuple[bytes, Entry, int, asyncio.TimerHandle]] = {}

    def put(self, message: bytes) -> None:
        """Take a message that was received now."""
        entry, delay = read_envelope(message, self._plan)
        if entry is None:
            self._enqueue(message, None, time.monotonic_ns())
            return
        self._fault_log.enter(entry)
        fault = entry.fault
        due = entry.received_ns + delay
        if fault == DROP:
            return
        if fault == SWAP:
            self._hold(message, entry, due)
            return
        self._enqueue(corrupted(message) if fault == CORRUPT else message, entry, due)
        if fault == DUPLICATE:
            self._enqueue(message, entry, due)
        if entry.publisher in self._held:
            held, swapped, held_due, timer = self._held.pop(entry.publisher)
            timer.cancel()
            self._enqueue(held, swapped, held_due)

    def _hold(self, message: bytes, entry: Entry, due: int) -> None:
        def give_up() -> None:
            del self._held[entry.publisher]
            entry.fault = None
            self._enqueue(message, entry, due)

        timer = asyncio.get_running_loop().call_later(_PARTNER_TIMEOUT_S, give_up)
        self._held[entry.publisher] = (message, entry, due, timer)

    def _enqueue(self, message: bytes, entry: Entry | None, due: int) -> None:
        self._last_due = due = max(due, self._last_due)
        if not self._waiting and due <= time.monotonic_ns():
            self._pass(message, entry)
            return
        self._waiting.append((due, message, entry))
        if len(self._waiting) == 1:
            self._timetable.at(due, self._next)

    def _next(self) -> None:
        _, message, entry = self._waiting.popleft()
        if self._waiting:
            self._timetable.at(self._waiting[0][0], self._next)
        self._pass(message, entry)

    def _pass(self, message: bytes, entry: Entry | None) -> None:
        if entry is not None:
            entry.stamp()
        self._hand_on(message)


def _hits(period: int, residue: int, sequence: int) -> bool:
    return period > 0 and sequence >= 0 and sequence % period == residue % period


def _record(entry: Entry) -> dict[str, int | str | None]:
    handed_on = entry.handed_on_ns
    return {
        "publisher": entry.publisher,
        "sequence": entry.sequence,
        "received_ns": entry.received_ns,
        "handed_on_ns": handed_on,
        "applied_ns": None if handed_on is None else handed_on - entry.received_ns,
        "fault": entry.fault,
    }
