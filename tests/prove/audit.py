"""1.5: known faults, counted."""

from __future__ import annotations

from collections.abc import Iterator

from harness.machine import Machine
from tests.prove.claim import Claim
from tests.truth.audit import WAYS, balanced, counts, hold_audit

_RATE = 1000.0
_DURATION_S = 3.0


def prove(machine: Machine) -> Iterator[Claim]:
    """Compare the audit of each way with what its server did."""
    for way in WAYS:
        held = hold_audit(way, _RATE, _DURATION_S, machine)
        found = counts(held)
        yield Claim(
            what=f"{way} × {way.receivers}: {' / '.join(way.faults)}",
            figure=" / ".join(f"{count.seen:,}" for count in found if count.fault in way.faults),
            bound=" / ".join(f"{count.done:,}" for count in found if count.fault in way.faults),
            ok=all(count.seen == count.done for count in found)
            and all(count.done > 0 for count in found if count.fault in way.faults)
            and balanced(held.result.audit),
        )
