"""Messages dropped, duplicated, swapped and corrupted on purpose, against the audit."""

from __future__ import annotations

from dataclasses import dataclass

from harness.machine import Machine
from harness.result import Audit
from harness.workload import Exchange, Workload
from tests.truth.seen import Held, hold

EVERY = {"drop": 20, "duplicate": 15, "swap": 20, "corrupt": 20}
"""Each fault meets every so many-th message of a publisher."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One pattern and exchange, and the faults that its truth server can do to it."""

    pattern: str
    exchange: Exchange
    receivers: int
    faults: tuple[str, ...] = tuple(EVERY)

    def __str__(self) -> str:
        kind = "broadcast" if self.exchange is Exchange.BROADCAST else "request/reply"
        return f"{self.pattern} {kind}"


WAYS = (
    *(
        Way(pattern=name, exchange=Exchange.BROADCAST, receivers=3)
        for name in ("sse", "websocket", "long_polling", "rest_polling", "floor")
    ),
    Way(pattern="websocket", exchange=Exchange.REQUEST_REPLY, receivers=4),
    Way(pattern="floor", exchange=Exchange.REQUEST_REPLY, receivers=4),
    # HTTP answers each request once and in order; without an answer a call has failed.
    Way(pattern="rest", exchange=Exchange.REQUEST_REPLY, receivers=4, faults=("corrupt",)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One fault: how often the server did it, for all receivers, and how often it was seen."""

    fault: str
    done: int
    seen: int


def hold_audit(way: Way, rate: float, duration_s: float, machine: Machine) -> Held:
    """Measure one way with all its faults."""
    calls = way.exchange is Exchange.REQUEST_REPLY
    workload = Workload(
        exchange=way.exchange,
        publishers=way.receivers if calls else 2,
        subscribers=1 if calls else way.receivers,
        rate=rate,
        warmup=0.3,
        duration=duration_s,
    )
    options = [part for fault in way.faults for part in (f"--{fault}", str(EVERY[fault]))]
    return hold(way.pattern, workload, machine, *options)


def counts(held: Held) -> tuple[Count, ...]:
    """Set the server's totals against the audit; each receiver of a broadcast met all faults."""
    copies = held.book.workload.deliveries_per_message
    totals, audit = held.told.totals, held.result.audit
    seen = {
        "drop": audit.lost,
        "duplicate": audit.duplicated,
        "swap": audit.reordered,
        "corrupt": audit.corrupted,
    }
    return tuple(
        Count(fault=fault, done=totals[fault] * copies, seen=number)
        for fault, number in seen.items()
    )


def balanced(audit: Audit) -> bool:
    """Whether every delivery that is owed is accounted for."""
    return audit.owed == audit.delivered + audit.lost + audit.corrupted
