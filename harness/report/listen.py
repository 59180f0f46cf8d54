"""What ``abec listen`` prints: arrivals of messages that somebody else published."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.measure.arrivals import Heard, spread
from harness.report import units
from harness.report.columns import WIDTH, Column, joined, paragraph, table
from harness.workload import Workload


def listen_report(
    pattern: str, workload: Workload, subscribers: Sequence[Heard], width: int = WIDTH
) -> str:
    """Give what subscribers got, and how far they differ from each other."""
    count = len(subscribers)
    asked = [
        f"{pattern} at {workload.url}",
        f"{units.count(count)} subscriber{'s' * (count != 1)}",
        f"{units.span(workload.duration)} after {units.span(workload.warmup)}",
        f"{workload.client} client",
    ]
    rows: list[tuple[str, list[float | None], Callable[[float], str]]] = [
        ("messages", [float(one.messages) for one in subscribers], units.count),
        ("rate", [one.messages_per_s for one in subscribers], units.rate),
        ("payload", [one.bytes_per_s for one in subscribers], _per_second),
        ("gap p50", [one.gap_p50 for one in subscribers], units.seconds),
        ("gap p99", [one.gap_p99 for one in subscribers], units.seconds),
        ("longest gap", [one.longest_gap for one in subscribers], units.seconds),
    ]
    lines = []
    for name, values, show in rows:
        found = spread(values)
        cells = [units.ABSENT] * 3 if found is None else [show(value) for value in found]
        lines.append([name, *cells])
    heading = [Column("per subscriber"), Column("least"), Column("middle"), Column("most")]
    note = (
        "Nothing here is a latency: who published, and when, is not known. A gap is the time "
        "between one arrival and the next; the longest includes the window's beginning and end."
    )
    return "\n".join(
        [joined(asked, width), table(heading, lines, width), "", paragraph(note, width=width)]
    )


def _per_second(size: float) -> str:
    return f"{units.size(size)}/s"
