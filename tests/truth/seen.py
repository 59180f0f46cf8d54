"""A run whose servers may be known to misbehave: its result, its ledger, what the server tells."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from harness.machine import Machine
from harness.measure.ledger import Ledger, ledger
from harness.observe import Live, observe
from harness.pattern import Pattern, ServerSpec
from harness.plan import plan
from harness.process.scratch import private_directory
from harness.recording import NEVER, Ints
from harness.registry import load
from harness.result import Result
from harness.run import conclude
from harness.series import disturbed, until_undisturbed
from harness.workload import Workload

_RANK_BITS = 40
OnStart = Callable[[Live], None]
_Seen = TypeVar("_Seen", bound="Seen")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Told:
    """What the truth server stamped, one row for each message of the run's ledger."""

    received_ns: Ints
    """``NEVER`` where the server had no such message."""
    handed_on_ns: Ints
    """``NEVER`` where it was never passed on."""
    totals: Mapping[str, int]
    """Messages received and handed on, and how many met each fault."""

    @property
    def applied_ns(self) -> Ints:
        """How long the server kept each message; only of those it handed on."""
        applied: Ints = self.handed_on_ns - self.received_ns
        return applied


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """One run."""

    result: Result
    book: Ledger

    @property
    def disturbed(self) -> bool:
        """Whether the run may owe its doubts to the machine."""
        return disturbed(self.result)

    @property
    def service_ns(self) -> Ints:
        """Received − released of the window's arrivals, in order of arrival."""
        return self.book.since(self.book.messages.released_ns)

    @property
    def timed(self) -> Ints:
        """The message of each of these arrivals."""
        arrivals = self.book.arrivals
        rows: Ints = arrivals.message[arrivals.timed]
        return rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Held(Seen):
    """One run against the truth server."""

    told: Told


def watch(
    pattern: Pattern,
    workload: Workload,
    machine: Machine,
    on_start: OnStart = lambda _live: None,
) -> Seen:
    """Measure one run as ``harness.run`` does, and keep what it was concluded from."""
    planned = plan(pattern, workload, machine)
    seen = observe(planned, workload, on_start=on_start)
    return Seen(
        result=conclude(pattern, workload, machine, str(planned), seen),
        book=ledger(seen.recording, workload, *seen.window_ns),
    )


def hold(name: str, workload: Workload, machine: Machine, *faults: str) -> Held:
    """Measure the pattern ``name`` against the truth server with ``faults``."""
    with private_directory() as scratch:
        path = Path(scratch) / "faults.json"
        pattern = replace(
            load(name), servers=lambda _workload: (_truth_server(name, path, faults),)
        )
        seen = watch(pattern, workload, machine)
        told = _told(path, seen.book)
    return Held(result=seen.result, book=seen.book, told=told)


def undisturbed(run: Callable[[], _Seen]) -> _Seen:
    """Run once, and again while the machine disturbs it, as a series does."""
    seen, _ = until_undisturbed(run, lambda seen: seen.disturbed)
    return seen


def _truth_server(name: str, path: Path, faults: tuple[str, ...]) -> ServerSpec:
    argv = ("{python}", "-m", "servers.truth", "--port", "0", "--feed-port", "0")
    if name == "floor":
        return ServerSpec(
            name="truth",
            argv=(*argv, "--stack", "floor", "--fault-log", str(path), *faults),
            roles=("tcp", "feed"),
        )
    return ServerSpec(
        name="truth", argv=(*argv, "--fault-log", str(path), *faults), roles=("http", "feed")
    )


def _told(path: Path, book: Ledger) -> Told:
    """Read the server's fault log into the order of ``book``'s messages."""
    document = json.loads(path.read_text())
    entries = document["messages"]
    messages = book.messages
    received_ns = np.full(len(messages), NEVER, dtype=np.int64)
    handed_on_ns = np.full(len(messages), NEVER, dtype=np.int64)
    names = messages.publisher << _RANK_BITS | messages.sequence
    told = np.array(
        [entry["publisher"] << _RANK_BITS | entry["sequence"] for entry in entries], dtype=np.int64
    )
    rows = np.searchsorted(names, told)
    if not np.array_equal(names[np.minimum(rows, len(names) - 1)], told):
        raise ValueError("the server tells of messages that were never published")
    received_ns[rows] = [entry["received_ns"] for entry in entries]
    handed_on_ns[rows] = [
        NEVER if entry["handed_on_ns"] is None else entry["handed_on_ns"] for entry in entries
    ]
    return Told(received_ns=received_ns, handed_on_ns=handed_on_ns, totals=document["totals"])
