"""The closing sentences: which differences the runs support, and which they don't."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import groupby
from typing import TypeVar

from harness.measure.compare import Conclusion, Standing, conclusions
from harness.measure.configuration import configurations
from harness.measure.contrast import Finding, Outcome
from harness.measure.statistics import ALPHA
from harness.report import units
from harness.report.columns import WIDTH, listed, paragraph
from harness.report.question import traffic
from harness.result import Series

_INDENT = "  "
_Key = TypeVar("_Key", bound=Hashable)


def closing(series: Series, width: int = WIDTH) -> str:
    """Say in plain words what the runs support; empty where nothing was to be compared."""
    found = conclusions(series)
    if not found:
        return ""
    parts = []
    for workload, group in groupby(found, lambda conclusion: conclusion.workload):
        several = len({conclusion.workload for conclusion in found}) > 1
        title = f"What these runs support{f' ({traffic(workload)})' if several else ''}"
        told = [
            paragraph(text, _INDENT, _INDENT * 2, width) for text in sentences(list(group), series)
        ]
        parts.append("\n".join([paragraph(title, hanging=_INDENT, width=width), *told]))
    return "\n\n".join([*parts, paragraph(method(found), width=width)])


def sentences(found: Sequence[Conclusion], series: Series) -> list[str]:
    """Say what the runs support about one workload, one sentence for each thing."""
    told = [
        *_ahead([c for c in found if c.standing is Standing.AHEAD]),
        *_within_spread([c for c in found if c.standing is Standing.WITHIN_SPREAD]),
        *map(_stacks_differ, (c for c in found if c.standing is Standing.STACKS_DIFFER)),
        *_undetected([c for c in found if c.standing is Standing.UNDETECTED]),
        *_not_compared([c for c in found if c.standing is Standing.NOT_COMPARED]),
        _guard(found),
        _polling(found, series),
    ]
    return [sentence for sentence in told if sentence]


def _ahead(found: Sequence[Conclusion]) -> list[str]:
    """Name each pattern that is ahead once, the one that is ahead of most first."""
    lines = []
    for stacks, on_stacks in _grouped(found, _compared_on):
        lines.append(f"On {listed([_stack(stack) for stack in stacks])}:")
        by_first = _grouped(on_stacks, lambda c: c.first)
        for first, group in sorted(by_first, key=lambda pair: -len(pair[1])):
            behind = [
                f"{second} ({', '.join(map(_factor, cases))})"
                for second, cases in _grouped(group, lambda c: c.second)
            ]
            does = "carries more than" if _closed_loop(group[0]) else "delivers sooner than"
            lines.append(f"{first} {does} {listed(behind)}.")
    return lines


def _compared_on(found: Conclusion) -> tuple[str, ...]:
    """Name the stacks that say so: on others the two were declared, and could not be compared."""
    return tuple(
        stack
        for stack, finding in found.findings.items()
        if finding.outcome is not Outcome.NOT_COMPARED
    )


def _within_spread(found: Sequence[Conclusion]) -> list[str]:
    lines = []
    for (first, second), cases in _grouped(found, lambda c: (c.first, c.second)):
        spreads: dict[tuple[str, str], list[str]] = {}
        for c in cases:
            if c.spread is not None:
                factor = f"{_name(c)} {units.times(c.spread.factor)}×"
                spreads.setdefault((c.spread.low, c.spread.high), []).append(factor)
        told = [f"{low} and {high}: {', '.join(by)}" for (low, high), by in spreads.items()]
        lines.append(
            f"{first} is ahead of {second} ({', '.join(map(_factor, cases))}), but implementations "
            f"of one pattern differ by more ({'; '.join(told)}): no winner."
        )
    return lines


def _stacks_differ(found: Conclusion) -> str:
    told = [
        f"{_stack(stack)} {_direction(found, finding)}"
        for stack, finding in found.findings.items()
        if finding.outcome is not Outcome.NOT_COMPARED
    ]
    return (
        f"{found.first} against {found.second} at {_name(found)} depends on the stack: "
        f"{', '.join(told)}. No winner."
    )


def _undetected(found: Sequence[Conclusion]) -> list[str]:
    return [
        f"No difference shown between {first} and {second} in "
        f"{listed([_name(c) + _resolution(c) for c in cases])}."
        for (first, second), cases in _grouped(found, lambda c: (c.first, c.second))
    ]


def _not_compared(found: Sequence[Conclusion]) -> list[str]:
    """Say each reason once, with all that it keeps from being compared."""
    by_reason = _grouped(
        found, lambda c: "; ".join(sorted({f.reason for f in c.findings.values()}))
    )
    lines = []
    for reason, cases in by_reason:
        pairs = [
            f"{first} with {second} ({', '.join(map(_name, metrics))})"
            for (first, second), metrics in _grouped(cases, lambda c: (c.first, c.second))
        ]
        lines.append(f"Not compared: {listed(pairs)}. {reason}.")
    return lines


def _guard(found: Sequence[Conclusion]) -> str:
    """Say where no second implementation stood beside a supported difference."""
    alone = sorted(
        {
            family
            for c in found
            if c.standing is Standing.AHEAD and c.spread is None
            for family in (c.first, c.second)
        }
    )
    if not alone:
        return ""
    return (
        f"One implementation each of {listed(alone)} was measured; whether another would turn "
        "this round was not asked."
    )


def _polling(found: Sequence[Conclusion], series: Series) -> str:
    rows = [row for row in configurations(series) if row.polls]
    made = [c for c in found if c.standing is not Standing.NOT_COMPARED]
    named = {family for c in made for family in (c.first, c.second)}
    polling = sorted({row.family for row in rows} & named)
    if not polling:
        return ""
    interval = units.span(rows[0].workload.poll_interval)
    return f"What {listed(polling)} delivers is a choice of its interval, here {interval}."


def method(found: Sequence[Conclusion]) -> str:
    """Say how many comparisons were declared and made, and by which test."""
    tested = [
        finding
        for c in found
        for finding in c.findings.values()
        if finding.outcome is not Outcome.NOT_COMPARED
    ]
    names = dict.fromkeys(_name(c) for c in found)
    declared = sum(len(c.findings) for c in found)
    were = "comparison was" if declared == 1 else "comparisons were"
    return (
        f"{declared} {were} declared beforehand (pairs of patterns on one stack, "
        f"{' and '.join(names)}), {len(tested)} made: exact Mann–Whitney over runs, Holm, "
        f"{units.percent(ALPHA)} error over all of them."
    )


def _factor(found: Conclusion) -> str:
    """Write by how much the first is ahead, as a range where stacks give several figures."""
    low, high = (units.times(factor) for factor in (found.factors[0], found.factors[-1]))
    return f"{_name(found)} {low}×" if low == high else f"{_name(found)} {low}–{high}×"


def _closed_loop(found: Conclusion) -> bool:
    return not found.workload.open_loop


def _name(found: Conclusion) -> str:
    """Name the metric; time per message is read as its inverse, which a closed loop shows."""
    return "throughput" if _closed_loop(found) else found.metric.name


def _resolution(found: Conclusion) -> str:
    known = [f.resolution for f in found.findings.values() if f.resolution is not None]
    return f" ({units.times(max(known))}× would have been)" if known else ""


def _direction(found: Conclusion, finding: Finding) -> str:
    if finding.outcome is Outcome.UNDETECTED:
        return "shows no difference"
    return f"puts {found.first if finding.outcome is Outcome.HIGHER else found.second} ahead"


def _stack(implementation: str) -> str:
    return f"@{implementation}" if implementation else "the default stack"


def _grouped(
    found: Iterable[Conclusion], key: Callable[[Conclusion], _Key]
) -> list[tuple[_Key, list[Conclusion]]]:
    """Group by ``key`` in order of first appearance."""
    groups: dict[_Key, list[Conclusion]] = {}
    for conclusion in found:
        groups.setdefault(key(conclusion), []).append(conclusion)
    return list(groups.items())
