"""A delay that is known, message by message, against the service latency that was measured.

What a message met is told by the server's own stamps, on the same clock: its delay and, on an
ordered stream, the wait for the message ahead of it. The rest of its latency must be that of the
same server without a delay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.machine import Machine
from harness.measure.latency import quantile
from harness.recording import Ints
from harness.workload import Exchange, Workload
from servers.faults import Plan
from tests.truth.seen import Held, hold

P50_BOUND_S = 100e-6
P99_BOUND_S = 300e-6
"""By how much the rest of a latency may be above that of the server without a delay."""
QUANTILE_SHARE = 0.02
QUANTILE_S = 300e-6
"""How far a quantile may be off, the larger of both."""
BEYOND = 50
"""A quantile is held against the truth with so many samples beyond it."""
_SEED = 1
_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One pattern and exchange whose messages the truth server can delay."""

    pattern: str
    exchange: Exchange

    @property
    def ordered(self) -> bool:
        """Whether a message waits for the one ahead of it."""
        return self.exchange is Exchange.BROADCAST

    def __str__(self) -> str:
        return f"{self.pattern} ({'ordered stream' if self.ordered else 'request/reply'})"


CALLS = tuple(
    Way(pattern=name, exchange=Exchange.REQUEST_REPLY) for name in ("rest", "websocket", "floor")
)
STREAMS = tuple(
    Way(pattern=name, exchange=Exchange.BROADCAST)
    for name in ("sse", "websocket", "long_polling", "floor")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """What the server is told to do, in seconds."""

    name: str
    usual: float
    slow: float = 0.0
    slow_fraction: float = 0.0

    @property
    def faults(self) -> tuple[str, ...]:
        """The truth server's options."""
        return (
            *("--delay", str(self.usual), "--slow-delay", str(self.slow)),
            *("--slow-fraction", str(self.slow_fraction), "--seed", str(_SEED)),
        )

    def of(self, held: Held) -> Ints:
        """Give the delay that is planned for each message, in ns."""
        plan = Plan(
            delay_ns=round(self.usual * _NS),
            slow_delay_ns=round(self.slow * _NS),
            slow_fraction=self.slow_fraction,
            seed=_SEED,
        )
        messages = held.book.messages
        names = zip(messages.publisher.tolist(), messages.sequence.tolist(), strict=True)
        return np.array([plan.delay(*name) for name in names], dtype=np.int64)


FIXED = Delay(name="5 ms", usual=0.005)
MIXED = Delay(name="2 % of 50 ms, else 1 ms", usual=0.001, slow=0.05, slow_fraction=0.02)


def hold_delay(way: Way, asked: Workload, machine: Machine, delay: Delay | None) -> Held:
    """Measure one way with one delay, or without."""
    return hold(way.pattern, asked, machine, *(delay.faults if delay else ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Service latency − what the server applied, in seconds, above the undelayed latency."""

    least: float
    """Of any message, above nothing: negative is impossible."""
    p50: float
    p99: float
    undelayed_p50: float
    undelayed_p99: float

    @property
    def above_p50(self) -> float:
        """How far p50 is above that without a delay."""
        return self.p50 - self.undelayed_p50

    @property
    def above_p99(self) -> float:
        """How far p99 is above that without a delay."""
        return self.p99 - self.undelayed_p99


def rest(delayed: Held, plain: Held) -> Rest:
    """Take what the server applied off each message's service latency."""
    left = np.sort(delayed.service_ns - delayed.told.applied_ns[delayed.timed])
    undelayed = np.sort(plain.service_ns)
    return Rest(
        least=float(left[0]) / 1e9,
        p50=_at(left, 0.5),
        p99=_at(left, 0.99),
        undelayed_p50=_at(undelayed, 0.5),
        undelayed_p99=_at(undelayed, 0.99),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile:
    """One quantile of the service latency, as the run's result gives it, in seconds."""

    q: float
    measured: float
    expected: float

    @property
    def off(self) -> float:
        """Measured − expected."""
        return self.measured - self.expected

    @property
    def bound(self) -> float:
        """How far it may be off."""
        return max(QUANTILE_SHARE * self.expected, QUANTILE_S)


def quantiles(delayed: Held, plain: Held) -> tuple[Quantile, ...]:
    """Hold each reported quantile with enough samples beyond against applied + undelayed p50."""
    service = delayed.result.service
    reported = {0.5: service.p50, 0.9: service.p90, 0.99: service.p99, 0.999: service.p99_9}
    undelayed = _at(np.sort(plain.service_ns), 0.5)
    applied = np.sort(delayed.told.applied_ns[delayed.timed])
    return tuple(
        Quantile(q=q, measured=measured, expected=_at(applied, q) + undelayed)
        for q, measured in reported.items()
        if measured is not None and (1 - q) * len(applied) >= BEYOND
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Queueing:
    """An ordered stream: what the server did, against the turns that are computed for it."""

    waited: float
    """Share of messages that must wait for the one ahead of them."""
    early: int
    """Messages handed on before their turn, which the server never does."""
    late_p99: float
    """What the server's own timer adds to that, in seconds; part of what it applied."""


def queueing(delayed: Held, delay: Delay) -> Queueing:
    """Compute each message's turn: after its delay, but not before the one ahead of it."""
    told = delayed.told
    own_ns = told.received_ns + delay.of(delayed)
    order = np.argsort(told.received_ns, kind="stable")
    turn_ns = np.empty_like(own_ns)
    turn_ns[order] = np.maximum.accumulate(own_ns[order])
    late = np.sort(told.handed_on_ns - turn_ns)
    return Queueing(
        waited=float(np.mean(turn_ns > own_ns)),
        early=int(np.count_nonzero(late < 0)),
        late_p99=_at(late, 0.99),
    )


def _at(ordered_ns: Ints, q: float) -> float:
    seconds = quantile(ordered_ns, q)
    if seconds is None:
        raise ValueError("no message arrived")
    return seconds
