"""Sentences about queues: how many messages waited in them, and what a kill did to these."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from harness.measure.configuration import Configuration
from harness.queueing import Victim
from harness.report import units
from harness.result import Kill, QueueDepth

_STEPS = "▁▂▃▄▅▆▇█"
_POINTS = 24
_WORTH_TELLING_S = 0.05
"""A queue is remarked on from so many seconds' worth of messages."""
_FEWEST_WAITING = 20
_HOLDS = " These counts hold: what makes the run invalid is about times."


def deepest(row: Configuration) -> QueueDepth | None:
    """Give the queue of the run in which it grew most; None where nobody looked."""
    depths = [run.depth for run in row.used if run.depth is not None and run.depth.waiting]
    return max(depths, key=lambda depth: max(depth.waiting), default=None)


def grew(depth: QueueDepth, rate: float | None) -> bool:
    """Whether more messages waited than wait anyway at ``rate``."""
    return max(depth.waiting) >= max(_FEWEST_WAITING, _WORTH_TELLING_S * (rate or 0))


def depth_line(name: str, row: Configuration) -> str:
    """Say how the queue grew, in the run in which it grew most; empty if it did not."""
    depth = deepest(row)
    if depth is None or not grew(depth, row.workload.rate):
        return ""
    left = "" if depth.left is None else f", {units.count(depth.left)} left at the end"
    return (
        f"{name}: up to {units.count(max(depth.waiting))} messages in Redis {sparkline(depth)} "
        f"over {units.span(round(depth.at[-1] - depth.at[0], 1))}{left}{_writing(depth)}."
    )


def sparkline(depth: QueueDepth) -> str:
    """Draw the queue over time, each mark the deepest of its part: ``▁▂▅█▃``."""
    points = min(_POINTS, len(depth.waiting))
    most = max(depth.waiting)
    edges = [len(depth.waiting) * point // points for point in range(points + 1)]
    parts = [max(depth.waiting[low:high]) for low, high in pairwise(edges)]
    return "".join(_STEPS[part * (len(_STEPS) - 1) // max(1, most)] for part in parts)


def kill_line(name: str, row: Configuration) -> str:
    """Say what became of the messages where somebody was killed; empty where nobody was."""
    kills = [run.kill for run in row.runs if run.kill is not None]
    if not kills:
        return ""
    lost, repeated = sum(kill.lost for kill in kills), sum(kill.repeated for kill in kills)
    known = [kill.latest for kill in kills if kill.latest is not None]
    late = f"the latest came {units.seconds(max(known))} after it was due" if known else "none came"
    return (
        f"{name}: {_who(kills)}: {units.count(lost)} lost, {units.count(repeated)} repeated; "
        f"{_back(kills)}, {late}.{_HOLDS * (not row.valid)}"
    )


def _who(kills: Sequence[Kill]) -> str:
    often = "" if len(kills) == 1 else f" in each of {len(kills)} runs"
    if kills[0].victim is Victim.CONSUMER:
        held = sum(kill.held for kill in kills)
        jobs = f"{units.count(held)} message{'s' * (held != 1)}"
        return f"a consumer was killed at work{often}, {jobs} in its hands"
    waiting = units.count(sum(kill.waiting or 0 for kill in kills))
    return f"Redis was killed{often}, {waiting} confirmed messages waiting in it"


def _back(kills: Sequence[Kill]) -> str:
    slowest = units.seconds(max(kill.back for kill in kills))
    if kills[0].victim is Victim.CONSUMER:
        return f"its successor delivered after {slowest}"
    return f"it answered again after {slowest}"


def _writing(depth: QueueDepth) -> str:
    if not any(depth.writing):
        return ""
    share = sum(depth.writing) / len(depth.writing)
    return f"; it wrote a snapshot or its log anew in {units.significant(100 * share, 2)} % of that"
