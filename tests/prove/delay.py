"""1.3: known delays, message by message."""

from __future__ import annotations

from collections.abc import Iterator

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
    duration=10,
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


def prove(machine: Machine) -> Iterator[Claim]:
    """Hold each way without a delay, then with both kinds."""
    for way in (*CALLS, *STREAMS):
        plain = _held(way, machine, None)
        for delay in (FIXED, MIXED):
            yield from _claims(way, delay, _held(way, machine, delay), plain)


def _held(way: Way, machine: Machine, delay: Delay | None) -> Held:
    asked = _STREAM if way.ordered else _CALLS
    return undisturbed(lambda: hold_delay(way, asked, machine, delay))


def _claims(way: Way, delay: Delay, delayed: Held, plain: Held) -> Iterator[Claim]:
    name = f"{way}, {delay.name}"
    left = rest(delayed, plain)
    note = doubts((delayed.result, plain.result))
    if way.ordered:
        computed = queueing(delayed, delay)
        yield Claim(
            what=f"{name}: turns computed, {computed.waited:.1%} wait for the one ahead;"
            " handed on early, late at p99",
            figure=f"{computed.early}, {ms(computed.late_p99)}",
            bound=f"0, ≤ {ms(_TIMER_S)} (the server's timer)",
            ok=computed.early == 0 and computed.late_p99 <= _TIMER_S,
        )
    yield Claim(
        what=f"{name}: service − applied above undelayed ({us(left.undelayed_p50)}), p50",
        figure=us(left.above_p50) + note,
        bound=f"≤ {us(P50_BOUND_S)}, none below 0",
        ok=left.above_p50 <= P50_BOUND_S and left.least > 0,
    )
    yield Claim(
        what=f"{name}: service − applied above undelayed ({us(left.undelayed_p99)}), p99",
        figure=us(left.above_p99) + note,
        bound=f"≤ {us(P99_BOUND_S)}",
        ok=left.above_p99 <= P99_BOUND_S,
    )
    held = quantiles(delayed, plain)
    yield Claim(
        what=f"{name}: {', '.join(f'p{one.q * 100:g}' for one in held)} of service",
        figure=", ".join(f"{ms(one.measured)} (off {us(one.off)})" for one in held) + note,
        bound=", ".join(f"{ms(one.expected)} ± {us(one.bound)}" for one in held),
        ok=len(held) == _QUANTILES and all(abs(one.off) <= one.bound for one in held),
    )
