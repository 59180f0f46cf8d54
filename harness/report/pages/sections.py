"""From saved series to the sections of a page: a workload at a time, blocks and stacks apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from harness.errors import BadInput
from harness.measure.compare import (
    Conclusion,
    MemoryPerConnection,
    conclusions,
    cost_conclusions,
)
from harness.measure.configuration import Configuration, asked_of
from harness.report.conclusion import method, sentences
from harness.report.delivery import blocks, holder, stacks
from harness.report.gateways import around
from harness.report.network import relay_line
from harness.report.pages import curves, dots, fates, journeys, memory, sweeps
from harness.report.pages.colours import colours_of
from harness.report.pages.depths import depths
from harness.report.pages.distribution import BrokenHistogram
from harness.report.pages.glance import answer, is_choice
from harness.report.pages.names import machine_of
from harness.report.pages.over_time import over_time
from harness.report.pages.page import Figure, Panel, Section
from harness.report.pages.parts import Kind, Part, Source, parts_of
from harness.report.question import question, surroundings
from harness.report.remarks import hidden_tail_line, refusals, remarks
from harness.workload import Workload

ALL_STACKS = ""
DEFAULT_STACK = "default stack"
"""What ``stacks`` calls it where there are others."""
_SPACE = re.compile(r"\s+")
_LINE_END = re.compile(r"\n(?! )")
"""Where a terminal's line ends between two parts, and not within one."""

Clean = Callable[[str], str]
"""Takes out of a text what must not be published."""


def sections(sources: Sequence[Source], clean: Clean) -> tuple[Section, ...]:
    """Make all sections: scenarios one after another, and within each what belongs to it.

    Raises:
        BadInput: a histogram cannot be read.
    """
    parts = parts_of(sources)
    colours = colours_of([part.rows for part in parts])
    return tuple(
        _section(f"s{number}", part, colours, clean) for number, part in enumerate(parts, 1)
    )


def _section(number: str, part: Part, colours: dots.Colours, clean: Clean) -> Section:
    series, rows = part.source.series, part.rows
    workload = asked_of(rows)
    concluded = part.kind in (Kind.LATENCY, Kind.THROUGHPUT)
    found = _about(workload, conclusions(series)) if concluded else []
    costs = _about(workload, cost_conclusions(series)) if concluded else []
    return Section(
        id=number,
        title=_title(part),
        scenario=clean(part.scenario),  # may be the name of a typed file
        client=str(workload.client),
        machine=machine_of(series).fingerprint,
        answers=tuple(_answers(rows, found, costs)) if concluded else (),
        choice=any(is_choice(members) for _, members in blocks(rows)),
        asked=tuple(clean(_flat(line)) for line in _asked(part)),
        reasons=(*sentences(found, series), method(found)) if found else (),
        remarks=tuple(clean(_flat(line)) for line in _remarks(part) if line),
        panels=_read_panels(number, part, colours),
    )


def _asked(part: Part) -> Iterable[str]:
    """Restate the question; of memory, whose workloads differ by size alone, only the command."""
    series, rows = part.source.series, part.rows
    if part.kind is not Kind.MEMORY:
        yield _LINE_END.sub(" · ", question(rows, series))
        yield _LINE_END.sub(" · ", surroundings(rows))
    started = rows[0].runs[0].context.started_at
    yield f"measured {started[:16].replace('T', ' ')} UTC by: {series.command}"


def _remarks(part: Part) -> Iterable[str]:
    """Say what is invalid and why; a refusal without the log that it brings."""
    if part.kind is not Kind.MEMORY:
        yield from remarks(part.rows, part.source.series)
        yield from map(_begun, filter(None, [relay_line(part.rows)]))
    yield from (line for line in refusals(part.source.series) if line.startswith("!"))
    if part.kind is Kind.LATENCY:
        yield hidden_tail_line(part.rows)


def _begun(note: str) -> str:
    """Make a sentence of a note that stands between others under a table."""
    return f"{note[:1].upper()}{note[1:]}."


def _title(part: Part) -> str:
    """Say what the section is about, beyond what the scenario's name says; else nothing."""
    if part.kind is Kind.MEMORY:
        return f"Memory per {_holder(part)}"
    if part.kind is Kind.POLLING:
        return "Polling is a choice of the interval"
    if part.kind is Kind.GATEWAYS:
        return _gateways_title(asked_of(part.rows))
    return part.beyond_name


def _gateways_title(workload: Workload) -> str:
    closed = "" if workload.open_loop else ", at saturation"
    return f"More gateways: {around(workload)}{closed}"


def _holder(part: Part) -> str:
    return holder(asked_of(part.rows).exchange)


def _about(workload: Workload, found: Iterable[Conclusion]) -> list[Conclusion]:
    return [conclusion for conclusion in found if conclusion.workload == workload]


def _answers(
    rows: Sequence[Configuration], found: Sequence[Conclusion], costs: Sequence[Conclusion]
) -> Iterable[str]:
    divided = _with_patterns(rows)
    for title, members in divided:
        families = {row.family for row in members}
        line = answer(
            members,
            [c for c in found if c.first in families],
            [c for c in costs if c.first in families],
        )
        yield f"{title}. {line}" if len(divided) > 1 else line


def _with_patterns(rows: Sequence[Configuration]) -> list[tuple[str, list[Configuration]]]:
    """Divide rows by block; one that is nothing but a floor is left out, unless all are."""
    divided = list(blocks(rows))
    told = [(title, block) for title, block in divided if any(not row.is_floor for row in block)]
    return told or divided


def _read_panels(number: str, part: Part, colours: dots.Colours) -> tuple[Panel, ...]:
    try:
        return tuple(_panels(number, part, colours))
    except BrokenHistogram as error:
        raise BadInput(part.source.name, "", f"holds a histogram that is none: {error}") from None


def _panels(number: str, part: Part, colours: dots.Colours) -> Iterable[Panel]:
    if part.kind is Kind.MEMORY:
        for title, slopes in _memory_blocks(part):
            name = f"{number}-{_slug(title)}-memory"
            figure = memory.by_slope(name, slopes, colours, _holder(part))
            yield Panel(title=title, stack=ALL_STACKS, figures=(figure,))
        return
    if part.kind is Kind.POLLING:
        figures = sweeps.polling(f"{number}-polling", part.rows, colours)
        yield Panel(title="", stack=ALL_STACKS, figures=figures)
        return
    if part.kind is Kind.GATEWAYS:
        figures = sweeps.gateways(f"{number}-gateways", part.rows, colours)
        yield Panel(title="", stack=ALL_STACKS, figures=figures)
        return
    for title, block in _with_patterns(part.rows):
        yield from _block_panels(f"{number}-{_slug(title)}", title, block, part, colours)


def _block_panels(
    name: str, title: str, block: Sequence[Configuration], part: Part, colours: dots.Colours
) -> Iterable[Panel]:
    divided = list(stacks(block))
    for stack, members in divided:
        own = f"{name}-{_slug(stack.partition(',')[0]) or 'only'}"
        if part.kind is Kind.THROUGHPUT:
            figures: tuple[Figure, ...] = (
                dots.throughput(f"{own}-throughput", members, colours),
                dots.cpu(f"{own}-cpu", members, colours),
                *dots.wire_bytes(f"{own}-bytes", members, colours),
                *memory.held(f"{own}-memory", members, colours, _holder(part)),
            )
        else:
            figures = (
                *journeys.whereabouts(f"{own}-journey", members),
                dots.latency(f"{own}-latency", members, part.rows, colours),
                *curves.distributions(own, members, colours),
                *over_time(own, members, colours),
                *depths(own, members, colours),
                *fates.after_a_kill(own, members, colours),
                dots.cpu(f"{own}-cpu", members, colours),
                *dots.wire_bytes(f"{own}-bytes", members, colours),
                *memory.held(f"{own}-memory", members, colours, _holder(part)),
            )
        yield Panel(
            title=f"{title} · {stack}" if stack else title,
            stack=stack.partition(",")[0] if len(divided) > 1 else ALL_STACKS,
            figures=figures,
        )
    if part.kind is Kind.LATENCY:
        figure = dots.implementations(f"{name}-implementations", block, colours)
        if figure is not None:
            yield Panel(title=f"{title} · implementations", stack=ALL_STACKS, figures=(figure,))


def _memory_blocks(part: Part) -> Iterable[tuple[str, Mapping[str, MemoryPerConnection]]]:
    for title, members in blocks(part.rows):
        patterns = {row.pattern for row in members}
        slopes = {name: own for name, own in part.source.memory.items() if name in patterns}
        if slopes:
            yield title, slopes


def _flat(text: str) -> str:
    """Undo the wrapping that a terminal needs."""
    return _SPACE.sub(" ", text).strip()


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
