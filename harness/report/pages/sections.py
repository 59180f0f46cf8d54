"""From saved series to the sections of a page: a workload at a time, blocks and stacks apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from harness.errors import BadInput
from harness.measure.compare import (
    Conclusion,
    MemoryPerConnection,
    conclusions,
    cost_conclusions,
)
from harness.measure.configuration import Configuration, by_workload, comparable, configurations
from harness.report.conclusion import method, sentences
from harness.report.delivery import blocks, stacks
from harness.report.pages import curves, dots, journeys
from harness.report.pages.distribution import BrokenHistogram
from harness.report.pages.glance import answer
from harness.report.pages.names import machine_of, scenario_name, typed_scenario
from harness.report.pages.over_time import over_time
from harness.report.pages.page import Figure, Panel, Section
from harness.report.question import question, surroundings, traffic
from harness.report.remarks import hidden_tail_line, refusals, remarks
from harness.result import Series
from harness.workload import Workload

ALL_STACKS = ""
DEFAULT_STACK = "default stack"
"""What ``stacks`` calls it where there are others."""
_MEMORY = "memory per connection"
_SPACE = re.compile(r"\s+")
_LINE_END = re.compile(r"\n(?! )")
"""Where a terminal's line ends between two parts, and not within one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One saved series, and what was fitted to it."""

    name: str
    """The file, as its reader typed it; not published."""
    series: Series
    memory: Mapping[str, MemoryPerConnection] = field(default_factory=dict)
    """By pattern, where the series is one over numbers of connections."""


class _Kind(IntEnum):
    """What a section is about, in the order in which they follow one another."""

    LATENCY = 0
    THROUGHPUT = 1
    POLLING = 2
    MEMORY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One section to be made."""

    kind: _Kind
    source: Source
    rows: tuple[Configuration, ...]
    scenario: str


Clean = Callable[[str], str]
"""Takes out of a text what must not be published."""


def sections(sources: Sequence[Source], clean: Clean) -> tuple[Section, ...]:
    """Make all sections: scenarios as they first appear, and within each what belongs to it.

    Raises:
        BadInput: a histogram cannot be read.
    """
    parts = _under_one_name([part for source in sources for part in _parts(source)])
    parts = [*parts, *_polling_over_files(parts)]
    scenarios = list(dict.fromkeys(part.scenario for part in parts))
    parts.sort(key=lambda part: (scenarios.index(part.scenario), part.kind))
    colours = _colours(row for part in parts for row in part.rows)
    return tuple(
        _section(f"s{number}", part, colours, clean) for number, part in enumerate(parts, 1)
    )


def _parts(source: Source) -> list[_Part]:
    series = source.series
    grouped = by_workload(series)
    if source.memory:
        name = typed_scenario(series.command) or _MEMORY
        rows = configurations(series)
        return [_Part(kind=_Kind.MEMORY, source=source, rows=rows, scenario=name)]
    if _is_curve(series):
        rows = tuple(row for group in grouped for row in group if row.polls)
        return [_Part(kind=_Kind.POLLING, source=source, rows=rows, scenario=_of(rows, series))]
    return [
        _Part(
            kind=_Kind.LATENCY if group[0].workload.open_loop else _Kind.THROUGHPUT,
            source=source,
            rows=tuple(group),
            scenario=_of(group, series),
        )
        for group in grouped
    ]


def _under_one_name(parts: Sequence[_Part]) -> list[_Part]:
    """Put what one command measured beside its latencies under the scenario of these."""
    by_question = {
        _question_of(part): part.scenario for part in parts if part.kind is _Kind.LATENCY
    }
    return [
        part
        if part.kind is _Kind.LATENCY
        else replace(part, scenario=by_question.get(_question_of(part), part.scenario))
        for part in parts
    ]


def _question_of(part: _Part) -> tuple[str, str]:
    return part.source.series.command, part.rows[0].workload.exchange


def _of(rows: Sequence[Configuration], series: Series) -> str:
    """Name the scenario of rows; a curve's own is that of its middle interval."""
    workload = replace(rows[0].workload, poll_interval=_usual_interval(rows))
    return scenario_name(workload, series.command)


def _usual_interval(rows: Sequence[Configuration]) -> float:
    """Give the middle one of a curve's intervals, which is the scenario's own."""
    intervals = sorted({row.workload.poll_interval for row in rows})
    return intervals[len(intervals) // 2]


def _is_curve(series: Series) -> bool:
    """Whether a pattern was measured under several poll intervals."""
    seen: dict[tuple[str, Workload], set[float]] = {}
    for run in series.results:
        key = (run.pattern, comparable(run.workload))
        seen.setdefault(key, set()).add(run.workload.poll_interval)
    return any(len(intervals) > 1 for intervals in seen.values())


def _polling_over_files(parts: Sequence[_Part]) -> list[_Part]:
    """Draw a curve through several files' intervals, where no file has a curve of its own."""
    grouped: dict[tuple[str, Workload], list[_Part]] = {}
    for part in parts:
        if part.kind is _Kind.LATENCY and any(row.polls for row in part.rows):
            workload = comparable(part.rows[0].workload)
            key = (machine_of(part.source.series).fingerprint, workload)
            grouped.setdefault(key, []).append(part)
    curves_of_own = {part.scenario for part in parts if part.kind is _Kind.POLLING}
    made = []
    for together in grouped.values():
        latest: dict[tuple[str, float], Configuration] = {}
        for row in (row for part in together for row in part.rows if row.polls):
            latest[row.pattern, row.workload.poll_interval] = row
        several = len({interval for _, interval in latest}) > 1
        if several and together[0].scenario not in curves_of_own:
            made.append(replace(together[0], kind=_Kind.POLLING, rows=tuple(latest.values())))
    return made


def _section(number: str, part: _Part, colours: dots.Colours, clean: Clean) -> Section:
    series, rows = part.source.series, part.rows
    workload = rows[0].workload
    concluded = part.kind in (_Kind.LATENCY, _Kind.THROUGHPUT)
    found = _about(workload, conclusions(series)) if concluded else []
    costs = _about(workload, cost_conclusions(series)) if concluded else []
    return Section(
        id=number,
        title=_title(part),
        scenario=clean(part.scenario),  # may be the name of a typed file
        client=str(workload.client),
        machine=machine_of(series).fingerprint,
        answers=tuple(_answers(rows, found, costs)) if concluded else (),
        asked=tuple(clean(_flat(line)) for line in _asked(part)),
        reasons=(*sentences(found, series), method(found)) if found else (),
        remarks=tuple(clean(_flat(line)) for line in _remarks(part) if line),
        panels=_read_panels(number, part, colours),
    )


def _asked(part: _Part) -> Iterable[str]:
    """Restate the question; of memory, whose workloads differ by size alone, only the command."""
    series, rows = part.source.series, part.rows
    if part.kind is not _Kind.MEMORY:
        yield _LINE_END.sub(" · ", question(rows, series))
        yield _LINE_END.sub(" · ", surroundings(rows))
    started = rows[0].runs[0].context.started_at
    yield f"measured {started[:16].replace('T', ' ')} UTC by: {series.command}"


def _remarks(part: _Part) -> Iterable[str]:
    """Say what is invalid and why; a refusal without the log that it brings."""
    if part.kind is not _Kind.MEMORY:
        yield from remarks(part.rows, part.source.series)
    yield from (line for line in refusals(part.source.series) if line.startswith("!"))
    if part.kind is _Kind.LATENCY:
        yield hidden_tail_line(part.rows)


def _title(part: _Part) -> str:
    if part.kind is _Kind.MEMORY:
        return "Memory per connection"
    if part.kind is _Kind.POLLING:
        return "Polling is a choice of the interval"
    return traffic(part.rows[0].workload)


def _about(workload: Workload, found: Iterable[Conclusion]) -> list[Conclusion]:
    return [conclusion for conclusion in found if conclusion.workload == workload]


def _answers(
    rows: Sequence[Configuration], found: Sequence[Conclusion], costs: Sequence[Conclusion]
) -> Iterable[str]:
    divided = list(blocks(rows))
    for title, members in divided:
        families = {row.family for row in members}
        line = answer(
            members,
            [c for c in found if c.first in families],
            [c for c in costs if c.first in families],
        )
        yield f"{title}. {line}" if len(divided) > 1 else line


def _read_panels(number: str, part: _Part, colours: dots.Colours) -> tuple[Panel, ...]:
    try:
        return tuple(_panels(number, part, colours))
    except BrokenHistogram as error:
        raise BadInput(part.source.name, "", f"holds a histogram that is none: {error}") from None


def _panels(number: str, part: _Part, colours: dots.Colours) -> Iterable[Panel]:
    if part.kind is _Kind.MEMORY:
        for title, slopes in _memory_blocks(part):
            name = f"{number}-{_slug(title)}-memory"
            yield Panel(
                title=title, stack=ALL_STACKS, figures=(dots.memory(name, slopes, colours),)
            )
        return
    if part.kind is _Kind.POLLING:
        figures = curves.polling(f"{number}-polling", part.rows, colours)
        yield Panel(title="", stack=ALL_STACKS, figures=figures)
        return
    for title, block in blocks(part.rows):
        yield from _block_panels(f"{number}-{_slug(title)}", title, block, part, colours)


def _block_panels(
    name: str, title: str, block: Sequence[Configuration], part: _Part, colours: dots.Colours
) -> Iterable[Panel]:
    divided = list(stacks(block))
    for stack, members in divided:
        own = f"{name}-{_slug(stack.partition(',')[0]) or 'only'}"
        if part.kind is _Kind.THROUGHPUT:
            figures: tuple[Figure, ...] = (
                dots.throughput(f"{own}-throughput", members, colours),
                dots.cpu(f"{own}-cpu", members, colours),
                *dots.wire_bytes(f"{own}-bytes", members, colours),
            )
        else:
            figures = (
                *journeys.whereabouts(f"{own}-journey", members),
                dots.latency(f"{own}-latency", members, part.rows, colours),
                *curves.distributions(own, members, colours),
                *over_time(own, members, colours),
                dots.cpu(f"{own}-cpu", members, colours),
                *dots.wire_bytes(f"{own}-bytes", members, colours),
            )
        yield Panel(
            title=f"{title} · {stack}" if stack else title,
            stack=stack.partition(",")[0] if len(divided) > 1 else ALL_STACKS,
            figures=figures,
        )
    if part.kind is _Kind.LATENCY:
        figure = dots.implementations(f"{name}-implementations", block, colours)
        if figure is not None:
            yield Panel(title=f"{title} · implementations", stack=ALL_STACKS, figures=(figure,))


def _memory_blocks(part: _Part) -> Iterable[tuple[str, Mapping[str, MemoryPerConnection]]]:
    for title, members in blocks(part.rows):
        patterns = {row.pattern for row in members}
        slopes = {name: own for name, own in part.source.memory.items() if name in patterns}
        if slopes:
            yield title, slopes


def _colours(rows: Iterable[Configuration]) -> dict[str, int]:
    """Give each family a number, floors none, so that a pattern looks the same in all figures."""
    families = sorted({row.family for row in rows} - {"floor"})
    return {"floor": 0, **{family: number for number, family in enumerate(families, 1)}}


def _flat(text: str) -> str:
    """Undo the wrapping that a terminal needs."""
    return _SPACE.sub(" ", text).strip()


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
