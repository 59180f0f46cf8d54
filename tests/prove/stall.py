"""1.4: servers, and then the generator, frozen at known times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from harness.freeze import Freezer, Pids, evenly, servers
from harness.machine import Machine
from harness.measure.validity import MACHINE_RULES
from harness.registry import load
from harness.report.question import CLOSED_LOOP
from harness.report.text import run_report
from harness.result import Series
from harness.workload import Exchange, Workload
from tests.prove.claim import Claim, doubts, ms
from tests.truth.seen import Seen, watch
from tests.truth.stall import (
    HIGH_SHARE,
    LOW_SHARE,
    early_arrivals,
    expect,
    generator,
    measured_s,
    over_one_receiver,
    receivers,
)

_PAUSE = "generator pause"
_STALLS = 6
_LENGTH_S = 0.5
_WORKLOAD = Workload(rate=100, warmup=1, duration=60)
_WAYS = (
    ("sse", Exchange.BROADCAST),
    ("websocket", Exchange.BROADCAST),
    ("long_polling", Exchange.BROADCAST),
    ("rest_polling", Exchange.BROADCAST),
    ("rest", Exchange.REQUEST_REPLY),
    ("floor", Exchange.BROADCAST),
    ("redis_pubsub", Exchange.BROADCAST),
    ("redis_queue", Exchange.WORK_QUEUE),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Frozen:
    seen: Seen
    freezer: Freezer


def prove(machine: Machine) -> Iterator[Claim]:
    """Freeze each pattern's server; then a closed loop's, and the generator."""
    for name, exchange in _WAYS:
        workload = over_one_receiver(_WORKLOAD, exchange)
        yield from _frozen_server(name, workload, machine)
    yield _closed_loop(machine)
    yield _frozen_generator("all load processes", generator, machine)
    yield _frozen_generator("the subscriber's process alone", receivers, machine)


def _frozen_server(name: str, workload: Workload, machine: Machine) -> Iterator[Claim]:
    frozen = _freeze(name, workload, machine, servers, _STALLS)
    seen, stalls = frozen.seen, frozen.freezer.stalls
    expected = expect(seen, load(name), stalls)
    what = f"{name} {workload.exchange}"
    early = early_arrivals(seen, stalls)
    yield Claim(
        what=f"{what}: {len(stalls)} freezes; waited, arrived from a frozen server",
        figure=f"{expected.waited.mean():.1%}, {early}{doubts([seen.result])}",
        bound="about 5 %, 0; valid (the machine apart)",
        ok=len(stalls) == _STALLS
        and 0.03 <= expected.waited.mean() <= 0.07
        and early == 0
        and not _own_doubts(seen),
    )
    for q in (0.97, 0.99):
        measured, implied = measured_s(seen, q), expected.quantile_s(q)
        off = measured / implied - 1
        yield Claim(
            what=f"{what}: p{q * 100:g} of delivery",
            figure=f"{ms(measured)}, {off:+.2%}",
            bound=f"{ms(implied)} {LOW_SHARE:+.0%} to {HIGH_SHARE:+.0%}",
            ok=LOW_SHARE <= off <= HIGH_SHARE,
        )


def _closed_loop(machine: Machine) -> Claim:
    """The same freezes under a closed loop: nothing is due in them, so that they hardly show."""
    workload = replace(_WORKLOAD, rate=None, concurrency=1, duration=10)
    seen = _freeze("sse", workload, machine, servers, 1).seen
    series = Series(command="", order_seed=1, runs=1, results=(seen.result,))
    told = CLOSED_LOOP in run_report(series)
    return Claim(
        what="sse closed loop, 5 % of the time frozen: p99, and the report's words",
        figure=f"{ms(measured_s(seen, 0.99))}, “{CLOSED_LOOP if told else 'nothing'}”",
        bound="labelled as not comparable",
        ok=told,
    )


def _frozen_generator(what: str, pids: Pids, machine: Machine) -> Claim:
    workload = replace(_WORKLOAD, duration=10)
    freezer = _freezer(workload, pids, 1)
    # Not repeated: that its surroundings look disturbed is what is asked for.
    result = watch(load("sse"), workload, machine, freezer.on_start).result
    return Claim(
        what=f"the generator frozen, {what}",
        figure="; ".join(f"{doubt.rule}: {doubt.reason}" for doubt in result.doubts) or "valid",
        bound=f"invalid by {_PAUSE}",
        ok=any(doubt.rule == _PAUSE for doubt in result.doubts),
    )


def _freeze(name: str, workload: Workload, machine: Machine, pids: Pids, times: int) -> _Frozen:
    """Run, and once more if a disturbed machine raised other doubts too.

    By itself a disturbance is no reason: it is far shorter than the freezes.
    """
    freezer = _freezer(workload, pids, times)
    seen = watch(load(name), workload, machine, freezer.on_start)
    if seen.disturbed and _own_doubts(seen):
        seen = watch(load(name), workload, machine, freezer.on_start)
    return _Frozen(seen=seen, freezer=freezer)


def _own_doubts(seen: Seen) -> set[str]:
    return {doubt.rule for doubt in seen.result.doubts} - MACHINE_RULES


def _freezer(workload: Workload, pids: Pids, times: int) -> Freezer:
    offsets_s = evenly(times, workload.duration, workload.warmup, _LENGTH_S)
    return Freezer(pids, offsets_s, _LENGTH_S)
