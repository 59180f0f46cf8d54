"""3.1: group_chat and collab, by every pattern that carries a group: valid, nothing lost."""

from __future__ import annotations

from collections.abc import Iterator

from harness.machine import Machine
from harness.measure.configuration import Configuration, configurations
from harness.measure.statistics import median
from harness.scenario import BUILT_IN
from harness.series import cells_of, measure
from tests.prove.claim import Claim, doubts, ms

_SCENARIOS = ("group_chat", "collab")
_RUNS = 3
_ONE_SOCKET = ("websocket",)
"""Patterns that need one connection a member; the others one for each way."""


def prove(_machine: Machine) -> Iterator[Claim]:
    """Measure what the scenarios name, interleaved."""
    for name in _SCENARIOS:
        workload = BUILT_IN[name].workload
        patterns = BUILT_IN[name].patterns
        series = measure(cells_of(patterns, workload), runs=_RUNS)
        for pattern, why in series.refused.items():
            yield Claim(what=f"{name}, {pattern}", figure=why, bound="measured", ok=False)
        rows = configurations(series)
        yield from (_claim(name, row) for row in rows)
        yield Claim(
            what=f"{name}: rows of the table",
            figure=", ".join(row.pattern for row in rows),
            bound=", ".join(sorted(patterns)),
            ok={row.pattern for row in rows} == set(patterns),
        )


def _claim(name: str, row: Configuration) -> Claim:
    members = row.workload.subscribers
    wanted = members * (1 if row.family in _ONE_SOCKET else 2)
    connections = sorted({run.wire.connections or 0 for run in row.runs})
    lost = sum(run.audit.lost for run in row.runs)
    owed = sum(run.audit.owed for run in row.runs)
    p50 = median([run.delivery.p50 for run in row.used])
    return Claim(
        what=f"{name}, {row.pattern}, {members} members",
        figure=f"{lost} of {owed:,} lost; connections {', '.join(map(str, connections))}; "
        f"p50 {'∞' if p50 is None else ms(p50)}{doubts([] if row.valid else row.runs)}",
        bound=f"0 lost, all clean; {wanted} connections; valid",
        ok=row.valid
        and all(run.audit.clean and run.audit.owed for run in row.runs)
        and connections == [wanted],
    )
