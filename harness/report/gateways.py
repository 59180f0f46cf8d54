"""Sentences about several gateways: how they shared the work, and what a kill did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import digits

from harness.measure.configuration import Configuration
from harness.measure.statistics import median
from harness.report import units
from harness.report.columns import listed
from harness.result import Failover, Gateways
from harness.scaling import Backplane, Balancer
from harness.workload import Workload

_SEVERAL = {"gateway": "gateways"}


def gateway_lines(name: str, row: Configuration) -> list[str]:
    """Say what each gateway had and what each server cost, and what a kill did; else nothing."""
    found = [run.gateways for run in row.runs if run.gateways is not None]
    if not found:
        return []
    kills = [one.failover for one in found if one.failover is not None]
    return [_balance(name, row.workload, found), *([_kill(name, kills)] if kills else [])]


def set_up(workload: Workload) -> str:
    """Say what stands where: ``3 gateways, pubsub, behind caddy``."""
    return f"{count(workload)}, {around(workload)}"


def count(workload: Workload) -> str:
    """Say how many there are: ``3 gateways``."""
    return f"{workload.gateways} gateway{'s' * (workload.gateways != 1)}"


def around(workload: Workload) -> str:
    """Say what joins the gateways and what stands before them: ``pubsub, behind caddy``."""
    backplane = "no backplane" if workload.backplane is Backplane.NONE else workload.backplane
    balancer = (
        "no balancer" if workload.balancer is Balancer.NONE else f"behind {workload.balancer}"
    )
    return f"{backplane}, {balancer}"


def shares(found: Sequence[Gateways]) -> Mapping[str, float]:
    """Give the cores that each kind of server used, as medians over runs.

    Gateways count together, and so do the nodes of a Redis cluster.
    """
    kinds: dict[str, list[float]] = {}
    for one in found:
        used: dict[str, float] = {}
        for server, cores in one.cores.items():
            name = server.rstrip(digits)
            kind = _SEVERAL.get(name, name)
            used[kind] = used.get(kind, 0.0) + cores
        for kind, cores in used.items():
            kinds.setdefault(kind, []).append(cores)
    return {kind: median(cores) or 0.0 for kind, cores in kinds.items()}


def _balance(name: str, workload: Workload, found: Sequence[Gateways]) -> str:
    subscribers = [_span([one.subscribers[n] for one in found]) for n in _places(found)]
    delivered = [sum(one.deliveries[n] for one in found) for n in _places(found)]
    whole = sum(delivered) or 1
    parts = [f"{100 * part / whole:.0f}" for part in delivered]
    cores = [f"{kind} {cores:.2f}" for kind, cores in sorted(shares(found).items())]
    return (
        f"{name} ({set_up(workload)}): {listed(subscribers)} subscribers, "
        f"{listed(parts)} % of the deliveries; cores used: {', '.join(cores)}."
    )


def _kill(name: str, kills: Sequence[Failover]) -> str:
    often = "" if len(kills) == 1 else f" in each of {len(kills)} runs"
    away = sum(kill.clients for kill in kills)
    back = sum(kill.back for kill in kills)
    slowest = max((kill.slowest for kill in kills if kill.slowest is not None), default=None)
    when = "" if slowest is None else f", the last after {units.seconds(slowest)}"
    other = sum(kill.unexplained for kill in kills)
    return (
        f"{name}: a gateway was killed{often}, {units.count(away)} subscribers connected to it: "
        f"{units.count(back)} came back{when}; lost were "
        f"{units.count(sum(kill.gap for kill in kills))} deliveries while they were away, "
        f"{units.count(sum(kill.unreached for kill in kills))} that it took in and handed to "
        f"nobody{f', {units.count(other)} otherwise' if other else ''}."
    )


def _places(found: Sequence[Gateways]) -> range:
    return range(len(found[0].subscribers))


def _span(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return units.count(low) if low == high else f"{units.count(low)}–{units.count(high)}"
