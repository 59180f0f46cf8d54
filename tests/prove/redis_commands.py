"""3.5: every Redis command with both clients, in one table: right replies only."""

from __future__ import annotations

from collections.abc import Iterator

from harness.cli.commands import at_rate
from harness.machine import Machine
from harness.measure.configuration import P50, configurations
from harness.measure.statistics import median
from harness.series import measure
from harness.workload import ClientKind, RedisCommand
from tests.prove.claim import Claim, doubts, us

_RUNS = 3
_COMMANDS = 15
"""As the issue counts them; both flushes also ASYNC."""


def prove(_machine: Machine) -> Iterator[Claim]:
    """Measure what ``abec commands`` measures at its rate."""
    series = measure(list(at_rate()), runs=_RUNS)
    rows = configurations(series)
    for row in rows:
        audits = [run.audit for run in row.runs]
        p50 = median(row.samples(P50))
        yield Claim(
            what=f"{row.workload.command}, {row.workload.client}",
            figure=f"{sum(one.delivered for one in audits):,} of "
            f"{sum(one.owed for one in audits):,} replies right; "
            f"p50 {'∞' if p50 is None else us(p50)}{doubts([] if row.valid else row.runs)}",
            bound="all right; valid",
            ok=row.valid and all(one.clean and one.owed for one in audits),
        )
    pairs = {(row.workload.command, row.workload.client) for row in rows}
    told = {command.partition("-")[0] for command, _ in pairs}
    yield Claim(
        what="commands × clients in the table",
        figure=f"{len(told)} commands, {len(pairs)} rows{'; '.join(series.refused.values())}",
        bound=f"{_COMMANDS} commands, {len(RedisCommand) * len(ClientKind)} rows",
        ok=len(told) == _COMMANDS and len(pairs) == len(RedisCommand) * len(ClientKind),
    )
