"""What ``abec compare OLD.json NEW.json`` prints: verdicts, or why there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.errors import Exit
from harness.measure.configuration import P50, Configuration, Kind, Metric, times_floor
from harness.measure.contrast import Finding, Outcome
from harness.measure.statistics import ALPHA, POWER, Sample, median
from harness.measure.verdict import Verdict, Verdicts, verdicts
from harness.report import cells, units
from harness.report.columns import Column, joined, paragraph, table
from harness.report.question import traffic
from harness.report.versions import differences
from harness.result import Series
from harness.workload import Workload

_WORDS: Mapping[tuple[Kind, Outcome], str] = {
    (Kind.LATENCY, Outcome.HIGHER): "slower",
    (Kind.LATENCY, Outcome.LOWER): "faster",
    (Kind.COST, Outcome.HIGHER): "costs more",
    (Kind.COST, Outcome.LOWER): "costs less",
    (Kind.LOSS, Outcome.HIGHER): "loses more",
    (Kind.LOSS, Outcome.LOWER): "loses less",
}


def verdict_report(old: Series, new: Series) -> tuple[str, Exit]:
    """Judge ``new`` against ``old``; give the text and what the command ends with.

    ``ANSWER_IS_NO`` if anything is slower, costs or loses more; ``NOT_MEASURED`` if nothing
    could be compared.
    """
    found = verdicts(old, new)
    if not found.same_machine:
        return _side_by_side(found, old, new), Exit.NOT_MEASURED
    parts = [
        joined([*differences(old, new), _compared(old, new)]),
        *_tables(found),
        *_sentences(found),
    ]
    return "\n".join(part for part in parts if part), _exit(found)


def _compared(old: Series, new: Series) -> str:
    return f"{old.runs} v {new.runs} runs on the same machine"


def _exit(found: Verdicts) -> Exit:
    if found.count(Outcome.HIGHER):
        return Exit.ANSWER_IS_NO
    compared = len(found.verdicts) - found.count(Outcome.NOT_COMPARED)
    return Exit.MEASURED if compared else Exit.NOT_MEASURED


def _tables(found: Verdicts) -> list[str]:
    """Give one table for each workload, under its traffic."""
    levels = {v.finding.shift.level for v in found.verdicts if v.finding.shift is not None}
    least = units.level(min(levels)) if levels else ""
    change = f"change [{'at least ' * (len(levels) > 1)}{least}]"
    columns = [
        Column(""),
        Column("old"),
        Column("new"),
        Column(change),
        Column("verdict", words=True),
    ]
    by_workload: dict[Workload, list[Verdict]] = {}
    for verdict in found.verdicts:
        by_workload.setdefault(verdict.workload, []).append(verdict)
    return [
        f"{traffic(workload)}\n{table(columns, _rows(told))}"
        for workload, told in by_workload.items()
    ]


def _rows(told: Sequence[Verdict]) -> list[list[str]]:
    rows = []
    for pattern in dict.fromkeys(verdict.pattern for verdict in told):
        own = [verdict for verdict in told if verdict.pattern == pattern]
        reasons = {verdict.finding.reason for verdict in own}
        if len(reasons) == 1 and "" not in reasons:
            rows.append([f"  {pattern}", *[units.ABSENT] * 3, f"not compared: {reasons.pop()}"])
        else:
            rows += [_row(verdict) for verdict in own if not _nothing_lost(verdict.finding)]
    return rows


def _row(verdict: Verdict) -> list[str]:
    finding = verdict.finding
    contrast = finding.contrast
    note = f"; {verdict.note}" if verdict.note else ""
    return [
        f"  {verdict.pattern} {contrast.metric.name}",
        _figure(contrast.metric, contrast.first),
        _figure(contrast.metric, contrast.second),
        _change(finding),
        _words(finding) + note,
    ]


def _figure(metric: Metric, samples: Sequence[Sample]) -> str:
    """Write one side: the median, but of losses the sum, since none may hide in a median."""
    if not samples:
        return units.ABSENT
    if metric.kind is Kind.LOSS:
        return units.count(sum(sample or 0 for sample in samples))
    return units.seconds(median(samples))


def _change(finding: Finding) -> str:
    shift = finding.shift
    if shift is None:
        return units.ABSENT
    if finding.contrast.metric.kind is Kind.LOSS:
        value, low, high = (_signed(part) for part in (shift.value, shift.low, shift.high))
        return f"{value} [{low}, {high}] a run"
    value, low, high = (units.change(part) for part in (shift.value, shift.low, shift.high))
    return f"{value} [{low}, {high}]"


def _signed(value: Sample) -> str:
    return ("+" if value is not None and value > 0 else "") + units.count(value)


def _words(finding: Finding) -> str:
    if finding.outcome is Outcome.NOT_COMPARED:
        return f"not compared: {finding.reason}"
    if finding.outcome is Outcome.UNDETECTED:
        return f"no change detected{_would_show(finding)}"
    return _WORDS[finding.contrast.metric.kind, finding.outcome]


def _would_show(finding: Finding) -> str:
    if finding.resolution is None:
        return ""
    return f" ({units.change(finding.resolution).removeprefix('+')} would show)"


def _nothing_lost(finding: Finding) -> bool:
    contrast = finding.contrast
    none = not any((*contrast.first, *contrast.second)) and not contrast.obstacle
    return none and contrast.metric.kind is Kind.LOSS


def _sentences(found: Verdicts) -> list[str]:
    lines = [f"{lone.pattern} not compared: {lone.reason}." for lone in found.unmatched]
    lines += [
        f"{row.pattern}: {len(row.invalid_runs)} of {len(row.runs)} {side} runs invalid, left out."
        for pair in found.matched
        for side, row in zip(("old", "new"), pair, strict=True)
        if row.valid and row.invalid_runs
    ]
    if any(_nothing_lost(verdict.finding) for verdict in found.verdicts):
        others = any(
            v.finding.contrast.metric.kind is Kind.LOSS and not _nothing_lost(v.finding)
            for v in found.verdicts
        )
        lines.append(f"Nothing was lost, old or new{', by the others' * others}.")
    lines.append(_floor_moved(found))
    lines.append(_summary(found))
    if found.verdicts:
        lines.append(_method(found))
    return [paragraph(line, hanging="  ") for line in lines if line]


def _floor_moved(found: Verdicts) -> str:
    floors = {row.pattern for row, _ in found.matched if row.is_floor}
    moved = [
        f"{verdict.pattern} {verdict.finding.contrast.metric.name}"
        for verdict in found.verdicts
        if verdict.pattern in floors and verdict.finding.outcome in (Outcome.HIGHER, Outcome.LOWER)
    ]
    if not moved:
        return ""
    return (
        f"The floor itself changed ({', '.join(moved)}): look at machine, kernel and Python before "
        "the servers."
    )


def _summary(found: Verdicts) -> str:
    told = [v.finding for v in found.verdicts if not _nothing_lost(v.finding)]
    words = [
        {Outcome.UNDETECTED: "unchanged", Outcome.NOT_COMPARED: "not compared"}.get(f.outcome)
        or _WORDS[f.contrast.metric.kind, f.outcome]
        for f in told
    ]
    words += ["not compared"] * len(found.unmatched)
    order = [*dict.fromkeys(_WORDS.values()), "unchanged", "not compared"]
    counts = [f"{words.count(word)} {word}" for word in order if word in words]
    return f"{', '.join(counts) or 'Nothing to compare'}."


def _method(found: Verdicts) -> str:
    known: dict[str, list[float]] = {}
    for finding in (verdict.finding for verdict in found.verdicts):
        if finding.resolution is not None:
            known.setdefault(finding.contrast.metric.name, []).append(finding.resolution)
    seen = [f"{name} {_range(values)}" for name, values in known.items()]
    detectable = (
        f"In {POWER:.0%} of attempts these runs detect a change of {', '.join(seen)}. "
        if seen
        else ""
    )
    return (
        f"{detectable}Exact Mann–Whitney over runs, Holm, {units.percent(ALPHA)} error over all "
        "verdicts; each interval stands by itself. Old and new were measured at different times: "
        "what the machine did in between looks like a change."
    )


def _range(ratios: Sequence[float]) -> str:
    low, high = (units.change(r).removeprefix("+") for r in (min(ratios), max(ratios)))
    return low if low == high else f"{low} to {high}"


def _side_by_side(found: Verdicts, old: Series, new: Series) -> str:
    columns = [Column("")]
    columns += [Column(f"{side}\n{what}") for side in ("old", "new") for what in ("p50", "× floor")]
    olds, news = ([pair[side] for pair in found.matched] for side in (0, 1))
    rows = [
        [f"  {before.pattern}", *_beside(before, olds), *_beside(after, news)]
        for before, after in found.matched
    ]
    lines = [
        f"old on {_machine(old)}",
        f"new on {_machine(new)}",
        table(columns, rows) if rows else "",
        *(f"{lone.pattern} not compared: {lone.reason}." for lone in found.unmatched),
        "Different machines: no verdict. Each stands as a multiple of its own floor (service "
        "latency p50).",
    ]
    return "\n".join(
        paragraph(line, hanging="  ") if "\n" not in line else line for line in lines if line
    )


def _beside(row: Configuration, among: Sequence[Configuration]) -> list[str]:
    sign = "" if row.valid else "! "
    return [sign + cells.latency(row, P50), cells.times_floor(times_floor(row, among))]


def _machine(series: Series) -> str:
    machine = series.results[0].context.machine
    return joined(
        [
            f"{machine.cpu}, {len(machine.cores)} cores",
            machine.virtualisation,
            f"kernel {machine.kernel}",
            machine.python,
        ]
    )
