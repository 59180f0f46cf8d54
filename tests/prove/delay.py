"""1.3: known delays, message by message."""

from __future__ import annotations

from collections.abc import Iterator

from harness.machine import Machine
from harness.workload import Exchange, Workload
from tests.prove.claim import Claim, doubts, ms, us
from tests.truth.delay import (
    BEYOND,
    CALLS,
    FIXED,
    MIXED,
    P50_BOUND_S,
    P99_BOUND_S,
    QUANTILE_SHARE,
    STREAMS,
    Delay,
    Way,
    hold_delay,
    queueing,
    rest,
    worst_quantile,
)
from tests.truth.seen import Held, undisturbed

_CALLS = Workload(
    exchange=Exchange.REQUEST_REPLY, publishers=512, rate=400, ramp=1000, warmup=0.5, duration=15
)
"""One call a second and connection: 1 in 200 meets another on its way."""
_TIMER_S = 0.002
"""Twice what the timer of the server's loop resolves."""
_STREAM = Workload(rate=150, warmup=0.5, duration=20)


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
    worst = worst_quantile(delayed, plain)
    yield Claim(
        what=f"{name}: worst of {worst.held:,} quantiles with ≥ {BEYOND} beyond, q {worst.q:.4f}",
        figure=f"{ms(worst.measured)}, off {us(worst.off)}{note}",
        bound=f"{ms(worst.expected)} ± {us(worst.bound)} ({QUANTILE_SHARE:.0%} or 300 µs)",
        ok=abs(worst.off) <= worst.bound,
    )
