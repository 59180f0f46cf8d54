"""The page *How others would have told it*: one run with stops, told in six ways."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.measure import retold
from harness.measure.retold import Course, Told
from harness.report import units
from harness.report.pages import marks
from harness.report.pages.distribution import nines
from harness.report.pages.page import (
    Axis,
    Cell,
    Column,
    Curves,
    Figure,
    Line,
    MachineFacts,
    Retold,
    Row,
    State,
    Table,
    Teller,
    Unit,
)

Stalls = Sequence[tuple[int, int]]
SLICES = 100
"""Of the window, in the figure over time."""
_QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
_PER_NINE = 10
_TRUTH, _CLOSED, _CLOCK = "the truth", "a closed loop", "a millisecond clock"
_BEST, _MERGED, _WRK2 = "best of five", "a merged histogram", "wrk2"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """One way of telling, with its colour."""

    name: str
    colour: int
    told: Told
    why: str


def retold_page(
    run: Course, stalls: Stalls, asked: tuple[str, ...], machine: MachineFacts
) -> Retold:
    """Build the page of a run whose server stood still during ``stalls`` (ns of its clock)."""
    ways = tuple(_ways(run, stalls))
    return Retold(
        asked=asked,
        told=_told(run, stalls),
        summary=_summary(ways),
        tellers=tuple(Teller(name=way.name, why=way.why) for way in ways),
        figures=(_percentiles(ways), _over_time(run, ways), _parts(run)),
        machine=machine,
    )


def _told(run: Course, stalls: Stalls) -> str:
    held = int(np.count_nonzero(retold.held_up_ns(run, stalls)))
    lengths = dict.fromkeys(units.seconds((end - begin) / 1e9) for begin, end in stalls)
    implied = {
        name: units.seconds(retold.implied_s(run, stalls, q)) for name, q in _QUANTILES.items()
    }
    return (
        f"The server was stopped {len(stalls)} time{'s' * (len(stalls) != 1)} (SIGSTOP), for "
        f"{' or '.join(lengths)}. Of "
        f"{units.count(len(run.due_ns))} messages {units.count(held)} were due meanwhile "
        f"({units.percent(held / len(run.due_ns))}) and waited for it to go on. That alone, by the "
        f"due times and without looking at any arrival, implies a p90 of {implied['p90']}, a p99 "
        f"of {implied['p99']} and a maximum of {implied['max']} at least."
    )


def _ways(run: Course, stalls: Stalls) -> Iterable[_Way]:
    whole, cut = retold.truth(run), retold.parts(run)
    closed, clock, wrk2 = retold.closed_loop(run), retold.millisecond_clock(run), retold.wrk2(run)
    held = retold.begun_within(whole, stalls)
    yield _Way(
        name=_TRUTH,
        colour=1,
        told=whole,
        why="Every message counts from the moment it was due, whatever the server did meanwhile.",
    )
    yield _Way(
        name=_CLOSED,
        colour=2,
        told=closed,
        why="One message in flight, timed from when it is sent: while the server stands still, so "
        f"does the client. Of {units.count(held)} messages due in a stop it has "
        f"{units.count(retold.begun_within(closed, stalls))} (coordinated omission).",
    )
    dropped = len(run.due_ns) - len(clock.latency_ns)
    yield _Way(
        name=_CLOCK,
        colour=3,
        told=clock,
        why="Received − sent by clocks of whole milliseconds, and what reads 0 is dropped, as the "
        f"OpenMessaging Benchmark does: {units.count(dropped)} of {units.count(len(run.due_ns))} "
        "values are gone, all of them quick, so that the slow ones weigh more.",
    )
    p99s = ", ".join(units.seconds(part.quantile_s(0.99)) for part in cut)
    yield _Way(
        name=_BEST,
        colour=4,
        told=retold.best(cut),
        why="The window cut into five parts, as if each were a run, and the one with the lowest "
        f"p99 published. Their p99 are {p99s}: a stop that does not fall into every run is never "
        "told.",
    )
    poured = retold.merged(cut)
    low, high = (units.seconds(end) for end in retold.claimed_interval_s(poured, 0.99))
    yield _Way(
        name=_MERGED,
        colour=5,
        told=poured,
        why="All five parts in one histogram. The values are those of the truth, the certainty is "
        f"not: as {units.count(len(poured.latency_ns))} independent values its p99 would lie "
        f"between {low} and {high} (99 %), while the p99 of the five parts are {p99s}.",
    )
    slow_s = 0.005
    yield _Way(
        name=_WRK2,
        colour=6,
        told=wrk2,
        why="Timed from a schedule, so that stops are seen, but one request in flight: what waits "
        "behind a stop is sent one after another, and its timer waits in whole milliseconds. "
        f"Above {units.seconds(slow_s)} are {units.percent(_above(wrk2, slow_s))} of its values, "
        f"in truth {units.percent(_above(whole, slow_s))}.",
    )


def _above(told: Told, seconds: float) -> float:
    return float(np.mean(told.latency_ns > seconds * 1e9))


def _summary(ways: Sequence[_Way]) -> Table:
    return Table(
        columns=(
            Column(name="told by", words=True),
            *(Column(name=name, unit="s") for name in _QUANTILES),
            Column(name="values"),
        ),
        rows=tuple(
            Row(
                state=State.FLOOR if way.name == _TRUTH else State.VALID,
                cells=(
                    Cell(text=way.name, value=way.name),
                    *(
                        marks.cell(way.told.quantile_s(q), units.seconds)
                        for q in _QUANTILES.values()
                    ),
                    Cell(
                        text=units.count(len(way.told.latency_ns)), value=len(way.told.latency_ns)
                    ),
                ),
            )
            for way in ways
        ),
    )


def _percentiles(ways: Sequence[_Way]) -> Figure:
    grids = {way.name: _grid(len(way.told.latency_ns)) for way in ways}
    longest = max(grids.values(), key=len)
    values = {way.name: tuple(way.told.quantile_s(q) for q in grids[way.name]) for way in ways}
    return Figure(
        id="percentiles",
        title="One run, six tellers: latency by percentile",
        caption="Each nine has the same width; a line ends at its slowest value but one. The "
        "merged histogram lies on the truth.",
        drawing=Curves(
            x=Axis(label="percentile of the values told", unit=Unit.NINES),
            y=Axis(label="latency", unit=Unit.SECONDS, log=True),
            lines=tuple(
                _line(way, tuple(map(nines, grids[way.name])), values[way.name]) for way in ways
            ),
        ),
        table=_table(
            Column(name="percentile"),
            [Cell(text=f"{100 * q:.6g}", value=round(100 * q, 6)) for q in longest],
            ways,
            values,
        ),
        wide=True,
    )


def _grid(count: int) -> list[float]:
    """Give quantiles, evenly spaced in nines, up to the last that is not the maximum."""
    steps = (step / _PER_NINE for step in range(1, 6 * _PER_NINE))
    return [1 - 10**-step for step in steps if count * 10**-step >= 1]


def _over_time(run: Course, ways: Sequence[_Way]) -> Figure:
    shown = [way for way in ways if way.name in (_TRUTH, _CLOSED, _WRK2)]
    length_ns = (run.end_ns - run.start_ns) / SLICES
    seconds = tuple((place + 0.5) * length_ns / 1e9 for place in range(SLICES))
    values = {way.name: _highest(run, way.told) for way in shown}
    return Figure(
        id="over-time",
        title="The same run over time: the slowest value that began in each slice",
        caption=f"In {SLICES} slices of {units.seconds(length_ns / 1e9)}. A gap: nothing was sent, "
        "and so nothing is told.",
        drawing=Curves(
            x=Axis(label="time since the window's begin", unit=Unit.SECONDS),
            y=Axis(label="largest latency", unit=Unit.SECONDS, log=True),
            lines=tuple(_line(way, seconds, values[way.name]) for way in shown),
        ),
        table=_table(
            Column(name="from", unit="s"),
            [
                Cell(text=units.seconds(place * length_ns / 1e9), value=place * length_ns / 1e9)
                for place in range(SLICES)
            ],
            shown,
            values,
        ),
        wide=True,
    )


def _highest(run: Course, told: Told) -> tuple[float | None, ...]:
    """Give the largest latency (s) of what began in each slice; None where nothing did."""
    place = (told.at_ns - run.start_ns) * SLICES // (run.end_ns - run.start_ns)
    inside = (place >= 0) & (place < SLICES)
    highest = np.full(SLICES, -1, dtype=np.int64)
    np.maximum.at(highest, place[inside], told.latency_ns[inside])
    return tuple(None if value < 0 else value / 1e9 for value in highest.tolist())


def _parts(run: Course) -> Figure:
    cut = retold.parts(run)
    poured = retold.merged(cut)
    low, high = retold.claimed_interval_s(poured, 0.99)
    places = tuple(float(place) for place in range(len(cut)))
    own = tuple(part.quantile_s(0.99) for part in cut)
    length_s = (run.end_ns - run.start_ns) / 1e9 / retold.PARTS
    ticks = tuple(
        f"{units.span(place * length_s)} to {units.span((place + 1) * length_s)}"
        for place in range(len(cut))
    )

    def level(name: str, colour: int, value: float | None) -> Line:
        return Line(
            name=name,
            colour=colour,
            state=State.VALID,
            x=places,
            y=(value,) * len(cut),
        )

    return Figure(
        id="parts",
        title="Five parts of the window: p99 of each, and what is said of all",
        caption="The band is the 99 % interval that a merged histogram would claim.",
        drawing=Curves(
            x=Axis(label="part of the window", unit=Unit.PLACE, ticks=ticks),
            y=Axis(label="p99", unit=Unit.SECONDS, log=True),
            lines=(
                replace(level("each part", 1, None), y=own, marked=True),
                level(_BEST, 4, retold.best(cut).quantile_s(0.99)),
                replace(
                    level(_MERGED, 5, poured.quantile_s(0.99)),
                    low=(low,) * len(cut),
                    high=(high,) * len(cut),
                ),
            ),
        ),
        table=Table(
            columns=(
                Column(name="part", words=True),
                Column(name="p99", unit="s"),
                Column(name="values"),
            ),
            rows=tuple(
                Row(
                    cells=(
                        Cell(text=tick, value=tick),
                        marks.cell(value, units.seconds),
                        Cell(text=units.count(len(part.latency_ns)), value=len(part.latency_ns)),
                    )
                )
                for tick, value, part in zip(ticks, own, cut, strict=True)
            ),
        ),
        wide=True,
    )


def _line(way: _Way, x: tuple[float, ...], y: tuple[float | None, ...]) -> Line:
    return Line(
        name=way.name,
        colour=way.colour,
        state=State.VALID,
        x=x,
        y=y,
    )


def _table(
    first: Column,
    places: Sequence[Cell],
    ways: Sequence[_Way],
    values: dict[str, tuple[float | None, ...]],
) -> Table:
    """Give a line for each place, a column for each teller."""

    def at(name: str, place: int) -> Cell:
        value = values[name][place] if place < len(values[name]) else None
        absent = Cell(text=units.ABSENT)
        return absent if value is None else marks.cell(value, units.seconds)

    return Table(
        columns=(first, *(Column(name=way.name, unit="s") for way in ways)),
        rows=tuple(
            Row(cells=(cell, *(at(way.name, place) for way in ways)))
            for place, cell in enumerate(places)
        ),
    )
