"""Runs of several sides, interleaved: who is measured when, what is kept, how time passes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness import schema
from harness.errors import NotMeasured
from harness.regress.gate import GateCell
from harness.regress.sides import Built
from harness.result import Result, Series
from harness.series import MOST_RERUNS, RERUN_SHARE, Cell, Progress, Watcher

RunOnce = Callable[[Built, GateCell, int], Result]
"""Measure a cell once on one side, repeating it so often at most if the machine disturbs it."""


class GrowingRuns:
    """The runs so far, on disk too. In each block every cell has one run a side.

    Cells come in random order, and so do the sides of each, one right after the other. Series
    are saved after every run. What a side cannot measure is put down as refused, and left out:
    for that side, or where all stand ``together`` for all, since one alone tells nothing.
    """

    def __init__(
        self,
        sides: Sequence[Built],
        run_once: RunOnce,
        *,
        together: bool,
        order_seed: int,
        command: str,
        save_to: Mapping[str, Path],
        on_progress: Watcher,
    ) -> None:
        self._sides = sides
        self._run_once = run_once
        self._together = together
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
        self._results: dict[tuple[str, str], tuple[Result, ...]] = {}
        self._refused: dict[tuple[str, str], str] = {}

    @property
    def passed_s(self) -> float:
        """Seconds since measuring began."""
        return time.monotonic() - self._began_s

    def results(self, cell: GateCell, side: str) -> tuple[Result, ...]:
        """Give the runs of one side so far."""
        return self._results.get((cell.name, side), ())

    def refused(self, cell: GateCell, side: str) -> str:
        """Say why a side cannot measure the cell; empty if it can."""
        return self._refused.get((cell.name, side), "")

    def affords(self, cells: Sequence[GateCell], blocks: int, budget_s: float) -> bool:
        """Whether so many blocks of ``cells`` end within the budget, at the pace so far."""
        return self.passed_s + self._pace * self._needed_s(cells, blocks) <= budget_s

    def measure(self, cells: Sequence[GateCell], blocks: int) -> None:
        """Measure so many blocks of ``cells``."""
        total = len(self._sides) * blocks * len(cells)
        self._reruns_left += round(RERUN_SHARE * total)
        left_s, done = self._needed_s(cells, blocks), 0
        for _ in range(blocks):
            for cell in self._rng.sample(cells, len(cells)):
                for built in self._rng.sample(self._sides, len(self._sides)):
                    self._tell(cell, done, total, left_s)
                    self._measure(built, cell)
                    left_s -= cell.expected_s
                    done += 1
            self._blocks += 1

    @property
    def _pace(self) -> float:
        return self.passed_s / self._expected_s if self._expected_s else 1.0

    def _needed_s(self, cells: Sequence[GateCell], blocks: int) -> float:
        return blocks_s(cells, len(self._sides), blocks)

    def _tell(self, cell: GateCell, done: int, total: int, left_s: float) -> None:
        self._on_progress(
            Progress(
                done=done,
                total=total,
                cell=Cell(pattern=cell.pattern, workload=cell.workload),
                block=self._blocks,
                remaining_s=left_s * self._pace,
            )
        )

    def _measure(self, built: Built, cell: GateCell) -> None:
        among = self._sides if self._together else (built,)
        if any(self.refused(cell, one.side) for one in among):
            return
        try:
            result = self._run_once(built, cell, min(MOST_RERUNS, self._reruns_left))
        except NotMeasured as error:
            self._refused[cell.name, built.side] = str(error)
            # Series know patterns, of which a gate may have several cells.
            before = self._series[built.side].refused.get(cell.pattern)
            why = "; ".join(filter(None, (before, f"{cell.name}: {error}")))
            self._save(built.side, refused={cell.pattern: why})
            return
        self._reruns_left = max(0, self._reruns_left - result.context.reruns)
        self._expected_s += cell.expected_s
        result = replace(result, block_index=self._blocks)
        self._results[cell.name, built.side] = (*self.results(cell, built.side), result)
        self._save(built.side, results=(result,))

    def _save(
        self,
        side: str,
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


def blocks_s(cells: Sequence[GateCell], sides: int, blocks: int) -> float:
    """Estimate the seconds of so many blocks, on a machine that disturbs nothing."""
    return sides * blocks * sum(cell.expected_s for cell in cells)
