"""Sentences under a table: what is invalid and why, what the system did, what is missing."""

from __future__ import annotations

from collections.abc import Sequence

from harness.measure.configuration import P90, P99, QUANTILES, Configuration, tail
from harness.measure.saturation import DELIVERED_SHARE
from harness.measure.statistics import FEWEST_RUNS, estimate
from harness.measure.validity import MESSAGES_BEYOND
from harness.report import units
from harness.report.columns import paragraph
from harness.result import Result, Series

_INDENT = "  "
_FAULTS = (
    ("duplicated", "duplicates"),
    ("reordered", "out of order"),
    ("corrupted", "corrupted"),
)


def mark(row: Configuration) -> str:
    """Give the sign that stands before a row: ``!`` invalid, ``~`` saturated."""
    if not row.valid:
        return "! "
    return "~ " if row.saturated else "  "


def remarks(rows: Sequence[Configuration], series: Series) -> list[str]:
    """Say all that a reader of these rows must know, the invalid ones first."""
    rows = sorted(rows, key=lambda row: row.valid)
    lines = [line for row in rows for line in (*_doubts(row), *_behaviour(row))]
    lines += [_incomplete(row, series) for row in rows if len(row.runs) < series.runs]
    return [line for line in lines if line]


def refusals(series: Series) -> list[str]:
    """Say what could not be measured at all. The reason may bring the tail of a log."""
    lines = []
    for pattern, reason in series.refused.items():
        problem, *log = reason.splitlines() or [""]
        lines.append(paragraph(f"! {pattern} was not measured: {problem}", hanging=_INDENT))
        lines += log
    return lines


def interval_line(rows: Sequence[Configuration]) -> str:
    """Say what the ± of these rows covers, or why there is none."""
    sizes = sorted({len(row.used) for row in rows}, reverse=True)
    told = [size for size in sizes if size >= FEWEST_RUNS]
    if not told:
        most = max(sizes, default=0)
        runs = "one run" if most == 1 else f"{most} runs"
        return f"{runs}: no interval; add --runs 8"
    levels = ", ".join(f"{units.level(estimate([0.0] * n).level)} over {n} runs" for n in told)
    none = f"; none under {FEWEST_RUNS} runs" if len(told) < len(sizes) else ""
    return f"± half of the order-statistic interval of the median: {levels}{none}"


def hidden_tail_line(rows: Sequence[Configuration]) -> str:
    """Say what the first percentile that is not shown would need; empty if it is beyond p99."""
    shown = tail(rows)
    if shown is P99:
        return ""
    wanted = "p99" if shown is P90 else "p90"
    messages = round(MESSAGES_BEYOND / (1 - QUANTILES[wanted]))
    least = min(run.delivery.messages for row in rows for run in row.used)
    rate = rows[0].workload.rate
    longer = f"; --duration {units.significant(1.1 * messages / rate, 2)}s" if rate else ""
    return (
        f"{wanted} needs {MESSAGES_BEYOND} messages beyond it, {messages:,} in the window; "
        f"here {least:,}{longer}"
    )


def _doubts(row: Configuration) -> list[str]:
    """Name the rules that runs broke, in how many, and the remedies, each once."""
    broken = row.invalid_runs
    if not broken:
        return []
    reasons: dict[str, tuple[int, str]] = {}
    for doubt in (doubt for run in broken for doubt in run.doubts):
        number, reason = reasons.get(doubt.rule, (0, doubt.reason))
        reasons[doubt.rule] = (number + 1, reason)
    total = len(row.runs)
    told = [
        reason if number == len(broken) else f"{reason} ({rule}, in {number})"
        for rule, (number, reason) in reasons.items()
    ]
    if row.valid:
        subject = f"{row.pattern}: {len(broken)} of {total} runs invalid, left out"
    elif total == 1:
        subject = f"! {row.pattern} is invalid"
    else:
        subject = f"! {row.pattern} is invalid in {len(broken)} of {total} runs"
    remedies = dict.fromkeys(doubt.remedy for run in broken for doubt in run.doubts)
    return [
        paragraph(f"{subject}: {'; '.join(told)}.", hanging=_INDENT),
        paragraph(" ".join(_sentence(remedy) for remedy in remedies), _INDENT, _INDENT),
    ]


def _behaviour(row: Configuration) -> list[str]:
    """Say what the system did: that is its result, not a doubt."""
    lines = []
    saturated = [run for run in row.used if run.saturated and row.workload.open_loop]
    if saturated:
        lines.append(_saturation(row, saturated))
    lines += [_loss(row), _faults(row)]
    repeated = sum(run.context.reruns for run in row.runs)
    if repeated:
        lines.append(
            f"{row.pattern}: {_times(repeated)} repeated because the machine was disturbed."
        )
    return [paragraph(line, hanging=_INDENT) for line in lines if line]


def _saturation(row: Configuration, saturated: Sequence[Result]) -> str:
    slowest = min(saturated, key=lambda run: run.achieved_rate)
    behind = slowest.achieved_rate < DELIVERED_SHARE * slowest.offered_rate
    how = (
        f"{units.significant(slowest.achieved_rate)} of {units.rate(slowest.offered_rate)} in time"
        if behind
        else f"latency grew by {units.seconds(max(run.slope for run in saturated))} each second"
    )
    sentence = f"{row.pattern} is saturated {_in_runs(saturated, row)}: {how}"
    if row.saturated:
        return f"{mark(row)}{sentence}. Its latency depends on the window and takes part in no ranking."
    return f"{sentence}."


def _loss(row: Configuration) -> str:
    lost = sum(run.audit.lost for run in row.used)
    if not lost:
        return ""
    owed = sum(run.audit.owed for run in row.used)
    causes: dict[str, int] = {}
    for cause, number in ((c, n) for run in row.used for c, n in run.audit.causes.items()):
        causes[cause] = causes.get(cause, 0) + number
    told = ", ".join(f"{cause} {units.count(number)}" for cause, number in causes.items())
    return (
        f"{row.pattern} lost {units.count(lost)} of {units.count(owed)} deliveries"
        f"{f' ({told})' if told else ''}; a lost message is infinitely late."
    )


def _faults(row: Configuration) -> str:
    counts = [(word, sum(getattr(run.audit, field) for run in row.used)) for field, word in _FAULTS]
    told = [f"{units.count(number)} {word}" for word, number in counts if number]
    return f"{row.pattern} delivered {', '.join(told)}." if told else ""


def _incomplete(row: Configuration, series: Series) -> str:
    return f"{row.pattern}: {len(row.runs)} of {series.runs} runs were measured."


def _in_runs(some: Sequence[Result], row: Configuration) -> str:
    return f"in {len(some)} of {len(row.used)} runs" if len(row.used) > 1 else "in this run"


def _times(number: int) -> str:
    return "1 run was" if number == 1 else f"{number} runs were"


def _sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
