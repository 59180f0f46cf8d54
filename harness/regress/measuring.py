"""Both sides measured: interleaved, in random order, look by look, within a budget."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness import schema
from harness.errors import NotMeasured
from harness.regress.gate import Gate, GateCell
from harness.regress.looks import FIRST_RUNS, MORE_RUNS
from harness.regress.ruling import Ruling, Runs, rule, short_of_runs
from harness.regress.sides import Built, Side
from harness.result import Result, Series
from harness.series import MOST_RERUNS, RERUN_SHARE, Cell, Progress, Watcher

MOST_REPLACED = 2
"""Blocks that the first look may add to a cell whose runs were not all valid: a quarter."""

RunOnce = Callable[[Built, GateCell, int], Result]
"""Measure a cell once on one side, repeating it so often at most if the machine disturbs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All runs, and what they support."""

    runs: Mapping[str, Runs]
    """By the name of their cell."""
    rulings: tuple[Ruling, ...]
    looks: int
    took_s: float
    order_seed: int


def measure(
    gate: Gate,
    sides: Sequence[Built],
    run_once: RunOnce,
    *,
    budget_s: float,
    order_seed: int,
    command: str = "",
    save_to: Mapping[Side, Path] | None = None,
    on_progress: Watcher = lambda _progress: None,
) -> Measured:
    """Measure ``gate`` on both sides: a first look, then more of what is open and affordable.

    In each block every cell has one run a side; cells come in random order, and so do the two
    sides of each, one right after the other. Series are saved after every run.
    """
    campaign = _Campaign(gate, sides, run_once, order_seed, command, save_to or {}, on_progress)
    campaign.measure(gate.cells, FIRST_RUNS)
    for _ in range(MOST_REPLACED):
        short = [cell for cell in gate.cells if short_of_runs(cell, campaign.runs[cell.name])]
        if not short or not campaign.affords(short, 1, budget_s):
            break
        campaign.measure(short, 1)
    look = 1
    rulings = rule(gate, campaign.runs, look)
    while cells := _open(gate, rulings):
        if not campaign.affords(cells, MORE_RUNS, budget_s):
            break
        campaign.measure(cells, MORE_RUNS)
        look += 1
        rulings = rule(gate, campaign.runs, look, rulings)
    return Measured(
        runs=campaign.runs,
        rulings=rulings,
        looks=look,
        took_s=campaign.passed_s,
        order_seed=order_seed,
    )


def first_look_s(gate: Gate) -> float:
    """Estimate the seconds until the first look, on a machine that disturbs nothing."""
    return 2 * FIRST_RUNS * sum(cell.expected_s for cell in gate.cells)


def _open(gate: Gate, rulings: Sequence[Ruling]) -> list[GateCell]:
    names = {ruling.cell.name for ruling in rulings if ruling.open}
    return [cell for cell in gate.cells if cell.name in names]


class _Campaign:
    """The runs so far, on disk too, and how the time passes."""

    def __init__(
        self,
        gate: Gate,
        sides: Sequence[Built],
        run_once: RunOnce,
        order_seed: int,
        command: str,
        save_to: Mapping[Side, Path],
        on_progress: Watcher,
    ) -> None:
        self.runs = {cell.name: Runs() for cell in gate.cells}
        self._sides = sides
        self._run_once = run_once
        self._rng = random.Random(order_seed)
        self._series = {
            built.side: Series(command=command, order_seed=order_seed, runs=0, results=())
            for built in sides
        }
        self._save_to = save_to
        self._on_progress = on_progress
        self._began_s = time.monotonic()
        self._expected_s = 0.0
        self._reruns_left = 0
        self._blocks = 0

    @property
    def passed_s(self) -> float:
        """Seconds since measuring began."""
        return time.monotonic() - self._began_s

    def affords(self, cells: Sequence[GateCell], blocks: int, budget_s: float) -> bool:
        """Whether so many blocks of ``cells`` end within the budget, at the pace so far."""
        pace = self.passed_s / self._expected_s if self._expected_s else 1.0
        return self.passed_s + pace * _expected_s(cells, blocks) <= budget_s

    def measure(self, cells: Sequence[GateCell], blocks: int) -> None:
        """Measure so many blocks of ``cells``."""
        total = 2 * blocks * len(cells)
        self._reruns_left += round(RERUN_SHARE * total)
        left_s, done = _expected_s(cells, blocks), 0
        for _ in range(blocks):
            for cell in self._rng.sample(cells, len(cells)):
                for built in self._rng.sample(self._sides, len(self._sides)):
                    self._tell(cell, done, total, left_s)
                    self._measure(built, cell)
                    left_s -= cell.expected_s
                    done += 1
            self._blocks += 1

    def _tell(self, cell: GateCell, done: int, total: int, left_s: float) -> None:
        pace = self.passed_s / self._expected_s if self._expected_s else 1.0
        self._on_progress(
            Progress(
                done=done,
                total=total,
                cell=Cell(pattern=cell.pattern, workload=cell.workload),
                block=self._blocks,
                remaining_s=left_s * pace,
            )
        )

    def _measure(self, built: Built, cell: GateCell) -> None:
        runs = self.runs[cell.name]
        if runs.refused:
            # One side alone tells nothing.
            return
        try:
            result = self._run_once(built, cell, min(MOST_RERUNS, self._reruns_left))
        except NotMeasured as error:
            refused = {**runs.refused, built.side: str(error)}
            self.runs[cell.name] = replace(runs, refused=refused)
            # Series know patterns, of which a gate may have several cells.
            before = self._series[built.side].refused.get(cell.pattern)
            why = "; ".join(filter(None, (before, f"{cell.name}: {error}")))
            self._save(built.side, refused={cell.pattern: why})
            return
        self._reruns_left = max(0, self._reruns_left - result.context.reruns)
        self._expected_s += cell.expected_s
        result = replace(result, block_index=self._blocks)
        self.runs[cell.name] = runs.and_one(built.side, result)
        self._save(built.side, results=(result,))

    def _save(
        self,
        side: Side,
        results: tuple[Result, ...] = (),
        refused: Mapping[str, str] | None = None,
    ) -> None:
        series = self._series[side]
        self._series[side] = replace(
            series,
            runs=max(series.runs, self._blocks + 1),
            results=(*series.results, *results),
            refused={**series.refused, **(refused or {})},
        )
        if side in self._save_to:
            schema.save(self._series[side], self._save_to[side])


def _expected_s(cells: Sequence[GateCell], blocks: int) -> float:
    return 2 * blocks * sum(cell.expected_s for cell in cells)
