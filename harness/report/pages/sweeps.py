"""Figures of lines over what a question turns: the poll interval, the number of gateways."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.measure.configuration import (
    CPU_PER_DELIVERY,
    CPU_PER_MESSAGE,
    P50,
    Configuration,
    far,
)
from harness.measure.statistics import estimate
from harness.report import units
from harness.report.pages import marks
from harness.report.pages.dots import Colours, of_runs
from harness.report.pages.marks import Measure
from harness.report.pages.page import (
    Axis,
    Cell,
    Column,
    Curves,
    Figure,
    Line,
    Row,
    State,
    Table,
    Unit,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turned:
    """What stands on the horizontal axis."""

    axis: Axis
    place: Callable[[Configuration], float]
    write: Callable[[float], str]


_INTERVAL = _Turned(
    axis=Axis(label="poll interval", unit=Unit.SECONDS, log=True),
    place=lambda row: row.workload.poll_interval,
    write=units.span,
)
_GATEWAYS = _Turned(
    axis=Axis(label="gateways", unit=Unit.COUNT),
    place=lambda row: row.workload.gateways,
    write=units.count,
)

_ByPattern = Mapping[str, Sequence[Configuration]]
"""Rows of each pattern, in the order of their places."""


def polling(name: str, rows: Sequence[Configuration], colours: Colours) -> tuple[Figure, ...]:
    """Show what each poll interval makes of latency and of cost."""
    mean = Measure(
        name="mean service latency",
        unit="s",
        samples=lambda row: [run.service.mean for run in row.used],
        write=units.seconds,
    )
    cost = marks.of_metric(CPU_PER_MESSAGE, units.seconds, name="server CPU per message")
    captions = {
        mean.name: "Grey: half of the interval, what polling imposes on average, whatever the "
        "server.",
        cost.name: "Empty polls included.",
    }
    return tuple(
        _over(
            _INTERVAL,
            rows,
            [measure],
            colours,
            name=f"{name}-{number}",
            title=f"Polling: {measure.name} over the interval",
            caption=captions[measure.name],
            y=Axis(label=measure.name, unit=Unit.SECONDS, log=True),
            beside=_half(rows) if measure is mean else (),
        )
        for number, measure in enumerate((mean, cost))
    )


def gateways(name: str, rows: Sequence[Configuration], colours: Colours) -> tuple[Figure, ...]:
    """Show what more gateways make of latency, or of a closed loop's throughput, and of cost."""
    tail = far(rows)
    if rows[0].workload.open_loop:
        what, unit = f"P50 and {tail.name}", Unit.SECONDS
        measures = [marks.of_metric(metric, units.seconds) for metric in (P50, tail)]
        axis = Axis(label="delivery latency", unit=unit, log=True)
    else:
        what, unit = "Throughput at saturation", Unit.RATE
        measures = [of_runs("throughput", "/s", lambda run: run.achieved_rate, units.rate)]
        axis = Axis(label="messages delivered to all, per second", unit=unit)
    cost = marks.of_metric(CPU_PER_DELIVERY, units.seconds, name="server CPU per delivery")
    return (
        _over(
            _GATEWAYS,
            rows,
            measures,
            colours,
            name=f"{name}-0",
            title=f"{what} over gateways",
            y=axis,
        ),
        _over(
            _GATEWAYS,
            rows,
            [cost],
            colours,
            name=f"{name}-1",
            title="Server CPU per delivered message over gateways",
            caption="Gateways, balancer and Redis together.",
            y=Axis(label="CPU time per delivery", unit=Unit.SECONDS),
        ),
    )


def _over(
    turned: _Turned,
    rows: Sequence[Configuration],
    measures: Sequence[Measure],
    colours: Colours,
    *,
    name: str,
    title: str,
    y: Axis,
    caption: str = "",
    beside: Sequence[Line] = (),
) -> Figure:
    by_pattern = _by_pattern(rows, turned)
    return Figure(
        id=name,
        title=title,
        caption=f"{caption} {marks.intervals(rows)}".lstrip(),
        drawing=Curves(
            x=turned.axis,
            y=y,
            lines=(*beside, *_lines(by_pattern, turned, measures, colours)),
        ),
        table=_table(by_pattern, turned, measures),
    )


def _by_pattern(rows: Sequence[Configuration], turned: _Turned) -> _ByPattern:
    found: dict[str, list[Configuration]] = {}
    for row in sorted(rows, key=lambda row: (row.pattern, turned.place(row))):
        found.setdefault(row.pattern, []).append(row)
    return found


def _half(rows: Sequence[Configuration]) -> tuple[Line, ...]:
    intervals = sorted(set(map(_INTERVAL.place, rows)))
    halves = tuple(interval / 2 for interval in intervals)
    return (
        Line(
            name="half of the interval",
            colour=0,
            state=State.FLOOR,
            x=tuple(intervals),
            y=halves,
        ),
    )


def _lines(
    by_pattern: _ByPattern, turned: _Turned, measures: Sequence[Measure], colours: Colours
) -> Iterable[Line]:
    """Give a line for each measure through what may be believed alike."""
    for pattern, own in by_pattern.items():
        for measure in measures:
            name = f"{pattern} {measure.name}" if len(measures) > 1 else pattern
            shown = [row for row in own if measure.samples(row)]
            for state in State:
                chosen = [row for row in shown if marks.state(row) is state]
                if chosen:
                    yield _through(chosen, turned, measure, name, colours)


def _through(
    rows: Sequence[Configuration], turned: _Turned, measure: Measure, name: str, colours: Colours
) -> Line:
    found = [estimate(measure.samples(row)) for row in rows]
    return Line(
        name=name,
        colour=colours[rows[0].family],
        state=marks.state(rows[0]),
        x=tuple(map(turned.place, rows)),
        y=tuple(one.median for one in found),
        low=tuple(one.low if marks.has_interval(one) else None for one in found),
        high=tuple(one.high if marks.has_interval(one) else None for one in found),
        marked=True,
    )


def _table(by_pattern: _ByPattern, turned: _Turned, measures: Sequence[Measure]) -> Table:
    return Table(
        columns=(
            Column(name="pattern", words=True),
            Column(name=turned.axis.label, unit=turned.axis.unit),
            *(column for measure in measures for column in marks.columns(measure)),
            Column(name="remark", words=True),
        ),
        rows=tuple(
            Row(
                state=marks.state(row),
                cells=(
                    Cell(text=row.pattern, value=row.pattern),
                    Cell(text=turned.write(turned.place(row)), value=turned.place(row)),
                    *(cell for measure in measures for cell in marks.cells(row, measure)),
                    Cell(text=marks.note(row), value=marks.note(row)),
                ),
            )
            for own in by_pattern.values()
            for row in own
        ),
    )
