"""What ``abec regress`` says: one table, and sentences that do not promise more than it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import dedent, indent

from harness.errors import Exit
from harness.measure.configuration import Kind
from harness.measure.contrast import Outcome, testable
from harness.measure.statistics import ALPHA, POWER
from harness.regress.gate import Gate
from harness.regress.looks import spent_by
from harness.regress.measuring import Measured
from harness.regress.ruling import Ruling
from harness.report import units
from harness.report.columns import WIDTH, Column, joined, paragraph, table
from harness.report.question import traffic
from harness.report.verdicts import change, figure, words

_COARSE = 2
"""A sentence names what had to change by so many times its threshold to be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All that was found, and what it was asked about."""

    base: str
    """What a reader calls it."""
    head: str
    gate: Gate
    measured: Measured
    saved: tuple[str, ...] = ()
    """The files that hold the runs."""

    @property
    def rulings(self) -> tuple[Ruling, ...]:
        """One for each comparison that was declared."""
        return self.measured.rulings

    @property
    def alarms(self) -> list[Ruling]:
        """What got worse."""
        return [ruling for ruling in self.rulings if ruling.alarm]

    @property
    def untold(self) -> list[Ruling]:
        """What could not be compared."""
        return [ruling for ruling in self.rulings if not ruling.told]

    @property
    def doubtful(self) -> list[Ruling]:
        """What looks worse by as much as matters, without its being established."""
        return [ruling for ruling in self.rulings if ruling.told and ruling.open]

    @property
    def doubtful_losses(self) -> list[Ruling]:
        """Where head alone lost messages, or more of them, without its being established."""
        return [one for one in self.doubtful if one.watched.metric.kind is Kind.LOSS]

    @property
    def code(self) -> Exit:
        """1 for a regression, else 3 where anything could not be told, else 0.

        A slower median below what could be seen is noise, as a rule; a loss never is.
        """
        if self.alarms:
            return Exit.ANSWER_IS_NO
        return Exit.NOT_MEASURED if self.untold or self.doubtful_losses else Exit.MEASURED


def text(answer: Judgement, width: int = WIDTH) -> str:
    """Give the answer for a terminal of so many columns."""
    columns = [
        Column(""),
        Column("base"),
        Column("head"),
        Column(_change_heading(answer)),
        Column("seen\nfrom"),
        Column("verdict", words=True),
    ]
    rows = []
    for name, own in _by_cell(answer):
        rows += [[name, *[""] * 5]]
        rows += [[f"  {ruling.watched.metric.name}", *_figures(ruling)] for ruling in own]
    asked, found = (
        [paragraph(line, hanging="  ", width=width) for line in lines]
        for lines in (_asked(answer), _sentences(answer))
    )
    found += [indent(why, "  ") for why in _long_reasons(answer)]
    saved = f"saved {', '.join(answer.saved)}" if answer.saved else ""
    last = joined([saved, f"(exit {answer.code:d})"], width)
    heading = joined(_heading(answer), width)
    return "\n".join([heading, *asked, table(columns, rows, width), *found, last])


def markdown(answer: Judgement) -> str:
    """Give the answer as Markdown, for a job's summary."""
    heading = _change_heading(answer).replace("\n", " ")
    lines = [
        f"### {_title(answer)}",
        "",
        " · ".join(_heading(answer)),
        "",
        f"| | base | head | {heading} | seen from | verdict |",
        "|---|--:|--:|--:|--:|---|",
    ]
    for ruling in answer.rulings:
        *figures, verdict = _figures(ruling)
        verdict = f"**{verdict}**" if ruling.alarm else verdict
        cells = (f"{ruling.cell.name} {ruling.watched.metric.name}", *figures, verdict)
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    lines += ["", *(f"- {line}" for line in (*_asked(answer), *_sentences(answer))), ""]
    for why in _long_reasons(answer):
        lines += ["```text", why, "```", ""]
    return "\n".join(lines)


def markdown_of_failure(base: str, head: str, gate: Gate, why: str) -> str:
    """Say in Markdown why nothing was measured."""
    first, *more = why.splitlines()
    lines = ["### Could not tell", "", f"base {base} · head {head} · {gate.name}", "", first, ""]
    if more:
        lines += ["```text", dedent("\n".join(more)), "```", ""]
    return "\n".join(lines)


def _title(answer: Judgement) -> str:
    if answer.alarms:
        return f"Regression: {_named(answer.alarms)}"
    if answer.untold or answer.doubtful_losses:
        return "Could not tell"
    return "No regression established" if answer.doubtful else "No regression detected"


def _heading(answer: Judgement) -> list[str]:
    gate, measured = answer.gate, answer.measured
    minutes, seconds = divmod(round(measured.took_s), 60)
    return [
        f"base {answer.base}",
        f"head {answer.head}",
        f"{gate.name}: {_plural(len(gate.cells), 'cell')}, {gate.comparisons} comparisons",
        f"{_plural(measured.looks, 'look')} in {minutes} min {seconds} s",
        f"seed {measured.order_seed}",
    ]


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _asked(answer: Judgement) -> list[str]:
    return [
        f"{cell.name}: {_pattern(cell.name, cell.pattern)}{traffic(cell.workload)}, "
        f"{units.span(cell.workload.duration)}, {cell.workload.client} client, {_runs(own)} runs"
        for cell, own in ((own[0].cell, own) for _, own in _by_cell(answer))
    ]


def _pattern(name: str, pattern: str) -> str:
    return "" if name == pattern else f"{pattern}, "


def _runs(own: Sequence[Ruling]) -> str:
    """Say how many runs a side the figures of a cell stand on; they differ with validity."""
    counts = {
        (len(ruling.finding.contrast.first), len(ruling.finding.contrast.second))
        for ruling in own
        if ruling.told
    }
    return " or ".join(f"{base} v {head}" for base, head in sorted(counts)) or "no valid"


def _by_cell(answer: Judgement) -> list[tuple[str, list[Ruling]]]:
    cells = [cell.name for cell in answer.gate.cells]
    return [(name, [r for r in answer.rulings if r.cell.name == name]) for name in cells]


def _change_heading(answer: Judgement) -> str:
    levels = {r.finding.shift.level for r in answer.rulings if r.finding.shift is not None}
    if not levels:
        return "change"
    return f"change\n[{'≥ ' * (len(levels) > 1)}{units.level(min(levels))}]"


def _figures(ruling: Ruling) -> tuple[str, str, str, str, str]:
    finding = ruling.finding
    seen_from = ruling.seen_from
    return (
        figure(ruling.watched.metric, finding.contrast.first),
        figure(ruling.watched.metric, finding.contrast.second),
        change(finding),
        units.ABSENT if seen_from is None else units.change(seen_from).removeprefix("+"),
        _verdict(ruling),
    )


def _verdict(ruling: Ruling) -> str:
    if not ruling.told:
        first, *more = ruling.finding.reason.splitlines()
        return f"could not tell: {first}{' …' if more else ''}"
    said = words(ruling.finding)
    if ruling.finding.outcome is Outcome.HIGHER and not ruling.alarm:
        return f"{said}, below {units.percent(ruling.watched.threshold)}"
    return said


def _sentences(answer: Judgement) -> list[str]:
    lines = []
    if answer.alarms:
        lines.append(f"Regression: {_named(answer.alarms)}.")
    if answer.doubtful:
        lines.append(f"Looks worse, and these runs do not establish it: {_named(answer.doubtful)}.")
    coarse = [
        f"{ruling.name} under {units.change(ruling.seen_from).removeprefix('+')}"
        for ruling in answer.rulings
        if ruling.finding.outcome is Outcome.UNDETECTED
        and ruling.seen_from is not None
        and ruling.seen_from > 1 + _COARSE * ruling.watched.threshold
    ]
    if coarse:
        lines.append(f"A change could not have been seen: {'; '.join(coarse)}.")
    losses = [r for r in answer.rulings if r.watched.metric.kind is Kind.LOSS and r.told]
    if losses and not any(
        any(r.finding.contrast.first + r.finding.contrast.second) for r in losses
    ):
        lines.append("Nothing was lost, base or head.")
    lines.append(_counts(answer))
    spent = units.percent(spent_by(answer.measured.looks))
    tested = sum(testable(ruling.finding.contrast) for ruling in answer.rulings)
    among = f"{tested} of {answer.gate.comparisons}"
    lines.append(
        f"Seen from: the change that raises an alarm in {units.percent(POWER)} of attempts. Exact "
        f"Mann–Whitney over independent runs, Holm over {among} comparisons (values that are all "
        f"equal need no test); of the error rate of {units.percent(ALPHA)} over all looks, {spent} "
        "is spent. Each interval stands by itself."
    )
    return lines


def _counts(answer: Judgement) -> str:
    better = sum(ruling.finding.outcome is Outcome.LOWER for ruling in answer.rulings)
    counts = {
        "worse": len(answer.alarms),
        "better": better,
        "without a change that matters": len(answer.rulings)
        - len(answer.alarms)
        - len(answer.doubtful)
        - len(answer.untold)
        - better,
        "worse without its being established": len(answer.doubtful),
        "could not be told": len(answer.untold),
    }
    return f"{', '.join(f'{count} {what}' for what, count in counts.items() if count)}."


def _long_reasons(answer: Judgement) -> list[str]:
    """Give each reason of more than a line, a log's tail for instance, once."""
    whys = dict.fromkeys(ruling.finding.reason for ruling in answer.untold)
    return [why for why in whys if "\n" in why]


def _named(rulings: Sequence[Ruling]) -> str:
    return "; ".join(f"{ruling.name} {_by(ruling)}" for ruling in rulings)


def _by(ruling: Ruling) -> str:
    contrast, shift = ruling.finding.contrast, ruling.finding.shift
    if ruling.watched.metric.kind is Kind.LOSS:
        sides = (contrast.first, contrast.second)
        before, after = (units.count(sum(value or 0 for value in side)) for side in sides)
        return f"{before} → {after}"
    return units.change(None if shift is None else shift.value)
