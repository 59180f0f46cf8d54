"""``abec scale``: what a balancer and a backplane add to WebSockets, and what more gateways do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import click

from harness.cli.answer import Answer, width
from harness.cli.parts import measure_part, part_paths
from harness.cli.run import count_of_runs, exit_code, new_result_path
from harness.errors import BadInput
from harness.report.scale import scale_report
from harness.scaling import Backplane, Balancer
from harness.scenario import override
from harness.series import Cell
from harness.workload import Workload

_PATTERN = "websocket_scaled"
_BASE = Workload(subscribers=300, rate=50.0, duration=5.0, gateways=4)
_IN_FLIGHT = 4
_CLOSED_S = 3.0


@click.command(context_settings={"max_content_width": 100})
@click.option("--subscribers", metavar="N", help="subscribers over all gateways [300]")
@click.option("--rate", metavar="MSG/S", help="messages per second [50]")
@click.option("--payload", metavar="BYTES", help="size of a message [256B]")
@click.option("--gateways", metavar="N", help="the most gateways, 2 or more [4]")
@click.option("--backplane", metavar="NAME", help="that joins more than one [pubsub]")
@click.option("--balancer", metavar="NAME", help="caddy, haproxy or nginx [caddy]")
@click.option("--client", metavar="NAME", help="wire or library [wire]")
@click.option("--duration", metavar="TIME", help="window at that rate, 44s shows p99 [5s]")
@click.option("--seed", metavar="N", help="of schedules and the order of runs [1]")
@click.option("--runs", metavar="N", default="1", help="independent runs of each [1]")
def command(runs: str, **options: Any) -> int:
    """Measure what a load balancer and a Redis backplane add, and latency against gateways.

    \b
    Examples:
      abec scale
      abec scale --backplane sharded --balancer nginx --runs 8

    One gateway is measured without either, with each backplane, with the balancer, and with
    balancer and backplane: what each adds is the difference to the row in which it alone is left
    out. Then 1 to N gateways with both, at the rate, and in a closed loop for the throughput.
    About 2 minutes with one run each. What could not be measured is named below the tables (exit
    code 3).
    """
    given = {field: value for field, value in options.items() if value is not None}
    workload = override(_BASE, given)
    if workload.gateways < 2:
        raise BadInput("--gateways", workload.gateways, "must be 2 or more; for example 4")
    if workload.balancer is Balancer.NONE or workload.backplane is Backplane.NONE:
        field = "balancer" if workload.balancer is Balancer.NONE else "backplane"
        raise BadInput(f"--{field}", "none", "what it adds is asked; name one, or leave it out")
    base, times = new_result_path(), count_of_runs(runs)
    latency = measure_part("latency", list(at_rate(workload)), times, base)
    closed = measure_part("saturation", list(in_flight(workload)), times, base)
    saved = part_paths(base, ("latency", "saturation"))
    Answer().give(f"{scale_report(latency, closed, width())}\n\nsaved {saved}", saved)
    return max(exit_code(latency), exit_code(closed))


def at_rate(workload: Workload) -> Iterator[Cell]:
    """Give one gateway with and without what stands around it, then several."""
    alone = replace(workload, gateways=1)
    for balancer in (Balancer.NONE, workload.balancer):
        for backplane in Backplane:
            yield _cell(replace(alone, balancer=balancer, backplane=backplane))
    for gateways in range(2, workload.gateways + 1):
        yield _cell(replace(workload, gateways=gateways))


def in_flight(workload: Workload) -> Iterator[Cell]:
    """Give 1 to all gateways in a closed loop."""
    for gateways in range(1, workload.gateways + 1):
        yield _cell(
            replace(
                workload,
                gateways=gateways,
                rate=None,
                concurrency=_IN_FLIGHT,
                duration=_CLOSED_S,
            )
        )


def _cell(workload: Workload) -> Cell:
    return Cell(pattern=_PATTERN, workload=workload)
