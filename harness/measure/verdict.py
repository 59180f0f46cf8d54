"""An old series against a new one: what got worse, what did not, and what was not compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from harness.measure.configuration import (
    CPU_PER_MESSAGE,
    LOST,
    P50,
    TIME_PER_MESSAGE,
    Configuration,
    Kind,
    Metric,
    configurations,
    tail,
)
from harness.measure.contrast import Contrast, Finding, Outcome, judge, obstacle
from harness.result import Series
from harness.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One metric of one configuration, old against new."""

    pattern: str
    workload: Workload
    finding: Finding
    note: str = ""
    """What a reader should know beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """A configuration that has no like in the other series."""

    pattern: str
    workload: Workload
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """All that two series say about each other."""

    same_machine: bool
    """If not, ``verdicts`` is empty: absolute figures of two machines don't compare."""
    verdicts: tuple[Verdict, ...] = ()
    unmatched: tuple[Unmatched, ...] = ()
    matched: tuple[tuple[Configuration, Configuration], ...] = ()

    def count(self, outcome: Outcome) -> int:
        """Count the verdicts of one outcome."""
        return sum(verdict.finding.outcome is outcome for verdict in self.verdicts)


def verdicts(old: Series, new: Series) -> Verdicts:
    """Match configurations by pattern and workload, and test all metrics of all together."""
    before, after = configurations(old), configurations(new)
    likes = {_key(row): row for row in after}
    matched = tuple((row, likes[_key(row)]) for row in before if _key(row) in likes)
    unmatched = _unmatched(before, after)
    if not _same_machine(old, new):
        return Verdicts(same_machine=False, unmatched=unmatched, matched=matched)
    declared = [(pair, metric) for pair in matched for metric in _metrics(*pair)]
    findings = judge([contrast(metric, *pair) for pair, metric in declared])
    return Verdicts(
        same_machine=True,
        verdicts=tuple(
            Verdict(
                pattern=pair[0].pattern,
                workload=pair[0].workload,
                finding=finding,
                note=_note(metric, *pair),
            )
            for (pair, metric), finding in zip(declared, findings, strict=True)
        ),
        unmatched=unmatched,
        matched=matched,
    )


def contrast(
    metric: Metric,
    before: Configuration,
    after: Configuration,
    sides: tuple[str, str] = ("old", "new"),
    *,
    options: bool = True,
) -> Contrast:
    """Declare the comparison of one metric, or say what stands against it.

    ``sides`` is what the two are called in that, and ``options`` whether options of ``abec run``
    are named as its remedy.
    """
    old, new = sides
    reason = obstacle(before, metric, old, options=options)
    reason = reason or obstacle(after, metric, new, options=options)
    if not reason and metric.kind is Kind.LATENCY and before.saturated and after.saturated:
        reason = f"saturated in {old} and {new}: its latency depends on the window"
    if reason:
        return Contrast(metric=metric, obstacle=reason)
    return Contrast(metric=metric, first=before.samples(metric), second=after.samples(metric))


def differing(one: Workload, other: Workload) -> list[str]:
    """Name the fields in which two workloads differ, with both values."""
    return [
        f"{field.name} {_brief(getattr(one, field.name))} → {_brief(getattr(other, field.name))}"
        for field in fields(Workload)
        if getattr(one, field.name) != getattr(other, field.name)
    ]


def _brief(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _metrics(before: Configuration, after: Configuration) -> list[Metric]:
    """A closed loop is asked how fast it goes; its latencies only mirror that."""
    if not before.workload.open_loop:
        return [TIME_PER_MESSAGE, CPU_PER_MESSAGE, LOST]
    far = tail((before, after))
    latencies = [P50] if far is None else [P50, far]
    return [*latencies, CPU_PER_MESSAGE, LOST]


def _note(metric: Metric, before: Configuration, after: Configuration) -> str:
    if metric.kind is Kind.LATENCY and before.saturated != after.saturated:
        return "old is saturated" if before.saturated else "new is saturated"
    return ""


def _same_machine(old: Series, new: Series) -> bool:
    prints = {run.context.machine.fingerprint for run in (*old.results, *new.results)}
    return len(prints) <= 1


def _unmatched(
    before: Sequence[Configuration], after: Sequence[Configuration]
) -> tuple[Unmatched, ...]:
    """Say each missing like once: a pattern under another workload is told from the old side."""
    lone_old = [row for row in before if _key(row) not in set(map(_key, after))]
    lone_new = [row for row in after if _key(row) not in set(map(_key, before))]
    told = {row.pattern for row in lone_old}
    reasons = [(row, _why(row, lone_new)) for row in lone_old]
    reasons += [(row, "only in new") for row in lone_new if row.pattern not in told]
    return tuple(
        Unmatched(pattern=row.pattern, workload=row.workload, reason=reason)
        for row, reason in reasons
    )


def _key(row: Configuration) -> tuple[str, Workload]:
    return row.pattern, row.workload


def _why(row: Configuration, others: Sequence[Configuration]) -> str:
    likes = [
        differing(row.workload, like.workload) for like in others if like.pattern == row.pattern
    ]
    return f"another workload: {', '.join(sorted(likes, key=len)[0])}" if likes else "only in old"
