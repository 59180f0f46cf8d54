"""4.4: three gateways, 300 subscribers; one of them killed; what balancer and backplane add."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.cli.scale import at_rate
from harness.errors import NotMeasured
from harness.machine import Machine
from harness.measure.statistics import FEWEST_RUNS, difference, median
from harness.queueing import Victim
from harness.report.gateways import set_up
from harness.result import Failover, Result
from harness.scaling import Backplane, Balancer
from harness.series import MOST_RERUNS, Cell, measure
from harness.workload import Workload
from tests.prove.claim import Claim, ms

SCALED = Workload(subscribers=300, rate=50.0)
KILLED = replace(SCALED, kill=Victim.GATEWAY)
TIMES = 5
RUNS = 8
_BACK_S = 3.0

_Parts = tuple[Backplane, Balancer]
"""What stands around one gateway."""


def killed(asked: Workload) -> tuple[Result, Failover]:
    """Kill one of the gateways under ``asked``."""
    # What is counted does not depend on how quiet the machine was.
    (found,) = _measured([asked], 1, most_reruns=0)
    if found.gateways is None or found.gateways.failover is None:
        raise NotMeasured("no gateway was killed")
    return found, found.gateways.failover


def as_promised(found: Result, kill: Failover) -> bool:
    """Whether all came back in time, and nothing was lost but what a channel must lose."""
    promised = not (found.workload.backplane.resumes and kill.gap)
    counted = found.audit.lost == kill.gap + kill.unreached
    return (
        promised
        and counted
        and not (kill.unexplained or found.audit.duplicated or found.audit.reordered)
        and 0 < kill.clients <= kill.back
        and (kill.slowest or _BACK_S) < _BACK_S
    )


def prove(_machine: Machine) -> Iterator[Claim]:
    """Measure it whole, with one gateway killed, and part by part."""
    for backplane in (Backplane.PUBSUB, Backplane.STREAMS, Backplane.SHARDED):
        runs = _measured([replace(SCALED, backplane=backplane)], 3)
        lost = sum(run.audit.lost for run in runs)
        valid = sum(run.valid for run in runs)
        balance = sorted(
            {count for run in runs if run.gateways for count in run.gateways.subscribers}
        )
        yield Claim(
            what=f"{backplane}: 3 gateways, 300 subscribers, 50 msg/s, {len(runs)} runs",
            figure=f"{valid} valid, {lost} lost, {balance} subscribers a gateway",
            bound="all valid, 0 lost",
            ok=valid == len(runs) and not lost,
        )
        kills = [
            killed(replace(KILLED, backplane=backplane, seed=number + 1)) for number in range(TIMES)
        ]
        gap = sum(kill.gap for _, kill in kills)
        yield Claim(
            what=f"{backplane}: a gateway killed, {TIMES} times",
            figure=f"lost in the gap {gap}, with the gateway "
            f"{sum(kill.unreached for _, kill in kills)}, otherwise "
            f"{sum(kill.unexplained for _, kill in kills)}; all back after "
            f"{ms(max(kill.slowest or 0.0 for _, kill in kills))}",
            bound=f"{'0 in' if backplane.resumes else 'only'} the gap, ≤ 3 s",
            ok=all(as_promised(*one) for one in kills) and (gap > 0) is not backplane.resumes,
        )
    yield from _added()


def _added() -> Iterator[Claim]:
    alone = [cell.workload for cell in at_rate(replace(SCALED, gateways=1))]
    yield from added(_measured(alone, RUNS))


def added(results: Sequence[Result]) -> Iterator[Claim]:
    """Give what each part adds to the row in which it alone is left out: valid runs alone tell."""
    runs_of: dict[_Parts, list[Result]] = {}
    for run in results:
        runs_of.setdefault((run.workload.backplane, run.workload.balancer), []).append(run)
    p50s = {
        parts: [run.delivery.p50 for run in runs if run.valid] for parts, runs in runs_of.items()
    }
    for parts, runs in runs_of.items():
        backplane, balancer = parts
        behind = (backplane if balancer is not Balancer.NONE else Backplane.NONE, Balancer.NONE)
        own, without = p50s[parts], p50s.get(behind, [])
        enough = min(len(own), len(without)) >= FEWEST_RUNS
        p50 = median(own) if own else None
        more = difference(without, own).value if enough else None
        adds = "" if parts == behind else f", adds {_figure(more)}"
        yield Claim(
            what=f"{set_up(runs[0].workload)}: {len(own)} of {len(runs)} runs valid"
            + ("" if parts == behind else f", {len(without)} without"),
            figure=f"p50 {_figure(p50)}{adds}",
            bound=f"measured, {FEWEST_RUNS} valid runs or more",
            ok=more is not None,
        )


def _figure(value: float | None) -> str:
    return "n/a" if value is None else ms(value)


def _measured(
    asked: Sequence[Workload], runs: int, most_reruns: int = MOST_RERUNS
) -> Sequence[Result]:
    cells = [Cell(pattern="websocket_scaled", workload=one) for one in asked]
    series = measure(cells, runs=runs, most_reruns=most_reruns)
    if series.refused:
        raise NotMeasured("; ".join(series.refused.values()))
    return series.results
