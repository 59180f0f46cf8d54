"""``abec tls``: what TLS costs, each pattern without and with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import click

from harness.cli.answer import Answer, width
from harness.cli.options import complete_pattern
from harness.cli.parts import measure_part, part_path, part_paths
from harness.cli.run import count_of_runs, exit_code, new_result_path, typed_command
from harness.comparison import Part, comparison_steps, memory_slopes
from harness.errors import BadInput, Exit
from harness.handshakes import require_tellable, set_ups
from harness.machine import Machine, read_machine
from harness.measure.configuration import configurations
from harness.measure.connected import Connected, connected, save
from harness.measure.set_up import Connecting
from harness.pattern import Pattern
from harness.registry import encrypting, load
from harness.report.remarks import refusals
from harness.report.tls import Key, Priced, tls_report
from harness.result import Series
from harness.scenario import override
from harness.schema import to_json
from harness.series import Cell
from harness.workload import Exchange, Workload

_PARTS = ("connecting", "latency", "memory")
DEFAULT = ("rest", "rest@aiohttp", "sse", "sse@aiohttp", "websocket", "websocket@aiohttp")
_BASE = Workload(rate=500.0, warmup=0.3, duration=2.1, poll_interval=1.0)


@click.command(context_settings={"max_content_width": 100})
@click.argument("patterns", nargs=-1, shell_complete=complete_pattern)
@click.option("--connections", metavar="N", default="500", help="made at once, and held [500]")
@click.option("--rate", metavar="MSG/S", help="for the latency: messages per second [500]")
@click.option("--payload", metavar="BYTES", help="size of a message [256B]")
@click.option("--duration", metavar="TIME", help="window of the latency [2.1s]")
@click.option("--seed", metavar="N", help="of schedules and the order of runs [1]")
@click.option("--runs", metavar="N", default="5", help="independent runs of each [5]")
@click.option("--json", "as_json", is_flag=True, help="print what was measured as JSON")
def command(
    patterns: tuple[str, ...], connections: str, runs: str, as_json: bool, **options: Any
) -> int:
    """Measure PATTERNS without and with TLS: connections per second, latency, memory.

    \b
    Examples:
      abec tls
      abec tls websocket sse --connections 300 --runs 8

    Three questions a pattern: how fast connections are made where all come at once (set-up, with
    the CPU of both sides), how late a message is on an open one, and what an open one holds.
    Without names: rest, sse and websocket on both stacks, about 10 minutes. Where our own client
    was the busier side, or neither was busy, connections per second are n/a (exit code 3) and the
    CPU of both sides stands; abec doctor --rules has the rules. Connections and the two series of
    messages are saved as three files, or printed as one by --json; an ordinary `abec run … --tls`
    takes the same options as any other.
    """
    given = {field: value for field, value in options.items() if value is not None}
    workload = override(_BASE, given)
    chosen = [load(name) for name in patterns or DEFAULT]
    for pattern in chosen:
        if not pattern.encrypts:
            raise BadInput(
                "patterns", pattern.name, f"has no TLS; {', '.join(encrypting())} and kin do"
            )
    if not connections.isdigit():
        raise BadInput("--connections", connections, "must be a whole number; for example 500")
    base = new_result_path()
    priced, series, memory = price(
        chosen, workload, int(connections), count_of_runs(runs), base, read_machine()
    )
    saved = part_paths(base, _PARTS)
    if as_json:
        document = _document(priced.connecting, priced.connections)
        parts = zip(_PARTS, (document, series, memory), strict=True)
        text = "{" + ",\n".join(f'"{part}": {to_json(one)}' for part, one in parts) + "}"
    else:
        missing = [*refusals(series, width()), *refusals(memory, width())]
        told = "\n\n".join(filter(None, (tls_report(priced, width()), "\n".join(missing))))
        text = f"{told}\n\nsaved {saved}"
    Answer().give(text, saved)
    return exit_of(priced, series, memory)


def exit_of(priced: Priced, latency: Series, memory: Series) -> Exit:
    """Give 3 where a figure of the table is missing or invalid, otherwise 0."""
    sound = all(one.valid for one in priced.connecting.values())
    if memory.refused or not sound:
        return Exit.NOT_MEASURED
    return exit_code(latency)


def price(
    patterns: Sequence[Pattern],
    workload: Workload,
    connections: int,
    runs: int,
    base: Path,
    machine: Machine,
) -> tuple[Priced, Series, Series]:
    """Measure all three, interleaved each, and save each as it is there, beside ``base``.

    Give the figures, and both series behind them.
    """
    ways = [
        (pattern, replace(_carried(pattern, workload), tls=tls))
        for pattern, tls in product(patterns, (False, True))
    ]
    for way in ways:
        require_tellable(*way, connections)
    connecting = set_ups(ways, connections, runs, machine)
    save(_document(connecting, connections), part_path(base, "connecting"))
    latency = measure_part("latency", [_cell(*way) for way in ways], runs, base)
    held = [cell for way in ways for cell in _holding(*way, connections, machine)]
    memory = measure_part("memory", held, 1, base, most_reruns=0)
    slopes = {
        (name, tls): slope
        for tls in (False, True)
        for name, slope in memory_slopes(
            replace(memory, results=tuple(r for r in memory.results if r.workload.tls is tls))
        ).items()
    }
    return (
        Priced(
            connections=connections,
            connecting=connecting,
            latency=configurations(latency),
            memory=slopes,
        ),
        latency,
        memory,
    )


def _document(connecting: Mapping[Key, Connecting], connections: int) -> Connected:
    return connected(connecting, connections, typed_command())


def _carried(pattern: Pattern, workload: Workload) -> Workload:
    calls = Exchange.BROADCAST not in pattern.exchanges
    return replace(workload, exchange=Exchange.REQUEST_REPLY if calls else Exchange.BROADCAST)


def _cell(pattern: Pattern, workload: Workload) -> Cell:
    return Cell(pattern=pattern.name, workload=workload)


def _holding(
    pattern: Pattern, workload: Workload, connections: int, machine: Machine
) -> Sequence[Cell]:
    steps = comparison_steps(
        (pattern.name,),
        workload,
        machine,
        runs=1,
        saturation_concurrency=1,
        memory_sizes=(1, connections // 2, connections),
    )
    return [cell for step in steps if step.part is Part.MEMORY for cell in step.cells]
