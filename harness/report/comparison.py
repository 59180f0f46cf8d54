"""What ``abec compare PATTERN…`` prints: one table for each question, and no mixing of blocks."""

from __future__ import annotations

from collections.abc import Sequence

from harness.measure.compare import Comparison
from harness.measure.configuration import (
    Configuration,
    by_workload,
    configurations,
    fans_out,
)
from harness.report.columns import WIDTH, joined
from harness.report.conclusion import closing
from harness.report.delivery import delivery_tables
from harness.report.implementations import implementation_table
from harness.report.journey import journey_tables
from harness.report.network import network_section, relay_line
from harness.report.question import TO_LAST, limits, question, saved, surroundings
from harness.report.remarks import hidden_tail_line, interval_line, refusals, remarks
from harness.report.sweeps import polling_curve, saturation_tables, throughput_section
from harness.workload import Exchange


def compare_report(comparison: Comparison, path_saved: str = "", width: int = WIDTH) -> str:
    """Answer which pattern delivers how late at what cost, and what of it the runs support."""
    rows = configurations(comparison.latency)
    parts = [
        part
        for alike in by_workload(comparison.latency)
        for part in _workload(alike, comparison, width)
    ]
    parts.append("\n".join(refusals(comparison.latency, width)))
    if comparison.saturation is not None:
        parts += saturation_tables(comparison.saturation, width)
    if comparison.polling is not None:
        parts += polling_curve(comparison.polling, width)
    if comparison.network is not None:
        parts += network_section(comparison.latency, comparison.network, width)
    parts += [implementation_table(rows, width), closing(comparison.latency, width)]
    every = (comparison.latency, comparison.saturation, comparison.polling, comparison.network)
    runs = [run for series in every if series is not None for run in series.results]
    parts.append(limits(runs, width) if runs else "")
    parts.append(saved(path_saved, width=width) if path_saved else "")
    return "\n\n".join(part for part in parts if part)


def _workload(rows: Sequence[Configuration], comparison: Comparison, width: int) -> list[str]:
    series = comparison.latency
    if not rows[0].workload.open_loop:
        return [surroundings(rows, width), throughput_section(rows, series, width)]
    notes = [
        "latencies from due to received",
        TO_LAST if fans_out(rows[0].workload) else "",
        "× floor by service latency p50",
        "in: towards the receivers, empty polls included"
        + "; out: also what members publish" * (rows[0].workload.exchange is Exchange.GROUP),
        "memory: servers + kernel, both ends of the socket" if comparison.memory else "",
        relay_line(rows),
        hidden_tail_line(rows),
        interval_line(rows),
    ]
    return [
        f"{question(rows, series, width)}\n{surroundings(rows, width)}",
        *delivery_tables(rows, comparison.memory, width),
        "\n".join([*remarks(rows, series, width), joined(notes, width)]),
        *journey_tables(rows, width),
    ]
