"""What is watched of a cell while its library is varied: what that library can move."""

from __future__ import annotations

from collections.abc import Mapping

from harness.measure.configuration import (
    CLIENT_CPU_PER_DELIVERY,
    CPU_PER_DELIVERY,
    LOST,
    MEMORY_PER_CONNECTION,
    P50,
    P99,
    Metric,
)
from harness.measure.history import Acts
from harness.regress.gate import GateCell
from harness.regress.watched import WATCHED, Watched, carries
from harness.workload import ClientKind

_BY_METRIC: Mapping[str, Watched] = {one.metric.name: one for one in WATCHED}
_CLIENT_CPU = Watched(
    metric=CLIENT_CPU_PER_DELIVERY,
    threshold=_BY_METRIC[CPU_PER_DELIVERY.name].threshold,
    because="as the server's",
)


def acts(cell: GateCell) -> Acts:
    """Say where the library is varied in this cell: client, where libraries are clients."""
    return Acts.CLIENT if cell.workload.client is ClientKind.LIBRARY else Acts.SERVER


def watched(cell: GateCell) -> tuple[Watched, ...]:
    """Give what is watched, with the thresholds of the gate: times, CPU, memory, losses.

    CPU is that of the side where the library is; memory is the server's.
    """
    cpu = _BY_METRIC[CPU_PER_DELIVERY.name]
    own = [cpu, _of(MEMORY_PER_CONNECTION)] if acts(cell) is Acts.SERVER else [_CLIENT_CPU]
    every = (_of(P50), _of(P99), *own, _of(LOST))
    return tuple(one for one in every if carries(cell.workload, one.metric))


def _of(metric: Metric) -> Watched:
    return _BY_METRIC[metric.name]
