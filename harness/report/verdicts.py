"""What ``abec compare OLD.json NEW.json`` prints: verdicts, or why there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.errors import Exit
from harness.measure.configuration import P50, Configuration, Kind, Metric, times_floor
from harness.measure.contrast import Finding, Outcome
from harness.measure.statistics import ALPHA, POWER, Sample, median
from harness.measure.verdict import Verdict, Verdicts, verdicts
from harness.report import cells, units
from harness.report.columns import WIDTH, Column, joined, paragraph, table
from harness.report.question import traffic
from harness.report.versions import differences
from harness.result import Series
from harness.workload import Workload

WORDS: Mapping[tuple[Kind, Outcome], str] = {
    (Kind.LATENCY, Outcome.HIGHER): "slower",
    (Kind.LATENCY, Outcome.LOWER): "faster",
    (Kind.COST, Outcome.HIGHER): "costs more",
    (Kind.COST, Outcome.LOWER): "costs less",
    (Kind.LOSS, Outcome.HIGHER): "loses more",
    (Kind.LOSS, Outcome.LOWER): "loses less",
}
"""What an established difference is called."""


def verdict_report(old: Series, new: Series, width: int = WIDTH) -> tuple[str, Exit]:
    """Judge ``new`` against ``old``; give the text and what the command ends with.

    ``ANSWER_IS_NO`` if anything is slower, costs or loses more; ``NOT_MEASURED`` if nothing
    could be compared.
    """
    found = verdicts(old, new)
    if not found.same_machine:
        return _side_by_side(found, old, new, width), Exit.NOT_MEASURED
    same = "same machine, workload and seed" if found.matched else "same machine"
    heading = [*differences(old, new), f"{old.runs} v {new.runs} runs", same]
    parts = [joined(heading, width), *_tables(found, width), *_sentences(found, width)]
    return "\n".join(part for part in parts if part), _exit(found)


def figure(metric: Metric, samples: Sequence[Sample]) -> str:
    """Write one side: the median, but of losses sum or mean, since none may hide in a median."""
    if not samples:
        return units.ABSENT
    if metric.kind is Kind.LOSS:
        total = sum(sample or 0 for sample in samples)
        counted = metric.unit == "messages"
        return units.count(total) if counted else units.figure(total / len(samples), metric.unit)
    return units.figure(median(samples), metric.unit)


def change(finding: Finding) -> str:
    """Write the change with its interval: a ratio, of losses a difference a run."""
    shift = finding.shift
    if shift is None:
        return units.ABSENT
    if finding.contrast.metric.kind is Kind.LOSS:
        value, low, high = (_signed(part) for part in (shift.value, shift.low, shift.high))
        return f"{value} [{low}, {high}] a run"
    return units.change_interval(shift.value, shift.low, shift.high)


def words(finding: Finding) -> str:
    """Say the outcome in words that fit the metric."""
    if finding.outcome is Outcome.NOT_COMPARED:
        return "no verdict possible" if finding.shift else f"not compared: {finding.reason}"
    if finding.outcome is Outcome.UNDETECTED:
        return "no change detected"
    return WORDS[finding.contrast.metric.kind, finding.outcome]


def _exit(found: Verdicts) -> Exit:
    if found.count(Outcome.HIGHER):
        return Exit.ANSWER_IS_NO
    made = [
        verdict
        for verdict in found.verdicts
        if verdict.finding.outcome is not Outcome.NOT_COMPARED
        and not _nothing_lost(verdict.finding)
    ]
    return Exit.MEASURED if made else Exit.NOT_MEASURED


def _tables(found: Verdicts, width: int) -> list[str]:
    """Give one table for each workload, under its traffic."""
    levels = {v.finding.shift.level for v in found.verdicts if v.finding.shift is not None}
    exactly = "" if len(levels) == 1 else "≥ "
    heading = f"change\n[{exactly}{units.level(min(levels))}]" if levels else "change"
    columns = [
        Column(""),
        Column("old", aside=1),
        Column("new", aside=1),
        Column(heading),
        Column("would\nshow", aside=2),
        Column("verdict", words=True),
    ]
    return [
        f"{traffic(workload)}\n"
        f"{table(columns, [row for own in patterns for row in _rows(own)], width)}"
        for workload, patterns in _by_workload(found)
    ]


def _by_workload(found: Verdicts) -> list[tuple[Workload, list[list[Verdict]]]]:
    """Group by workload and pattern what has a row: losses only where there were any."""
    told: dict[Workload, dict[str, list[Verdict]]] = {}
    for verdict in found.verdicts:
        if not _nothing_lost(verdict.finding):
            patterns = told.setdefault(verdict.workload, {})
            patterns.setdefault(verdict.pattern, []).append(verdict)
    return [(workload, list(patterns.values())) for workload, patterns in told.items()]


def _rows(own: Sequence[Verdict]) -> list[list[str]]:
    """Give one row a metric, or one in all where one reason keeps all from being compared."""
    if _barred(own):
        cells = [units.ABSENT] * 4
        return [[f"  {own[0].pattern}", *cells, f"not compared: {own[0].finding.reason}"]]
    return [
        [
            f"  {verdict.pattern} {verdict.finding.contrast.metric.name}",
            figure(verdict.finding.contrast.metric, verdict.finding.contrast.first),
            figure(verdict.finding.contrast.metric, verdict.finding.contrast.second),
            change(verdict.finding),
            _would_show(verdict.finding),
            words(verdict.finding) + (f"; {verdict.note}" if verdict.note else ""),
        ]
        for verdict in own
    ]


def _barred(own: Sequence[Verdict]) -> bool:
    obstacles = {verdict.finding.contrast.obstacle for verdict in own}
    return len(obstacles) == 1 and "" not in obstacles


def _signed(value: Sample) -> str:
    return ("+" if value is not None and value > 0 else "") + units.count(value)


def _would_show(finding: Finding) -> str:
    """Write the smallest change that would have been detected."""
    if finding.resolution is None:
        return units.ABSENT
    return units.change(finding.resolution).removeprefix("+")


def _nothing_lost(finding: Finding) -> bool:
    contrast = finding.contrast
    none = not any((*contrast.first, *contrast.second)) and not contrast.obstacle
    return none and contrast.metric.kind is Kind.LOSS


def _sentences(found: Verdicts, width: int) -> list[str]:
    lines = _lone(found)
    lines += [
        f"{row.pattern}: {len(row.invalid_runs)} of {len(row.runs)} {side} runs invalid, left out."
        for pair in found.matched
        for side, row in zip(("old", "new"), pair, strict=True)
        if row.valid and row.invalid_runs
    ]
    losses = [v for v in found.verdicts if v.finding.contrast.metric.kind is Kind.LOSS]
    none = [verdict.pattern for verdict in losses if _nothing_lost(verdict.finding)]
    if none:
        by = "" if len(none) == len(losses) else f" by {', '.join(none)}"
        lines.append(f"Nothing was lost{by}, old or new.")
    findings = [verdict.finding for verdict in found.verdicts]
    short = {f.reason for f in findings if f.shift and f.outcome is Outcome.NOT_COMPARED}
    lines += [f"No verdict possible: {reason}; measure with --runs 8." for reason in sorted(short)]
    lines += [_floor_moved(found), _summary(found)]
    if _exit(found) is not Exit.NOT_MEASURED:
        lines.append(
            f"Would show: the change that these runs detect in {units.percent(POWER)} of attempts. "
            f"Exact Mann–Whitney over runs, Holm, {units.percent(ALPHA)} error over all verdicts; "
            "each interval stands by itself. Old and new were measured at different times: what "
            "the machine did in between looks like a change."
        )
    return [paragraph(line, hanging="  ", width=width) for line in lines if line]


def _lone(found: Verdicts) -> list[str]:
    """Say each reason once, with all patterns that have no like for it."""
    by_reason: dict[str, list[str]] = {}
    for lone in found.unmatched:
        by_reason.setdefault(lone.reason, []).append(lone.pattern)
    return [f"Not compared: {', '.join(names)}: {reason}." for reason, names in by_reason.items()]


def _floor_moved(found: Verdicts) -> str:
    """Point at the control: no server under test is in the floor."""
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
    counted = ["not compared"] * len(found.unmatched)
    for own in (own for _, patterns in _by_workload(found) for own in patterns):
        counted += ["not compared"] if _barred(own) else [_counted(v.finding) for v in own]
    order = [*dict.fromkeys(WORDS.values()), "unchanged", "not compared"]
    counts = [f"{counted.count(word)} {word}" for word in order if word in counted]
    return f"{', '.join(counts) or 'Nothing to compare'}."


def _counted(finding: Finding) -> str:
    others = {Outcome.UNDETECTED: "unchanged", Outcome.NOT_COMPARED: "not compared"}
    word = others.get(finding.outcome)
    return word or WORDS[finding.contrast.metric.kind, finding.outcome]


def _side_by_side(found: Verdicts, old: Series, new: Series, width: int) -> str:
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
        table(columns, rows, width) if rows else "",
        *_lone(found),
        "Different machines: no verdict. Each stands as a multiple of its own floor (service "
        "latency p50).",
    ]
    return "\n".join(
        line if "\n" in line else paragraph(line, hanging="  ", width=width)
        for line in lines
        if line
    )


def _beside(row: Configuration, among: Sequence[Configuration]) -> list[str]:
    sign = "" if row.valid else "! "
    return [sign + cells.latency(row, P50), cells.times_floor(times_floor(row, among))]


def _machine(series: Series) -> str:
    machine = series.results[0].context.machine
    return " · ".join(
        part
        for part in (
            f"{machine.cpu}, {len(machine.cores)} cores",
            machine.virtualisation,
            f"kernel {machine.kernel}",
            machine.python,
        )
        if part
    )
