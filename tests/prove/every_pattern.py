"""1.2: every pattern and implementation with both clients, nothing missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from harness.load.schedule import schedule
from harness.machine import Machine
from harness.measure.validity import GENERATOR_PEAK
from harness.registry import all_patterns
from harness.result import Audit, Result, Series
from harness.scenario import BUILT_IN
from harness.series import Cell, measure
from harness.workload import ClientKind, Exchange, Workload
from tests.prove.claim import Claim, doubts, ms, us

_WARMUP_S = 0.3
_WINDOW_S = 2.1
_ONE = replace(BUILT_IN["ticker"].workload, warmup=_WARMUP_S, duration=_WINDOW_S)
_MANY = replace(BUILT_IN["chat"].workload, warmup=_WARMUP_S, duration=_WINDOW_S)
_ALWAYS_VALID = ("sse", "websocket")
"""With ``wire`` on the default stack, whatever the number of subscribers."""
_RUNS_IF_DOUBTED = 3
_LAG = {"receiver lag"}
_PEAK_S = 0.1
_OVERLOAD = {"receiver lag", "generator CPU", "pacer lateness"}


def prove(_machine: Machine) -> Iterator[Claim]:
    """Run each pattern, exchange and client under both loads; groups are proven by 3.1.

    What is doubted is measured anew when all else is done (disturbances last), in three runs, of
    which most decide, as in every series.
    """
    doubted = []
    for pattern in all_patterns():
        # A journey's submissions may overtake each other. 3.1 and 3.2 are about these two.
        for exchange in sorted(pattern.exchanges - {Exchange.JOURNEY, Exchange.GROUP}):
            for client in pattern.clients:
                for asked in (_ONE, _MANY):
                    row = Cell(
                        pattern=pattern.name,
                        workload=replace(_shaped(asked, exchange), client=client),
                    )
                    first = _claim(row, measure([row], runs=1))
                    if first.ok:
                        yield first
                    else:
                        doubted.append(row)
    for row in doubted:
        yield _claim(row, measure([row], runs=_RUNS_IF_DOUBTED))


def _shaped(asked: Workload, exchange: Exchange) -> Workload:
    """Take as many callers as there would be subscribers."""
    if exchange is Exchange.REQUEST_REPLY:
        return replace(asked, exchange=exchange, publishers=asked.subscribers, subscribers=1)
    return replace(asked, exchange=exchange)


def _claim(row: Cell, series: Series) -> Claim:
    workload = row.workload
    what = f"{row.pattern} {workload.exchange} × {workload.receivers}, {workload.client}"
    if series.refused:
        return Claim(what=what, figure=series.refused[row.pattern], bound="measured", ok=False)
    results = series.results
    beyond = _beyond_one_core(row, results[0])
    allowed = _OVERLOAD if beyond else _LAG if _may_lag(row) else set()
    invalid = [run for run in results if not {doubt.rule for doubt in run.doubts} <= allowed]
    runs = f" in {len(invalid)} of {len(results)} runs" if len(results) > 1 else ""
    return Claim(
        what=what,
        figure=f"{' '.join(_counts(run.audit) for run in results)} of {results[0].audit.owed:,}; "
        f"p50 {_p50(results[0])}{runs}{doubts(invalid or results)}"
        + (f"; {beyond}" if beyond else ""),
        bound="0/0/0/0; valid" + (f" but for {', '.join(sorted(allowed))}" if allowed else ""),
        ok=all(run.audit.clean and run.audit.delivered == run.audit.owed > 0 for run in results)
        and len(invalid) * 2 < len(results),
    )


def _beyond_one_core(row: Cell, result: Result) -> str:
    """Say why this cannot be valid where all receivers share one core; empty where it can.

    Every message makes 64 new requests of long polling, and a library's request has its price.
    """
    workload = row.workload
    asks_anew = row.pattern.startswith("long_polling") and workload.client is ClientKind.LIBRARY
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


def _may_lag(row: Cell) -> bool:
    if row.workload.receivers == 1:
        return False
    return row.workload.client is ClientKind.LIBRARY or row.pattern not in _ALWAYS_VALID


def _counts(audit: Audit) -> str:
    return f"{audit.lost}/{audit.duplicated}/{audit.reordered}/{audit.corrupted}"


def _p50(result: Result) -> str:
    return "∞" if result.delivery.p50 is None else ms(result.delivery.p50)
