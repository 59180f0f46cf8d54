"""4.1: a network is what it was promised to be, and each pattern pays for it what it must."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from harness.machine import Machine
from harness.workload import Exchange, Ingress, Workload
from tests.prove.claim import Claim, doubts, ms, us, within
from tests.truth.network import CONNECTIONS, RATE, Trips, at, carried, mean, run_pattern, trips
from tests.truth.seen import Seen, undisturbed

RTTS_S = (0.01, 0.04, 0.15)
P50_BOUND_S = 300e-6
P99_BOUND_S = 1e-3
_TIMES = 3
"""Measured so often; the median counts, since one stolen 10 ms spoils a p99."""
_SECONDS = 5.0
_RTT_S = 0.04
_PUSHED = Workload(rate=200, warmup=0.5, duration=5)
_POLLED = Workload(rate=50, warmup=0.5, duration=10)
"""Two messages a round trip: most find no poll waiting, and meet the next one anywhere."""
_CALLED = Workload(exchange=Exchange.REQUEST_REPLY, publishers=64, rate=200, warmup=0.5, duration=5)
_TAKEN = Workload(exchange=Exchange.WORK_QUEUE, subscribers=64, rate=100, warmup=0.5, duration=5)
"""So many consumers that a message finds one whose ``BRPOP`` waits."""
_SPOKEN = replace(_PUSHED, publishers=64, ingress=Ingress.NATIVE)
"""So many publishers that a POST seldom waits for the one before."""
_GROUPED = replace(_PUSHED, exchange=Exchange.GROUP, publishers=8, subscribers=8)
_SHORT_POLLED = replace(_PUSHED, subscribers=8, poll_interval=0.05)
_JITTER_S = 0.004
_BANDWIDTH = 2e5
_LOAD_BYTES = 10_000
"""Little, so that what is measured is the relay and not the copying on both sides of it."""
_LOADS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pays:
    """How many round trips a pattern pays for each message."""

    pattern: str
    asked: Workload
    trips: float
    evenly: bool = False
    """Whether a message waits for anything from nothing to an interval: then its mean is held."""


_PAID = (
    *(
        _Pays(pattern=name, asked=_PUSHED, trips=0.5)
        for name in ("floor", "sse", "websocket", "redis_pubsub")
    ),
    _Pays(pattern="redis_queue", asked=_TAKEN, trips=0.5),
    _Pays(pattern="rest_polling", asked=_SHORT_POLLED, trips=0.5, evenly=True),
    *(_Pays(pattern=name, asked=_CALLED, trips=1.0) for name in ("floor", "rest", "websocket")),
    *(_Pays(pattern=name, asked=_SPOKEN, trips=1.0) for name in ("sse", "websocket")),
    _Pays(pattern="websocket", asked=_GROUPED, trips=1.0),
)


def prove(machine: Machine) -> Iterator[Claim]:
    """Hold the relay against stamps on both sides, then patterns against what they must pay."""
    direct = [trips(Workload(), machine, seconds=_SECONDS) for _ in range(_TIMES)]
    undelayed = median(at(one.around_ns, 0.5) for one in direct)
    for rtt in RTTS_S:
        passed = [trips(Workload(rtt=rtt), machine, seconds=_SECONDS) for _ in range(_TIMES)]
        yield from _met(rtt, passed, undelayed)
    yield from _jitter(machine)
    yield from _bandwidth(machine)
    for pays in _PAID:
        yield _paid(pays, machine)
    yield _long_polls(machine)


def _met(rtt: float, passed: Sequence[Trips], undelayed: float) -> Iterator[Claim]:
    whom = f"{RATE:,.0f} msg/s over {CONNECTIONS} connections"
    for q, bound in ((0.5, P50_BOUND_S), (0.99, P99_BOUND_S)):
        own = median(at(one.late_ns, q) for one in passed)
        yield _off(
            f"round trip of {ms(rtt)}, {whom}, p{q * 100:g} (without a relay {us(undelayed)} at"
            f" p50; late by the relay's own account: {us(own)})",
            [at(one.around_ns, q) - rtt for one in passed],
            bound,
        )


def _jitter(machine: Machine) -> Iterator[Claim]:
    """Hold each way against an even spread: both edges are reached, and none is passed."""
    asked = Workload(rtt=_RTT_S, jitter=_JITTER_S)
    found = [trips(asked, machine, seconds=_SECONDS) for _ in range(_TIMES)]
    ways = [np.concatenate((one.forth_ns, one.back_ns)) for one in found]
    for q, bound in ((0.01, P99_BOUND_S), (0.5, P50_BOUND_S), (0.99, P99_BOUND_S)):
        promised = _RTT_S / 2 + (2 * q - 1) * _JITTER_S
        yield _off(
            f"jitter of {ms(_JITTER_S)} on a round trip of {ms(_RTT_S)}, p{q * 100:g} of each way",
            [at(one, q) - promised for one in ways],
            bound,
        )


def _bandwidth(machine: Machine) -> Iterator[Claim]:
    """Hold against its promise how long a load takes over each of several connections."""
    asked = Workload(rtt=_RTT_S, bandwidth=_BANDWIDTH)
    found = [carried(asked, machine, size=_LOAD_BYTES, times=_LOADS) for _ in range(_TIMES)]
    promised = _LOAD_BYTES / _BANDWIDTH + _RTT_S / 2
    for q, bound in ((0.5, P50_BOUND_S), (0.99, P99_BOUND_S)):
        yield _off(
            f"{_LOAD_BYTES:,} bytes at {_BANDWIDTH / 1e3:g} kB/s on a round trip of {ms(_RTT_S)}, "
            f"p{q * 100:g} of each way",
            [at(one, q) - promised for one in found],
            bound,
        )


def _off(what: str, each: Sequence[float], bound: float) -> Claim:
    off = median(each)
    return Claim(
        what=f"{what}, measured − promised",
        figure=f"{us(off)} of {' / '.join(us(one) for one in each)}",
        bound=f"≤ {us(bound)} either way",
        ok=abs(off) <= bound,
    )


def _paid(pays: _Pays, machine: Machine) -> Claim:
    near = _seen(pays.pattern, pays.asked, machine)
    far = _seen(pays.pattern, replace(pays.asked, rtt=_RTT_S), machine)
    figure, bound = ("mean", P99_BOUND_S) if pays.evenly else ("p50", P50_BOUND_S)
    took_far, took_near = (
        mean(one.service_ns) if pays.evenly else at(one.service_ns, 0.5) for one in (far, near)
    )
    added = took_far - took_near
    native = ", native" if pays.asked.ingress is Ingress.NATIVE else ""
    return within(
        f"{pays.pattern} ({pays.asked.exchange}{native}), round trip of {ms(_RTT_S)}: {figure} of"
        f" service above that without ({added / _RTT_S:.2f} round trips)"
        f"{doubts((near.result, far.result))}",
        added,
        pays.trips * _RTT_S,
        bound,
        ms,
    )


def _long_polls(machine: Machine) -> Claim:
    near = _seen("long_polling", _POLLED, machine)
    far = _seen("long_polling", replace(_POLLED, rtt=_RTT_S), machine)
    direct = at(near.service_ns, 0.5)
    low, middle, high = ((at(far.service_ns, q) - direct) / _RTT_S for q in (0.01, 0.5, 0.99))
    slack = P99_BOUND_S / _RTT_S
    return Claim(
        what=f"long_polling, round trip of {ms(_RTT_S)}: p1, p50 and p99 of service above that"
        f" without, in round trips{doubts((near.result, far.result))}",
        figure=f"{low:.2f}, {middle:.2f}, {high:.2f}",
        bound=f"between 0.5 and 1.5, ± {slack:.3f}; p99 above 1.4",
        ok=low >= 0.5 - slack and 1.4 < high <= 1.5 + slack,
    )


def _seen(pattern: str, asked: Workload, machine: Machine) -> Seen:
    return undisturbed(lambda: run_pattern(pattern, asked, machine))
