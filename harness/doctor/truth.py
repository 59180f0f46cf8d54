"""The instrument held against a server whose faults are known: a delay and dropped messages."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.doctor.check import Check, fail, ok, warn
from harness.machine import Machine
from harness.pattern import Pattern, ServerSpec
from harness.process.scratch import private_directory
from harness.registry import load
from harness.report.units import count, seconds
from harness.result import Result
from harness.run import run
from harness.workload import Workload

_PATTERN = "sse"
_ROLES = ("http", "feed")
_DELAY_S = 0.005
_DROPPED_OF = 25
"""Every so many-th message is dropped."""
_BOUND_S = 300e-6
_REMEDY = "believe no figure of this machine before `make test` passes"
_WORKLOAD = Workload(rate=100.0, warmup=0.5, duration=2.5)
"""Few messages, far apart: none waits for another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the faulty server says it did, against what was measured."""

    applied_s: float
    """The median delay, by the server's own stamps."""
    measured_s: float
    """The median service latency, less that of the same server without a delay."""
    dropped: int
    lost: int
    doubts: tuple[str, ...]
    """Why the runs were invalid, if they were."""


def truth(machine: Machine) -> Check:
    """Measure a delay and drops that are known, through the whole instrument."""
    return verdict(hold(machine))


def verdict(held: Held) -> Check:
    """Judge what was measured against what was done."""
    delay = f"truth: a {seconds(held.applied_s)} delay was measured as {seconds(held.measured_s)}"
    if held.dropped == 0 or held.lost != held.dropped:
        return fail(
            f"{delay}; {count(held.dropped)} messages were dropped and {count(held.lost)} counted "
            "as lost",
            _REMEDY,
        )
    text = f"{delay}; {count(held.lost)} of {count(held.dropped)} dropped messages were found"
    if abs(held.measured_s - held.applied_s) <= _BOUND_S:
        return ok(text)
    if held.doubts:
        return warn(
            f"{text}; those runs called themselves invalid ({', '.join(held.doubts)})",
            "end what else runs and try again",
        )
    return fail(f"{text}; the instrument is wrong and does not notice", _REMEDY)


def hold(machine: Machine) -> Held:
    """Run a truthful server twice: plain, and with a delay and drops.

    Raises:
        NotMeasured: a run did not take place.
    """
    plain = _run(machine)
    with private_directory() as scratch:
        fault_log = Path(scratch) / "faults.json"
        faulty = _run(
            machine,
            *("--delay", str(_DELAY_S), "--drop", str(_DROPPED_OF), "--fault-log", str(fault_log)),
        )
        told = json.loads(fault_log.read_text())
    doubts = {doubt.rule: None for result in (plain, faulty) for doubt in result.doubts}
    return Held(
        applied_s=_applied_s(told["messages"]),
        measured_s=_longer_by(faulty.service.p50, plain.service.p50),
        dropped=told["totals"]["drop"],
        lost=faulty.audit.lost,
        doubts=tuple(doubts),
    )


def _run(machine: Machine, *faults: str) -> Result:
    argv = ("{python}", "-m", "servers.truth", "--port", "0", "--feed-port", "0", *faults)
    server = ServerSpec(name="truth", argv=argv, roles=_ROLES)
    pattern: Pattern = replace(load(_PATTERN), servers=lambda _workload: (server,))
    return run(pattern, _WORKLOAD, machine)


def _applied_s(messages: Sequence[dict[str, Any]]) -> float:
    """Give the median of the delays; a message that was dropped was delayed for ever."""
    delays = sorted(
        math.inf if message["applied_ns"] is None else message["applied_ns"] / 1e9
        for message in messages
    )
    return delays[(len(delays) - 1) // 2] if delays else math.inf


def _longer_by(one: float | None, other: float | None) -> float:
    """Subtract medians; infinite where so much was lost that there is none."""
    return math.inf if one is None or other is None else one - other
