"""Figures of dots: patterns below one another, a dot with its interval for each number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.measure.compare import MemoryPerConnection
from harness.measure.configuration import (
    CPU_PER_DELIVERY,
    FEWEST_CONNECTIONS,
    LAST_P50,
    MEMORY_PER_CONNECTION,
    P50,
    Configuration,
    fans_out,
    far,
    times_floor,
)
from harness.measure.statistics import median
from harness.report import units
from harness.report.pages import marks
from harness.report.pages.marks import Measure
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
from harness.result import Result

Colours = Mapping[str, int]
"""Which colour a family has, on the whole page."""


def latency(
    name: str, members: Sequence[Configuration], among: Sequence[Configuration], colours: Colours
) -> Figure:
    """Show median and tail of delivery latency; ``among`` has the rows of all blocks."""
    tail = far(among)
    measures = [marks.of_metric(metric, units.seconds) for metric in (P50, tail)]
    last = [marks.of_metric(LAST_P50, units.seconds)] if fans_out(members[0].workload) else []
    ranked = sorted(members, key=_by(measures[0]))
    extra = (Column(name="× floor"), Column(name="lost"))
    floored = any(row.is_floor for row in members)

    def more(row: Configuration) -> tuple[Cell, ...]:
        multiple = times_floor(row, among)
        lost = sum(run.audit.lost for run in row.used)
        return (
            Cell(text=units.ABSENT if multiple is None else units.times(multiple), value=multiple),
            Cell(text=units.count(lost), value=lost),
        )

    return Figure(
        id=name,
        title=f"Delivery latency, p50 and {tail.name}",
        caption=" ".join(
            (
                "From due to received; log axis.",
                *(("The dashed line is the floor's p50.",) if floored else ()),
                marks.intervals(members),
                *(("× floor is by service latency.",) if floored else ()),
            )
        ),
        drawing=_dots("delivery latency", Unit.SECONDS, ranked, measures, colours, log=True),
        table=_table(ranked, [*measures, *last], extra, more),
        wide=True,
    )


def cpu(name: str, members: Sequence[Configuration], colours: Colours) -> Figure:
    """Show the servers' CPU time per delivery."""
    measures = [marks.of_metric(CPU_PER_DELIVERY, units.seconds, name="server CPU per delivery")]
    ranked = sorted(members, key=_by(measures[0]))
    return Figure(
        id=name,
        title="Server CPU per delivered message",
        caption=f"All server processes together, Redis included. {marks.intervals(members)}",
        drawing=_dots("CPU time per delivery", Unit.SECONDS, ranked, measures, colours),
        table=_table(ranked, measures),
    )


def wire_bytes(name: str, members: Sequence[Configuration], colours: Colours) -> tuple[Figure, ...]:
    """Show TCP payload bytes per published message; nothing where no receiver's are counted."""
    members = [row for row in members if any(run.wire.connections != 0 for run in row.used)]
    if not members:
        return ()
    measures = [
        _of_runs("towards the receivers", "B", lambda run: run.wire.bytes_in, units.size),
        _of_runs("back", "B", lambda run: run.wire.bytes_out, units.size),
    ]
    ranked = sorted(members, key=_by(measures[0]))
    closed = not members[0].workload.open_loop
    also = " In a closed loop publishers share their process, and count too." * closed
    figure = Figure(
        id=name,
        title="Bytes on the wire per published message",
        caption=f"TCP payload at the receivers, empty polls included.{also} "
        f"{marks.intervals(members)}",
        drawing=_dots("TCP payload per message", Unit.BYTES, ranked, measures, colours),
        table=_table(ranked, measures),
    )
    return (figure,)


def held_memory(
    name: str, members: Sequence[Configuration], colours: Colours, each: str = "connection"
) -> tuple[Figure, ...]:
    """Show what each holder of connections takes, by runs of one size; nothing of too few."""
    measure = marks.of_metric(MEMORY_PER_CONNECTION, units.size, unit="B")
    members = [row for row in members if measure.samples(row)]
    if not members:
        return ()
    ranked = sorted(members, key=_by(measure))
    sizes = sorted({row.workload.receivers for row in members})
    held = " or ".join(map(units.count, sizes))
    return (
        Figure(
            id=name,
            title=f"Memory per {each}",
            caption="What the servers' own processes (PSS) grew by since they were ready, over "
            f"{held} {each}s; the kernel's sockets are not in it. Not shown under "
            f"{units.count(FEWEST_CONNECTIONS)} {each}s. {marks.intervals(members)}",
            drawing=_dots(f"memory per {each}", Unit.BYTES, ranked, [measure], colours),
            table=_table(ranked, [measure]),
        ),
    )


def throughput(name: str, members: Sequence[Configuration], colours: Colours) -> Figure:
    """Show what a closed loop carried."""
    measures = [_of_runs("throughput", "/s", lambda run: run.achieved_rate, units.rate)]
    ranked = sorted(members, key=_by(measures[0]), reverse=True)
    ranked.sort(key=lambda row: not row.is_floor)
    return Figure(
        id=name,
        title="Throughput at saturation",
        caption="Closed loop: not comparable with figures of an open loop. "
        f"{marks.intervals(members)}",
        drawing=_dots(
            "messages delivered to all, per second", Unit.RATE, ranked, measures, colours
        ),
        table=_table(ranked, measures),
        wide=True,
    )


def implementations(name: str, rows: Sequence[Configuration], colours: Colours) -> Figure | None:
    """Show all implementations of patterns that have several; None where none has."""
    families = [row.family for row in rows if not row.is_floor]
    several = sorted({family for family in families if families.count(family) > 1})
    if not several:
        return None
    tail = far(rows)
    measures = [marks.of_metric(metric, units.seconds) for metric in (P50, tail)]
    costs = marks.of_metric(CPU_PER_DELIVERY, units.seconds, name="server CPU per delivery")
    chosen = [
        row
        for family in several
        for row in sorted((r for r in rows if r.family == family), key=lambda r: r.implementation)
    ]
    return Figure(
        id=name,
        title=f"Implementations of one pattern, p50 and {tail.name}",
        caption="What a library or framework makes of the same pattern; no verdict is drawn from "
        f"it. {marks.intervals(chosen)}",
        drawing=_dots("delivery latency", Unit.SECONDS, chosen, measures, colours, log=True),
        table=_table(chosen, [*measures, costs]),
        wide=True,
    )


def memory(
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
                None if value is None else _plain(value, f"{pattern}: {what} {units.size(value)}")
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


def _of_runs(name: str, unit: str, of: Callable[[Result], float], write: marks.Write) -> Measure:
    return Measure(
        name=name, unit=unit, samples=lambda row: [of(run) for run in row.used], write=write
    )


def _by(measure: Measure) -> Callable[[Configuration], tuple[bool, bool, bool, float]]:
    """Order rows by a measure: the floor first, what is in no ranking last."""

    def key(row: Configuration) -> tuple[bool, bool, bool, float]:
        samples = measure.samples(row)
        value = median(samples) if samples else None
        return (
            not row.is_floor,
            not row.valid,
            row.saturated,
            float("inf") if value is None else value,
        )

    return key


def _dots(
    label: str,
    unit: Unit,
    rows: Sequence[Configuration],
    measures: Sequence[Measure],
    colours: Colours,
    *,
    log: bool = False,
) -> Dots:
    return Dots(
        axis=Axis(label=label, unit=unit, log=log),
        series=tuple(measure.name for measure in measures),
        rows=tuple(
            DotRow(
                name=row.pattern,
                colour=colours[row.family],
                state=marks.state(row),
                points=tuple(marks.point(row, measure) for measure in measures),
            )
            for row in rows
        ),
    )


def _table(
    rows: Sequence[Configuration],
    measures: Sequence[Measure],
    extra: Sequence[Column] = (),
    more: Callable[[Configuration], tuple[Cell, ...]] = lambda _row: (),
) -> Table:
    return Table(
        columns=(
            Column(name="pattern", words=True),
            *(column for measure in measures for column in marks.columns(measure)),
            *extra,
            Column(name="runs"),
            Column(name="state", words=True),
            Column(name="remark", words=True),
        ),
        rows=tuple(
            Row(
                state=marks.state(row),
                cells=(
                    Cell(text=row.pattern, value=row.pattern),
                    *(c for measure in measures for c in marks.cells(row, measure)),
                    *more(row),
                    Cell(text=str(len(row.used)), value=len(row.used)),
                    Cell(text=marks.state(row), value=marks.state(row)),
                    Cell(text=marks.note(row), value=marks.note(row)),
                ),
            )
            for row in rows
        ),
    )


def _plain(value: float, hover: str) -> Point:
    return Point(value=value, low=None, high=None, level=0.0, hover=hover)
