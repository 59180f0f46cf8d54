"""Single cells: one figure of one row, as every table writes it."""

from __future__ import annotations

from collections.abc import Callable

from harness.measure.configuration import Configuration, Metric
from harness.measure.statistics import FEWEST_RUNS, Estimate, estimate, median
from harness.report import units
from harness.result import Result


def interval(found: Estimate, write: Callable[[float | None], str]) -> str:
    """Write a median, and half its interval in percent where there are runs enough for one."""
    text = write(found.median)
    if found.n < FEWEST_RUNS or found.median is None:
        return text
    if found.high is None:
        return f"{text} ±{units.INFINITE}"
    return f"{text} ±{units.percent(found.half_width)}"


def latency(row: Configuration, metric: Metric) -> str:
    """Write a latency; ``–`` where too few messages lie beyond the percentile."""
    if not row.shows(metric):
        return units.ABSENT
    return interval(estimate(row.samples(metric)), units.seconds)


def cost(row: Configuration, metric: Metric) -> str:
    """Write a cost in seconds; ``–`` where it was not measured."""
    samples = row.samples(metric)
    return interval(estimate(samples), units.seconds) if samples else units.ABSENT


def throughput(row: Configuration) -> str:
    """Write the messages per second that were delivered to all."""
    return interval(estimate([run.achieved_rate for run in row.used]), units.rate)


def times_floor(multiple: float | None) -> str:
    """Write a multiple of the floor; ``–`` where there is none to give."""
    return units.ABSENT if multiple is None else units.times(multiple)


def lost(row: Configuration) -> str:
    """Write the lost deliveries of all runs together: none of them may hide in a median."""
    return units.count(sum(run.audit.lost for run in row.used))


def busiest_load(row: Configuration) -> str:
    """Write the generator's CPU in its busiest 100 ms of any run."""
    return units.percent(max(run.generator.cpu_peak for run in row.used))


def middle(row: Configuration, of: Callable[[Result], float]) -> float:
    """Give the median over runs of a figure that is always finite."""
    return median([of(run) for run in row.used]) or 0.0


def cores(row: Configuration) -> str:
    """Write the CPU seconds per second of all servers."""
    return units.significant(middle(row, lambda run: run.server.cores), 2)


def wire_bytes(row: Configuration) -> str:
    """Write payload bytes per message, towards the receivers and back; ``–`` if none count them."""
    if not _on_the_wire(row):
        return units.ABSENT
    into = middle(row, lambda run: run.wire.bytes_in)
    out = middle(row, lambda run: run.wire.bytes_out)
    return f"{units.count(into)} + {units.count(out)}"


def wire_segments(row: Configuration) -> str:
    """Write TCP segments per message, towards the receivers and back."""
    if not _on_the_wire(row):
        return units.ABSENT
    into = middle(row, lambda run: run.wire.segments_in)
    out = middle(row, lambda run: run.wire.segments_out)
    return " + ".join(units.significant(n, 3 if n >= 1 else 2) for n in (into, out))


def _on_the_wire(row: Configuration) -> bool:
    """Whether the kernel counted for a connection: none has TCP's counters at a socket file."""
    return any(run.wire.connections != 0 for run in row.used)


def connections(row: Configuration) -> str:
    """Write how many connections the receivers held; ``–`` where that was not counted."""
    counted = {run.wire.connections for run in row.used}
    if None in counted or not _on_the_wire(row):
        return units.ABSENT
    low, high = min(filter(None, counted), default=0), max(filter(None, counted), default=0)
    return units.count(low) if low == high else f"{units.count(low)}–{units.count(high)}"
