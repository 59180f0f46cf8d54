"""1.2: every pattern and implementation with both clients, nothing missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from harness.load.schedule import schedule
from harness.machine import Machine
from harness.measure.validity import GENERATOR_PEAK
from harness.pattern import Pattern
from harness.registry import all_patterns
from harness.result import Audit, Result, Series
from harness.scenario import BUILT_IN
from harness.series import Cell, disturbed, measure
from harness.workload import ClientKind, Exchange, Workload
from tests.prove.claim import Claim, doubts, ms, us

_WARMUP_S = 0.3
_WINDOW_S = 2.1
_ONE = replace(BUILT_IN["ticker"].workload, warmup=_WARMUP_S, duration=_WINDOW_S)
_MANY = replace(BUILT_IN["chat"].workload, warmup=_WARMUP_S, duration=_WINDOW_S)
_ALWAYS_VALID = ("sse", "websocket")
"""With ``wire`` on the default stack, whatever the number of subscribers."""
_ROUNDS = 3
_LAG = {"receiver lag"}
_PEAK_S = 0.1
_OVERLOAD = {"receiver lag", "generator CPU", "pacer lateness"}


def prove(_machine: Machine) -> Iterator[Claim]:
    """Run each pattern, exchange and client under both loads.

    What the machine disturbed is measured anew when all else is done: disturbances last.
    """
    left = [
        (pattern, replace(_shaped(asked, exchange), client=client))
        for pattern in all_patterns()
        for exchange in sorted(pattern.exchanges)
        for client in pattern.clients
        for asked in (_ONE, _MANY)
    ]
    for rounds_left in range(_ROUNDS - 1, -1, -1):
        again = []
        for pattern, workload in left:
            series = measure([Cell(pattern=pattern.name, workload=workload)], runs=1)
            if rounds_left and any(disturbed(result) for result in series.results):
                again.append((pattern, workload))
            else:
                yield _claim(pattern, workload, series)
        left = again


def _shaped(asked: Workload, exchange: Exchange) -> Workload:
    """Take as many callers as there would be subscribers."""
    if exchange is Exchange.REQUEST_REPLY:
        return replace(asked, exchange=exchange, publishers=asked.subscribers, subscribers=1)
    return replace(asked, exchange=exchange)


def _claim(pattern: Pattern, workload: Workload, series: Series) -> Claim:
    what = f"{pattern.name} {workload.exchange} × {workload.receivers}, {workload.client}"
    if series.refused:
        return Claim(what=what, figure=series.refused[pattern.name], bound="measured", ok=False)
    (result,) = series.results
    beyond = _beyond_one_core(pattern, workload, result)
    allowed = _OVERLOAD if beyond else _LAG if _may_lag(pattern, workload) else set()
    rules = {doubt.rule for doubt in result.doubts}
    return Claim(
        what=what,
        figure=f"{_counts(result.audit)} of {result.audit.owed:,}; p50 {_p50(result)}"
        + doubts([result])
        + (f"; {beyond}" if beyond else ""),
        bound="0/0/0/0; valid" + (f" but for {', '.join(sorted(allowed))}" if allowed else ""),
        ok=result.audit.clean
        and result.audit.delivered == result.audit.owed > 0
        and rules <= allowed,
    )


def _beyond_one_core(pattern: Pattern, workload: Workload, result: Result) -> str:
    """Say why this cannot be valid where all receivers share one core; empty where it can.

    Every message makes 64 new requests of long polling, and a library's request has its price.
    """
    asks_anew = pattern.name.startswith("long_polling") and workload.client is ClientKind.LIBRARY
    if not asks_anew or workload.receivers == 1:
        return ""
    due_s = schedule(workload).offset_ns / 1e9
    until = np.searchsorted(due_s, due_s + _PEAK_S)
    requests = int((until - np.arange(len(due_s))).max()) * workload.receivers
    cost_s = result.generator.cpu_mean * result.workload.duration / result.audit.owed
    wanted = requests * cost_s / _PEAK_S
    if wanted <= GENERATOR_PEAK:
        return ""
    return (
        f"{us(cost_s)} CPU a request and {requests:,} of them in the busiest 100 ms are "
        f"{wanted:.0%} of the only load core"
    )


def _may_lag(pattern: Pattern, workload: Workload) -> bool:
    if workload.receivers == 1:
        return False
    return workload.client is ClientKind.LIBRARY or pattern.name not in _ALWAYS_VALID


def _counts(audit: Audit) -> str:
    return f"{audit.lost}/{audit.duplicated}/{audit.reordered}/{audit.corrupted}"


def _p50(result: Result) -> str:
    return "∞" if result.delivery.p50 is None else ms(result.delivery.p50)
