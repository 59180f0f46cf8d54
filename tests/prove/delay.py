"""1.3: known delays, message by message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from harness.machine import Machine
from harness.workload import Arrivals, Exchange, Workload
from tests.prove.claim import Claim, doubts, ms, us
from tests.truth.delay import (
    CALLS,
    FIXED,
    MIXED,
    P50_BOUND_S,
    P99_BOUND_S,
    STREAMS,
    Delay,
    Quantile,
    Way,
    hold_delay,
    quantiles,
    queueing,
    rest,
)
from tests.truth.seen import Held, undisturbed

_CALLS = Workload(
    exchange=Exchange.REQUEST_REPLY,
    publishers=512,
    rate=970,
    arrivals=Arrivals.CONSTANT,
    ramp=1000,
    warmup=0.5,
    duration=6,
)
"""Callers take turns: 0.5 s between the calls of a connection, so that none waits for another.

At half this rate the cores sleep between messages, and how they wake is all that p99 shows.
"""
_QUANTILES = 3
"""p50, p90 and p99: there are more than 5,000 messages."""
_TIMER_S = 0.002
"""Twice what the timer of the server's loop resolves."""
_STREAM = Workload(rate=250, warmup=0.5, duration=21)
"""Slow enough that what gathers behind 50 ms is no burst whose own handling shows at p50."""
_TRIPLES = 3
"""Whose median counts: from one run to the next p99 moves by as much as its bound."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Triple:
    """The same way without a delay and with both kinds, measured one after another."""

    plain: Held
    delayed: Mapping[Delay, Held]


def prove(machine: Machine) -> Iterator[Claim]:
    """Hold each way without a delay and with both kinds, interleaved."""
    for way in (*CALLS, *STREAMS):
        triples = [_held(way, machine, number) for number in range(_TRIPLES)]
        for delay in (FIXED, MIXED):
            yield from _claims(way, delay, triples)


def _held(way: Way, machine: Machine, number: int) -> _Triple:
    """Measure one triple; each begins with another of the three."""
    asked = _STREAM if way.ordered else _CALLS
    order = (None, FIXED, MIXED)
    held = {
        delay: undisturbed(partial(hold_delay, way, asked, machine, delay))
        for delay in (*order[number:], *order[:number])
    }
    return _Triple(
        plain=held[None],
        delayed={delay: one for delay, one in held.items() if delay is not None},
    )


def _claims(way: Way, delay: Delay, triples: Sequence[_Triple]) -> Iterator[Claim]:
    name = f"{way}, {delay.name}"
    pairs = [(triple.delayed[delay], triple.plain) for triple in triples]
    left = [rest(*pair) for pair in pairs]
    note = doubts([held.result for pair in pairs for held in pair])
    if way.ordered:
        computed = [queueing(delayed, delay) for delayed, _ in pairs]
        waited = median(one.waited for one in computed)
        early, late_p99 = sum(one.early for one in computed), max(one.late_p99 for one in computed)
        yield Claim(
            what=f"{name}: turns computed, {waited:.1%} wait for the one ahead;"
            " handed on early, late at p99",
            figure=f"{early}, {ms(late_p99)}",
            bound=f"0, ≤ {ms(_TIMER_S)} (the server's timer)",
            ok=early == 0 and late_p99 <= _TIMER_S,
        )
    undelayed_p50 = median(one.undelayed_p50 for one in left)
    above_p50 = median(one.above_p50 for one in left)
    yield Claim(
        what=f"{name}: service − applied above undelayed ({us(undelayed_p50)}), p50",
        figure=f"{us(above_p50)} of {_each(one.above_p50 for one in left)}{note}",
        bound=f"≤ {us(P50_BOUND_S)}, none below 0",
        ok=above_p50 <= P50_BOUND_S and min(one.least for one in left) > 0,
    )
    undelayed_p99 = median(one.undelayed_p99 for one in left)
    above_p99 = median(one.above_p99 for one in left)
    yield Claim(
        what=f"{name}: service − applied above undelayed ({us(undelayed_p99)}), p99",
        figure=f"{us(above_p99)} of {_each(one.above_p99 for one in left)}{note}",
        bound=f"≤ {us(P99_BOUND_S)}",
        ok=above_p99 <= P99_BOUND_S,
    )
    held = [_middle(same) for same in zip(*(quantiles(*pair) for pair in pairs), strict=True)]
    yield Claim(
        what=f"{name}: {', '.join(f'p{one.q * 100:g}' for one in held)} of service",
        figure=", ".join(f"{ms(one.measured)} (off {us(one.off)})" for one in held) + note,
        bound=", ".join(f"{ms(one.expected)} ± {us(one.bound)}" for one in held),
        ok=len(held) == _QUANTILES and all(abs(one.off) <= one.bound for one in held),
    )


def _each(seconds: Iterable[float]) -> str:
    return " / ".join(us(one) for one in seconds)


def _middle(same: Sequence[Quantile]) -> Quantile:
    """Give the one of the triples that is off by the median."""
    return sorted(same, key=lambda one: one.off)[len(same) // 2]
