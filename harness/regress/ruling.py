"""What the runs of both sides support: arithmetic on results, nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.measure.configuration import Configuration, Kind
from harness.measure.contrast import Contrast, Finding, Outcome, judge
from harness.measure.statistics import surely_reaches
from harness.measure.verdict import contrast
from harness.regress.gate import Gate, GateCell
from harness.regress.looks import FIRST_RUNS, alpha_at
from harness.regress.sides import Side
from harness.regress.watched import Watched
from harness.result import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """All runs of one cell so far."""

    base: tuple[Result, ...] = ()
    head: tuple[Result, ...] = ()
    refused: Mapping[Side, str] = field(default_factory=dict)
    """Why a side cannot be measured at all."""

    def of(self, side: Side) -> tuple[Result, ...]:
        """Give the runs of one side."""
        return self.base if side is Side.BASE else self.head


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """One comparison, and what the runs say about it so far."""

    cell: GateCell
    watched: Watched
    finding: Finding
    look: int
    """The look that decided, or the last one."""
    short_of_runs: bool = False
    """Whether a few more runs would make up for the invalid ones."""

    @property
    def name(self) -> str:
        """What a reader calls it: ``sse p50``."""
        return f"{self.cell.name} {self.watched.metric.name}"

    @property
    def told(self) -> bool:
        """Whether there are runs enough to say anything, be it that nothing was detected."""
        return self.finding.outcome is not Outcome.NOT_COMPARED

    @property
    def decided(self) -> bool:
        """Whether a difference is established; later looks do not take that back."""
        return self.finding.outcome in (Outcome.HIGHER, Outcome.LOWER)

    @property
    def alarm(self) -> bool:
        """Whether head is worse, established, and by as much as matters."""
        return self.finding.outcome is Outcome.HIGHER and self._matters

    @property
    def open(self) -> bool:
        """Whether further runs could turn it into an alarm, or let it be told at all."""
        if self.decided:
            return False
        return self._matters if self.told else self.short_of_runs

    @property
    def seen_from(self) -> float | None:
        """The smallest change that raises an alarm in 80 % of attempts, as a ratio.

        It has to be established, and its estimate has to reach the threshold. None if no change
        could have.
        """
        found, resolution = self.finding.contrast, self.finding.resolution
        reaches = surely_reaches(found.first, found.second, 1 + self.watched.threshold)
        return None if resolution is None or reaches is None else max(resolution, reaches)

    @property
    def _matters(self) -> bool:
        """Whether what was seen, established or not, is worse by as much as matters."""
        found, shift = self.finding.contrast, self.finding.shift
        if found.metric.kind is Kind.LOSS:
            # Established is a rise by rank. Sides may have a different number of valid runs.
            first, second = (sum(v or 0 for v in side) for side in (found.first, found.second))
            worse = second * len(found.first) > first * len(found.second)
            return worse or self.finding.outcome is Outcome.HIGHER
        if shift is None:
            return False
        return shift.value is None or shift.value >= 1 + self.watched.threshold


def rule(
    gate: Gate, runs: Mapping[str, Runs], look: int, earlier: Sequence[Ruling] = ()
) -> tuple[Ruling, ...]:
    """Judge all comparisons of ``gate`` at look 1, 2, …; ``runs`` go by the name of their cell.

    What ``earlier`` looks established or told stands, with the figures of then: see ``_stands``.
    """
    declared = [(cell, watched) for cell in gate.cells for watched in cell.watched]
    contrasts = [_contrast(cell, watched, runs[cell.name]) for cell, watched in declared]
    rulings = [
        Ruling(
            cell=cell,
            watched=watched,
            finding=finding,
            look=look,
            short_of_runs=_short(watched, runs[cell.name]),
        )
        for (cell, watched), finding in zip(declared, judge(contrasts, alpha_at(look)), strict=True)
    ]
    before = {ruling.name: ruling for ruling in earlier}
    return tuple(
        before[now.name] if now.name in before and _stands(before[now.name], now) else now
        for now in rulings
    )


def fit(runs: Sequence[Result], watched: Watched) -> tuple[Result, ...]:
    """Give the runs that may be believed in what is watched."""
    return tuple(run for run in runs if all(doubt.rule in watched.despite for doubt in run.doubts))


def short_of_runs(cell: GateCell, runs: Runs) -> bool:
    """Whether something in ``cell`` cannot be judged for want of a few more valid runs."""
    return any(_short(watched, runs) for watched in cell.watched)


def _stands(before: Ruling, now: Ruling) -> bool:
    """Whether an earlier ruling holds beside what a later look says.

    A later look spends less. Runs that were enough to say that nothing was detected may be too
    few for its share, and that takes back nothing of what an earlier look could tell with them.
    """
    if before.decided:
        return True
    if not before.told or now.decided or now.finding.contrast.obstacle:
        return False
    return not now.told or now.finding.contrast == before.finding.contrast


def _short(watched: Watched, runs: Runs) -> bool:
    """Whether more runs would help: where most are invalid, more only take time."""
    if runs.refused:
        return False
    shares = [(len(fit(runs.of(side), watched)), len(runs.of(side))) for side in Side]
    return min(count for count, _ in shares) < FIRST_RUNS and all(
        2 * count >= total for count, total in shares
    )


def _contrast(cell: GateCell, watched: Watched, runs: Runs) -> Contrast:
    refused = next((f"{side}: {why}" for side, why in runs.refused.items()), "")
    absent = next((f"{side} was not measured" for side in Side if not runs.of(side)), "")
    if refused or absent:
        return Contrast(metric=watched.metric, obstacle=refused or absent)
    before, after = (_configuration(cell, watched, runs.of(side)) for side in Side)
    # How many runs and how long is the gate's to say: regress has no such options.
    return contrast(watched.metric, before, after, (Side.BASE, Side.HEAD), options=False)


def _configuration(cell: GateCell, watched: Watched, runs: tuple[Result, ...]) -> Configuration:
    used = fit(runs, watched)
    valid = len(used) >= FIRST_RUNS
    return Configuration(
        pattern=cell.pattern,
        workload=cell.workload,
        runs=runs,
        used=used if valid else runs,
        valid=valid,
    )
