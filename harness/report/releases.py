"""What ``abec versions`` says: one table by release, and where it first differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.errors import Exit
from harness.measure.configuration import (
    CLIENT_CPU_PER_DELIVERY,
    CPU_PER_DELIVERY,
    LOST,
    MEMORY_PER_CONNECTION,
    P50,
    P99,
    Kind,
)
from harness.measure.contrast import Outcome
from harness.measure.history import Acts, Chapter, History, Quantity, Row, Step
from harness.measure.statistics import ALPHA, POWER, Sample, Shift, estimate
from harness.report import cells, units
from harness.report.columns import WIDTH, Column, joined, paragraph, table
from harness.report.question import traffic
from harness.report.verdicts import WORDS

_COLUMNS: Sequence[tuple[str, tuple[str, ...]]] = (
    ("p50", (P50.name,)),
    ("p99", (P99.name,)),
    ("CPU per\ndelivery", (CPU_PER_DELIVERY.name, CLIENT_CPU_PER_DELIVERY.name)),
    ("memory per\nconnection", (MEMORY_PER_CONNECTION.name,)),
    ("lost", (LOST.name,)),
)
"""Heading, and the quantities that stand under it: a cell has one of them at most."""
_FIRST = "first differs at"


def history_report(history: History, saved: Sequence[str] = (), width: int = WIDTH) -> str:
    """Give the answer for a terminal of so many columns; ``saved`` are the files that hold it."""
    columns = [Column(""), *(Column(heading) for heading, _ in _COLUMNS)]
    rows = [row for chapter in history.chapters for row in _rows(chapter)]
    place = f"saved {', '.join(saved)}" if saved else ""
    lines = [
        joined(_heading(history), width),
        *(paragraph(line, hanging="  ", width=width) for line in asked(history)),
        table(columns, rows, width),
        *(paragraph(line, hanging="  ", width=width) for line in _sentences(history)),
        joined([place, f"(exit {exit_code(history):d})"], width),
    ]
    return "\n".join(line for line in lines if line)


def exit_code(history: History) -> Exit:
    """Say whether the last release is worse than the one before it; 3 where anything is untold."""
    steps = [step for chapter in history.chapters for step in chapter.steps]
    last = history.releases[-1]
    if any(s.after == last and s.differs and s.outcome is Outcome.HIGHER for s in steps):
        return Exit.ANSWER_IS_NO
    rows = [row for chapter in history.chapters for row in chapter.rows]
    untold = any(row.refused or row.absent for row in rows) or not all(s.told for s in steps)
    return Exit.NOT_MEASURED if untold else Exit.MEASURED


def first_difference(steps: Sequence[Step], quantity: Quantity) -> str:
    """Name the first release that differs from the one before it, or what would have been seen."""
    told = [step for step in steps if step.told]
    if not told:
        return units.ABSENT
    first = next((step for step in told if step.differs), None)
    if first is not None:
        return f"{first.after} ({_by(first.change, quantity)})"
    seen = [step.seen_from for step in told]
    if quantity.kind is Kind.LOSS or None in seen:
        return "none"
    coarsest = max(value for value in seen if value is not None)
    return f"none (<{units.change(coarsest).removeprefix('+')})"


def _heading(history: History) -> list[str]:
    minutes, seconds = divmod(round(history.took_s), 60)
    python = "" if history.machine is None else history.machine.python
    return [
        f"{history.library} {', '.join(history.releases)}",
        f"{history.runs} runs each, interleaved",
        f"{minutes} min {seconds} s",
        python,
        f"suite {history.commit[:8]}",
        f"seed {history.order_seed}",
    ]


def asked(history: History) -> Iterator[str]:
    """Say of each cell what was measured, and where the library acts."""
    for chapter in history.chapters:
        role = f"{history.library} is the {chapter.acts}"
        if chapter.acts is Acts.CLIENT:
            role += ", and CPU the load generator's"
        workload = chapter.workload
        yield (
            f"{chapter.name}: {chapter.pattern}, {traffic(workload)}, "
            f"{units.span(workload.duration)}; {role}"
        )


def _rows(chapter: Chapter) -> Iterator[list[str]]:
    yield [chapter.name, *[""] * len(_COLUMNS)]
    held = [_under(chapter, names) for _, names in _COLUMNS]
    shown = [q if q is None or q.kind is not Kind.LOSS or _lost(chapter, q) else None for q in held]
    for row in chapter.rows:
        sign = "! " if row.refused or row.absent else "  "
        yield [sign + row.release, *(_figure(row, one) for one in shown)]
    firsts = ["" if one is None else first_difference(chapter.of(one.name), one) for one in shown]
    yield [f"  {_FIRST}", *firsts]


def _under(chapter: Chapter, names: Sequence[str]) -> Quantity | None:
    return next((one for one in chapter.quantities if one.name in names), None)


def _lost(chapter: Chapter, quantity: Quantity) -> bool:
    return any(any(row.samples.get(quantity.name, ())) for row in chapter.rows)


def _figure(row: Row, quantity: Quantity | None) -> str:
    if quantity is None:
        return ""
    samples = row.samples.get(quantity.name, ())
    if not samples:
        return units.ABSENT
    if quantity.kind is Kind.LOSS:
        return units.count(sum(value or 0 for value in samples))

    def write(value: Sample) -> str:
        return units.figure(value, quantity.unit)

    return cells.interval(estimate(samples), write)


def _whys(history: History) -> Iterator[str]:
    """Say of each marked row why, once for all releases of a cell that share the reason."""
    by_reason: dict[tuple[str, str], list[str]] = {}
    for chapter in history.chapters:
        for row in chapter.rows:
            for why in _reasons(row):
                by_reason.setdefault((chapter.name, why), []).append(row.release)
    for (name, why), releases in by_reason.items():
        yield f"! {name} {', '.join(releases)}: {why}."


def _reasons(row: Row) -> list[str]:
    if row.refused:
        lines = row.refused.splitlines()
        # A failure's log ends with what was raised; its first line only says that it failed.
        last = f": {lines[-1].strip()}" if len(lines) > 1 else ""
        return [f"not measured: {lines[0].rstrip(':')}{last}"]
    by_reason: dict[str, list[str]] = {}
    for name, why in row.absent.items():
        by_reason.setdefault(why, []).append(name)
    return [f"no {', '.join(names)}: {why}" for why, names in by_reason.items()]


def _by(change: Shift | None, quantity: Quantity) -> str:
    if change is None:
        return units.ABSENT
    if quantity.kind is Kind.LOSS:
        return units.count(change.value)
    return units.change(change.value)


def found(history: History) -> Iterator[str]:
    """Say what is missing and why, what differs, and what could not be compared."""
    yield from _whys(history)
    yield from _differences(history)
    untold = [
        f"{chapter.name} {step.quantity} {step.before} → {step.after}: {step.reason}"
        for chapter in history.chapters
        for step in chapter.steps
        if not step.told
    ]
    if untold:
        yield f"Not compared: {'; '.join(untold)}."
    if not any(_lost(c, q) for c in history.chapters for q in c.quantities if q.kind is Kind.LOSS):
        yield "Nothing was lost."


def _sentences(history: History) -> Iterator[str]:
    yield from found(history)
    yield (
        f"{_FIRST.capitalize()}: the first release whose difference to the one before it is "
        f"established and matters ({_thresholds(history)}); none (<N %): there is none, and what "
        f"these runs find in {units.percent(POWER)} of attempts is a change of N % or more. "
        "Exact Mann–Whitney over independent runs, Holm over all "
        f"{history.comparisons} comparisons of neighbours (values that are all equal need no "
        f"test), {units.percent(ALPHA)} error over all; "
        "± and intervals stand by themselves. What creeps over several releases is not tested."
    )


def _thresholds(history: History) -> str:
    thresholds = {
        quantity.name: units.percent(quantity.threshold)
        for chapter in history.chapters
        for quantity in chapter.quantities
        if quantity.threshold
    }
    return ", ".join(f"{name} {threshold}" for name, threshold in thresholds.items())


def _differences(history: History) -> Iterator[str]:
    for chapter in history.chapters:
        for quantity in chapter.quantities:
            for step in chapter.of(quantity.name):
                if step.differs:
                    yield (
                        f"{chapter.name}: {quantity.name} {step.before} → {step.after} "
                        f"{_interval(step, quantity)}, {WORDS[quantity.kind, step.outcome]}."
                    )


def _interval(step: Step, quantity: Quantity) -> str:
    change = step.change
    if change is None or quantity.kind is Kind.LOSS:
        return _by(change, quantity)
    return units.change_interval(change.value, change.low, change.high)
