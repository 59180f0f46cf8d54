"""4.5: what TLS costs on both stacks: connections per second, p50 and KiB per connection."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness.cli.tls import DEFAULT, price
from harness.machine import Machine
from harness.measure.configuration import P50
from harness.measure.set_up import ABOUT_PACE, Connecting
from harness.measure.statistics import median
from harness.registry import load
from harness.report.tls import Key, Priced
from harness.workload import Workload
from tests.prove.claim import Claim, doubts, us

_RUNS = 5
_CONNECTIONS = 500
_WORKLOAD = Workload(rate=500.0, warmup=0.3, duration=2.1, poll_interval=1.0)


def prove(machine: Machine) -> Iterator[Claim]:
    """Measure what ``abec tls`` measures, by the same function."""
    with tempfile.TemporaryDirectory() as directory:
        priced, series, memory = price(
            [load(name) for name in DEFAULT],
            _WORKLOAD,
            _CONNECTIONS,
            _RUNS,
            Path(directory) / "priced.json",
            machine,
        )
    for pattern, why in (series.refused | memory.refused).items():
        yield Claim(what=pattern, figure=why, bound="measured", ok=False)
    yield from (_claim(priced, (name, tls)) for name in DEFAULT for tls in (False, True))
    agreed = sorted({run.context.tls for run in series.results if run.workload.tls})
    yield Claim(
        what="what clients and servers agreed on",
        figure="; ".join(agreed),
        bound="TLS 1.3, one cipher",
        ok=len(agreed) == 1 and agreed[0].startswith("TLSv1.3, "),
    )


def _claim(priced: Priced, key: Key) -> Claim:
    """Say what one row of the table holds; by TLS, connecting has to cost the server more.

    Where our client is the busier side, its pace is no figure and the server's CPU stands for it.
    """
    name, tls = key
    row = next((row for row in priced.latency if (row.pattern, row.workload.tls) == key), None)
    connecting, memory = priced.connecting[key], priced.memory.get(key)
    plain = priced.connecting[name, False]
    if row is None or memory is None or not (connecting.costed and plain.costed):
        return Claim(what=name, figure="not measured", bound="measured", ok=False)
    p50 = median(row.samples(P50))
    cpu = _server_cpu(connecting)
    more = not tls or cpu > _server_cpu(plain)
    return Claim(
        what=f"{name}, {'tls' if tls else 'plain'}",
        figure=f"{_pace(connecting)} at {us(cpu)} of the server's CPU each, which its core takes "
        f"{1 / cpu:,.0f} of a second; p50 {'∞' if p50 is None else us(p50)}; "
        f"{memory.process / 1024:.1f} + {memory.kernel / 1024:.1f} KiB"
        f"{doubts([] if row.valid else row.runs)}",
        bound="valid, nothing lost" + ("; the server's CPU above plain's" if tls else ""),
        ok=row.valid and more and all(run.audit.clean and run.audit.owed for run in row.runs),
    )


def _server_cpu(connecting: Connecting) -> float:
    return median([run.server_cpu for run in connecting.costed]) or 0.0


def _pace(connecting: Connecting) -> str:
    """Write the connections per second, or which rules leave none."""
    if connecting.paced:
        return f"{median([run.per_second for run in connecting.paced]):,.0f} connections/s"
    rules = {doubt.rule for run in connecting.doubted for doubt in run.doubts}
    return f"connections/s n/a ({', '.join(sorted(rules & ABOUT_PACE))})"
