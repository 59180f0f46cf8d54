"""Figures of dots: patterns below one another, a dot with its interval for each number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.measure.configuration import (
    CPU_PER_DELIVERY,
    LAST_P50,
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
    Row,
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
    ranked = sorted(members, key=rank(measures[0]))
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
        drawing=drawing("delivery latency", Unit.SECONDS, ranked, measures, colours, log=True),
        table=table(ranked, [*measures, *last], extra, more),
        wide=True,
    )


def cpu(name: str, members: Sequence[Configuration], colours: Colours) -> Figure:
    """Show the servers' CPU time per delivery."""
    measures = [marks.of_metric(CPU_PER_DELIVERY, units.seconds, name="server CPU per delivery")]
    ranked = sorted(members, key=rank(measures[0]))
    return Figure(
        id=name,
        title="Server CPU per delivered message",
        caption=f"All server processes together, Redis included. {marks.intervals(members)}",
        drawing=drawing("CPU time per delivery", Unit.SECONDS, ranked, measures, colours),
        table=table(ranked, measures),
    )


def wire_bytes(name: str, members: Sequence[Configuration], colours: Colours) -> tuple[Figure, ...]:
    """Show TCP payload bytes per published message; nothing where no receiver's are counted."""
    members = [row for row in members if any(run.wire.connections != 0 for run in row.used)]
    if not members:
        return ()
    measures = [
        of_runs("towards the receivers", "B", lambda run: run.wire.bytes_in, units.size),
        of_runs("back", "B", lambda run: run.wire.bytes_out, units.size),
    ]
    ranked = sorted(members, key=rank(measures[0]))
    closed = not members[0].workload.open_loop
    also = " In a closed loop publishers share their process, and count too." * closed
    figure = Figure(
        id=name,
        title="Bytes on the wire per published message",
        caption=f"TCP payload at the receivers, empty polls included.{also} "
        f"{marks.intervals(members)}",
        drawing=drawing("TCP payload per message", Unit.BYTES, ranked, measures, colours),
        table=table(ranked, measures),
    )
    return (figure,)


def throughput(name: str, members: Sequence[Configuration], colours: Colours) -> Figure:
    """Show what a closed loop carried."""
    measures = [of_runs("throughput", "/s", lambda run: run.achieved_rate, units.rate)]
    ranked = sorted(members, key=rank(measures[0]), reverse=True)
    ranked.sort(key=lambda row: not row.is_floor)
    return Figure(
        id=name,
        title="Throughput at saturation",
        caption="Closed loop: not comparable with figures of an open loop. "
        f"{marks.intervals(members)}",
        drawing=drawing(
            "messages delivered to all, per second", Unit.RATE, ranked, measures, colours
        ),
        table=table(ranked, measures),
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
        drawing=drawing("delivery latency", Unit.SECONDS, chosen, measures, colours, log=True),
        table=table(chosen, [*measures, costs]),
        wide=True,
    )


def of_runs(name: str, unit: str, of: Callable[[Result], float], write: marks.Write) -> Measure:
    """Give the measure that is one number of each run that counts."""
    return Measure(
        name=name, unit=unit, samples=lambda row: [of(run) for run in row.used], write=write
    )


def rank(measure: Measure) -> Callable[[Configuration], tuple[bool, bool, bool, float]]:
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


def drawing(
    label: str,
    unit: Unit,
    rows: Sequence[Configuration],
    measures: Sequence[Measure],
    colours: Colours,
    *,
    log: bool = False,
) -> Dots:
    """Draw rows below one another, in this order, with a dot for each measure."""
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


def table(
    rows: Sequence[Configuration],
    measures: Sequence[Measure],
    extra: Sequence[Column] = (),
    more: Callable[[Configuration], tuple[Cell, ...]] = lambda _row: (),
) -> Table:
    """Give the data of such a drawing; ``more`` fills the columns of ``extra``."""
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
