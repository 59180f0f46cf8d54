"""Figures of dots: what a connection takes of memory, by one size, and by a slope over several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.measure.compare import MemoryPerConnection
from harness.measure.configuration import (
    FEWEST_CONNECTIONS,
    MEMORY_PER_CONNECTION,
    Configuration,
)
from harness.report import units
from harness.report.pages import dots, marks
from harness.report.pages.dots import Colours
from harness.report.pages.page import (
    Axis,
    Cell,
    Column,
    DotRow,
    Dots,
    Figure,
    Point,
    Row,
    State,
    Table,
    Unit,
)


def held(
    name: str, members: Sequence[Configuration], colours: Colours, each: str = "connection"
) -> tuple[Figure, ...]:
    """Show what each holder of connections takes, by runs of one size; nothing of too few."""
    measure = marks.of_metric(MEMORY_PER_CONNECTION, units.size, unit="B")
    members = [row for row in members if measure.samples(row)]
    if not members:
        return ()
    ranked = sorted(members, key=dots.rank(measure))
    sizes = sorted({row.workload.receivers for row in members})
    held = " or ".join(map(units.count, sizes))
    return (
        Figure(
            id=name,
            title=f"Memory per {each}",
            caption="What the servers' own processes (PSS) grew by since they were ready, over "
            f"{held} {each}s; the kernel's sockets are not in it. Not shown under "
            f"{units.count(FEWEST_CONNECTIONS)} {each}s. {marks.intervals(members)}",
            drawing=dots.drawing(f"memory per {each}", Unit.BYTES, ranked, [measure], colours),
            table=dots.table(ranked, [measure]),
        ),
    )


def by_slope(
    name: str, slopes: Mapping[str, MemoryPerConnection], colours: Colours, each: str = "connection"
) -> Figure:
    """Show what one more connection takes, or one more of ``each`` who may hold two."""
    parts = {pattern: (own.process, own.kernel) for pattern, own in slopes.items()}
    ranked = sorted(
        parts, key=lambda pattern: (parts[pattern][0] is None, parts[pattern][0] or 0.0)
    )
    names = ("server process", "kernel, both ends")
    rows = tuple(
        DotRow(
            name=pattern,
            colour=colours[pattern.partition("@")[0]],
            state=State.VALID,
            points=tuple(
                None
                if value is None
                else Point(value=value, hover=f"{pattern}: {what} {units.size(value)}")
                for what, value in zip(names, parts[pattern], strict=True)
            ),
        )
        for pattern in ranked
    )
    return Figure(
        id=name,
        title=f"Memory per {each}",
        caption=f"Slope over numbers of {each}s, one run for each number; no interval. PSS of "
        "the servers, and apart from it what the kernel holds for both ends of the socket.",
        drawing=Dots(
            axis=Axis(label=f"memory per {each}", unit=Unit.BYTES), series=names, rows=rows
        ),
        table=Table(
            columns=(
                Column(name="pattern", words=True),
                *(Column(name=n, unit="B") for n in names),
            ),
            rows=tuple(
                Row(
                    cells=(
                        Cell(text=pattern, value=pattern),
                        *(Cell(text=units.size(v), value=v) for v in parts[pattern]),
                    )
                )
                for pattern in ranked
            ),
        ),
        wide=True,
    )
