"""Sentences under a table: what is invalid and why, what the system did, what is missing."""

from __future__ import annotations

from collections.abc import Sequence

from harness.measure.configuration import P90, P99, QUANTILES, Configuration, tail
from harness.measure.saturation import DELIVERED_SHARE
from harness.measure.statistics import FEWEST_RUNS, estimate
from harness.measure.validity import MESSAGES_BEYOND
from harness.report import units
from harness.report.columns import WIDTH, listed, paragraph
from harness.report.gateways import count, gateway_lines
from harness.report.given import given_lines
from harness.report.queues import depth_line, kill_line
from harness.result import Result, Series

_INDENT = "  "
_MOST_NAMED = 4
"""Of what was refused for one reason; beyond, it is the reason that matters."""
_FAULTS = (
    ("duplicated", "duplicates"),
    ("reordered", "out of order"),
    ("corrupted", "corrupted"),
)

_Named = tuple[str, Configuration]
"""A row, and what it is called in a sentence."""


def mark(row: Configuration) -> str:
    """Give the sign that stands before a row: ``!`` invalid, ``~`` saturated."""
    if not row.valid:
        return "! "
    return "~ " if row.saturated else "  "


def remarks(rows: Sequence[Configuration], series: Series, width: int = WIDTH) -> list[str]:
    """Say all that a reader of these rows must know, the invalid ones first."""
    rows = sorted(rows, key=lambda row: row.valid)
    remedies = dict.fromkeys(
        doubt.remedy for row in rows for run in row.invalid_runs for doubt in run.doubts
    )
    named = [(_name(row, rows), row) for row in rows]
    behaviour = [line for name, row in named for line in _behaviour(name, row)]
    told = [*behaviour, _repeated(named), _incomplete(named, series)]
    lines = [
        *(paragraph(line, hanging=_INDENT, width=width) for line in _doubts(named)),
        paragraph(" ".join(map(_sentence, remedies)), _INDENT, _INDENT, width),
        *(paragraph(line, hanging=_INDENT, width=width) for line in told),
    ]
    return [line for line in lines if line]


def refusals(series: Series, width: int = WIDTH, where: str = "") -> list[str]:
    """Say what could not be measured at all, each reason once; it may bring the tail of a log.

    ``where`` tells one series of an answer from another: ``in the closed loop``.
    """
    alike: dict[str, list[str]] = {}
    for name, reason in series.refused.items():
        alike.setdefault(reason, []).append(name)
    lines = []
    for reason, names in alike.items():
        problem, *log = reason.splitlines() or [""]
        verb = "was" if len(names) == 1 else "were"
        missing = " ".join(filter(None, (_some(names), verb, "not measured", where)))
        told = f"! {missing}: {problem}"
        lines.append(paragraph(told, hanging=_INDENT, width=width))
        lines += log
    return lines


def _some(names: Sequence[str]) -> str:
    """Enumerate names, but a long list by its first and a number."""
    if len(names) <= _MOST_NAMED:
        return listed(names)
    return f"{names[0]} and {len(names) - 1} others"


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


def _name(row: Configuration, among: Sequence[Configuration]) -> str:
    """Name a row: by what it was turned to as well where it is one of several of its pattern."""
    same = [other for other in among if other.pattern == row.pattern]
    if len(same) == 1:
        return row.pattern
    if len({other.workload.gateways for other in same}) > 1:
        return f"{row.pattern} over {count(row.workload)}"
    if len({other.workload.networked for other in same}) > 1:
        if row.workload.networked:
            return f"{row.pattern} over {units.span(row.workload.rtt)}"
        return f"{row.pattern} without a network"
    return f"{row.pattern} every {units.span(row.workload.poll_interval)}"


def _doubts(rows: Sequence[_Named]) -> list[str]:
    """Say which limits were missed, in how many runs: once for all rows that missed the same."""
    alike: dict[tuple[bool, frozenset[str]], list[_Named]] = {}
    for name, row in rows:
        rules = frozenset(doubt.rule for run in row.invalid_runs for doubt in run.doubts)
        if rules:
            alike.setdefault((row.valid, rules), []).append((name, row))
    return [f"{_unfit(members)}{_why(members)}." for members in alike.values()]


def _unfit(rows: Sequence[_Named]) -> str:
    """Say which rows, or how many of their runs, are invalid."""
    names = listed([name for name, _ in rows])
    counts = [f"{len(row.invalid_runs)} of {len(row.runs)}" for _, row in rows]
    each = len(rows) > 1 and len(set(counts)) == 1
    runs = f"{counts[0]} runs each" if each else f"{listed(counts)} runs"
    if rows[0][1].valid:
        return f"{names}: {runs} invalid, left out"
    subject = f"! {names} {'is' if len(rows) == 1 else 'are'} invalid"
    return subject if all(len(row.runs) == 1 for _, row in rows) else f"{subject} in {runs}"


def _why(rows: Sequence[_Named]) -> str:
    """Give the first row's reasons, and whose they are where others have other figures."""
    reasons = [_reasons(row) for _, row in rows]
    return f": {reasons[0]}" if len(set(reasons)) == 1 else f"; of {rows[0][0]}, {reasons[0]}"


def _reasons(row: Configuration) -> str:
    """Give each limit that was missed with the figures of the first run that missed it."""
    broken = row.invalid_runs
    reasons: dict[str, list[str]] = {}
    for doubt in (doubt for run in broken for doubt in run.doubts):
        reasons.setdefault(doubt.rule, []).append(doubt.reason)
    return "; ".join(
        found[0] if len(found) == len(broken) else f"in {len(found)} of them, {found[0]}"
        for found in reasons.values()
    )


def _behaviour(name: str, row: Configuration) -> list[str]:
    """Say what the system did: that is its result, not a doubt."""
    saturated = [run for run in row.used if run.saturated and row.workload.open_loop]
    return [
        _saturation(name, row, saturated) if saturated else "",
        _loss(name, row),
        _faults(name, row),
        depth_line(name, row),
        kill_line(name, row),
        *gateway_lines(name, row),
        *given_lines(name, row),
    ]


def _repeated(rows: Sequence[_Named]) -> str:
    repeats = {name: sum(run.context.reruns for run in row.runs) for name, row in rows}
    told = [f"{name} {number}" for name, number in sorted(repeats.items()) if number]
    if not told:
        return ""
    return f"Runs repeated because the machine was disturbed: {', '.join(told)}."


def _incomplete(rows: Sequence[_Named], series: Series) -> str:
    told = [f"{name} {len(row.runs)}" for name, row in rows if len(row.runs) < series.runs]
    if not told:
        return ""
    return f"Fewer than the {series.runs} runs asked for: {', '.join(sorted(told))}."


def _saturation(name: str, row: Configuration, saturated: Sequence[Result]) -> str:
    slowest = min(saturated, key=lambda run: run.achieved_rate)
    behind = slowest.achieved_rate < DELIVERED_SHARE * slowest.offered_rate
    how = (
        f"{units.significant(slowest.achieved_rate)} of {units.rate(slowest.offered_rate)} in time"
        if behind
        else f"latency grew by {units.seconds(max(run.slope for run in saturated))} each second"
    )
    sentence = f"{name} is saturated {_in_runs(saturated, row)}: {how}"
    if row.saturated:
        rank = "Its latency depends on the window and takes part in no ranking."
        return f"{mark(row)}{sentence}. {rank}"
    return f"{sentence}."


def _loss(name: str, row: Configuration) -> str:
    lost = sum(run.audit.lost for run in row.used)
    if not lost:
        return ""
    owed = sum(run.audit.owed for run in row.used)
    causes: dict[str, int] = {}
    for cause, number in ((c, n) for run in row.used for c, n in run.audit.causes.items()):
        causes[cause] = causes.get(cause, 0) + number
    told = ", ".join(f"{cause} {units.count(number)}" for cause, number in causes.items())
    return (
        f"{name} lost {units.count(lost)} of {units.count(owed)} deliveries"
        f"{f' ({told})' if told else ''}; a lost message is infinitely late."
    )


def _faults(name: str, row: Configuration) -> str:
    counts = [(word, sum(getattr(run.audit, field) for run in row.used)) for field, word in _FAULTS]
    told = [f"{units.count(number)} {word}" for word, number in counts if number]
    return f"{name} delivered {', '.join(told)}." if told else ""


def _in_runs(some: Sequence[Result], row: Configuration) -> str:
    return f"in {len(some)} of {len(row.used)} runs" if len(row.used) > 1 else "in this run"


def _sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
