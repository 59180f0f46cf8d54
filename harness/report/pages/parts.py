"""From saved series to what becomes a section each: which rows, of what kind, in which scenario."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from harness.measure.compare import MemoryPerConnection
from harness.measure.configuration import Configuration, asked_of, by_workload, configurations
from harness.report.pages.names import base, machine_of, scenario_name, typed_scenario
from harness.report.question import traffic
from harness.result import Series
from harness.scenario import BUILT_IN
from harness.workload import Workload

_MEMORY = "memory per connection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One saved series, and what was fitted to it."""

    name: str
    """The file, as its reader typed it; not published."""
    series: Series
    memory: Mapping[str, MemoryPerConnection] = field(default_factory=dict)
    """By pattern, where the series is one over numbers of connections."""


class Kind(IntEnum):
    """What a section is about, in the order in which they follow one another."""

    LATENCY = 0
    THROUGHPUT = 1
    POLLING = 2
    GATEWAYS = 3
    MEMORY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One section to be made."""

    kind: Kind
    source: Source
    rows: tuple[Configuration, ...]
    scenario: str

    @property
    def beyond_name(self) -> str:
        """The traffic, where the scenario's name does not begin with it; else nothing."""
        about = traffic(asked_of(self.rows))
        return "" if self.scenario.startswith(about) else about


def parts_of(sources: Sequence[Source]) -> list[Part]:
    """Give all parts: scenarios one after another, and within each what belongs to it."""
    parts = _under_one_name([part for source in sources for part in _parts(source)])
    parts = [*parts, *_polling_over_files(parts), *_over_gateways(parts)]
    return sorted(parts, key=_order([part.scenario for part in parts]))


def _parts(source: Source) -> list[Part]:
    series = source.series
    grouped = by_workload(series)
    if source.memory:
        rows = configurations(series)
        name = typed_scenario(series.command) or _MEMORY
        name += ", by TLS" * asked_of(rows).tls
        return [Part(kind=Kind.MEMORY, source=source, rows=rows, scenario=name)]
    if _is_curve(series):
        rows = tuple(row for group in grouped for row in group if row.polls)
        return [Part(kind=Kind.POLLING, source=source, rows=rows, scenario=_of(rows, series))]
    return [
        Part(
            kind=Kind.LATENCY if group[0].workload.open_loop else Kind.THROUGHPUT,
            source=source,
            rows=tuple(group),
            scenario=_of(group, series),
        )
        for group in grouped
    ]


def _order(scenarios: Sequence[str]) -> Callable[[Part], tuple[bool, int, bool, int, Kind]]:
    """Give the order of parts: built-in scenarios first, each before what is a variation of it."""
    met = list(dict.fromkeys(scenarios))
    roots = list(dict.fromkeys(map(base, met)))

    def key(part: Part) -> tuple[bool, int, bool, int, Kind]:
        root = base(part.scenario)
        known = list(BUILT_IN).index(root) if root in BUILT_IN else -1
        place = known if known >= 0 else roots.index(root)
        return known < 0, place, part.scenario != root, met.index(part.scenario), part.kind

    return key


def _under_one_name(parts: Sequence[Part]) -> list[Part]:
    """Put what one command measured beside its latencies under the scenario of these.

    Memory is held under a light load of its own, without any network.
    """
    plain_first = sorted(parts, key=lambda part: asked_of(part.rows).networked)
    names: dict[tuple[str, Workload | tuple[str, bool]], str] = {}
    for part in (part for part in plain_first if part.kind is Kind.LATENCY):
        workload, command = asked_of(part.rows), part.source.series.command
        names.setdefault((command, _without_load(workload)), part.scenario)
        names.setdefault((command, (workload.exchange, workload.tls)), part.scenario)

    def named(part: Part) -> str:
        workload, command = asked_of(part.rows), part.source.series.command
        held = part.kind is Kind.MEMORY
        asked = (workload.exchange, workload.tls) if held else _without_load(workload)
        return names.get((command, asked), part.scenario)

    return [
        part if part.kind is Kind.LATENCY else replace(part, scenario=named(part)) for part in parts
    ]


def _without_load(workload: Workload) -> Workload:
    """Give the workload without what an open and a closed loop of one scenario differ by."""
    plain = Workload()
    return replace(
        replace(workload, workers_gone=plain.workers_gone).essence,
        rate=plain.rate,
        concurrency=plain.concurrency,
        poll_interval=plain.poll_interval,
    )


def _of(rows: Sequence[Configuration], series: Series) -> str:
    """Name the scenario of rows; a curve's own is that of its middle interval."""
    workload = replace(asked_of(rows), poll_interval=_usual_interval(rows))
    return scenario_name(workload, series.command, polls=any(row.polls for row in rows))


def _usual_interval(rows: Sequence[Configuration]) -> float:
    """Give the middle one of a curve's intervals, which is the scenario's own."""
    intervals = sorted({row.workload.poll_interval for row in rows})
    return intervals[len(intervals) // 2]


def _is_curve(series: Series) -> bool:
    """Whether a pattern was measured under several poll intervals."""
    seen: dict[tuple[str, Workload], set[float]] = {}
    for run in series.results:
        key = (run.pattern, _without_interval(run.workload))
        seen.setdefault(key, set()).add(run.workload.poll_interval)
    return any(len(intervals) > 1 for intervals in seen.values())


def _polling_over_files(parts: Sequence[Part]) -> list[Part]:
    """Draw a curve through several files' intervals, where no file has a curve of its own."""
    grouped: dict[tuple[str, Workload], list[Part]] = {}
    for part in parts:
        if part.kind is Kind.LATENCY and any(row.polls for row in part.rows):
            workload = _without_interval(asked_of(part.rows))
            key = (machine_of(part.source.series).fingerprint, workload)
            grouped.setdefault(key, []).append(part)
    curves_of_own = {part.scenario for part in parts if part.kind is Kind.POLLING}
    made = []
    for together in grouped.values():
        latest: dict[tuple[str, float], Configuration] = {}
        for row in (row for part in together for row in part.rows if row.polls):
            latest[row.pattern, row.workload.poll_interval] = row
        several = len({interval for _, interval in latest}) > 1
        rows = tuple(latest.values())
        scenario = _of(rows, together[0].source.series)
        if several and scenario not in curves_of_own:
            made.append(_curve(together, Kind.POLLING, rows, scenario))
    return made


def _over_gateways(parts: Sequence[Part]) -> list[Part]:
    """Draw a curve through what differs by its number of gateways alone."""
    grouped: dict[tuple[str, Workload], list[Part]] = {}
    for part in parts:
        if part.kind not in (Kind.LATENCY, Kind.THROUGHPUT):
            continue
        scaled = tuple(row for row in part.rows if _has_gateways(row))
        if scaled:
            key = machine_of(part.source.series).fingerprint, _usual_gateways(asked_of(scaled))
            grouped.setdefault(key, []).append(replace(part, rows=scaled))
    made = []
    names: dict[tuple[str, Workload], str] = {}
    for (_, workload), together in sorted(grouped.items(), key=lambda one: one[1][0].kind):
        latest: dict[tuple[str, int], Configuration] = {}
        for row in (row for part in together for row in part.rows):
            latest[row.pattern, row.workload.gateways] = row
        rows = tuple(latest.values())
        command = together[0].source.series.command
        # The closed loop of a command bears the name of what it measured at its rate.
        scenario = names.setdefault(
            (command, _without_load(workload)), scenario_name(workload, command)
        )
        if len({gateways for _, gateways in latest}) > 1:
            made.append(_curve(together, Kind.GATEWAYS, rows, scenario))
    return made


def _curve(
    together: Sequence[Part], kind: Kind, rows: tuple[Configuration, ...], scenario: str
) -> Part:
    """Make one part of rows that several files may have brought, with what is true of them all."""
    first = together[0].source
    commands = dict.fromkeys(part.source.series.command for part in together)
    series = replace(
        first.series,
        command="; ".join(commands),
        runs=min(len(row.runs) for row in rows),
        refused={},
    )
    source = replace(first, series=series)
    return Part(kind=kind, source=source, rows=rows, scenario=scenario)


def _has_gateways(row: Configuration) -> bool:
    return any(run.gateways is not None for run in row.runs)


def _usual_gateways(workload: Workload) -> Workload:
    return replace(workload.essence, gateways=Workload().gateways)


def _without_interval(workload: Workload) -> Workload:
    return replace(workload.essence, poll_interval=Workload().poll_interval)
