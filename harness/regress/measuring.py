"""Both sides measured: interleaved, in random order, look by look, within a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.regress.gate import Gate, GateCell
from harness.regress.interleaving import GrowingRuns, RunOnce, blocks_s
from harness.regress.looks import FIRST_RUNS, MORE_RUNS
from harness.regress.ruling import Ruling, Runs, rule, short_of_runs
from harness.regress.sides import Built, Side
from harness.series import Watcher

MOST_REPLACED = 2
"""Blocks that the first look may add to a cell whose runs were not all valid: a quarter."""


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
    """Measure ``gate`` on both sides: a first look, then more of what is open and affordable."""
    grown = GrowingRuns(
        sides,
        run_once,
        together=True,
        order_seed=order_seed,
        command=command,
        save_to={str(side): path for side, path in (save_to or {}).items()},
        on_progress=on_progress,
    )
    grown.measure(gate.cells, FIRST_RUNS)
    for _ in range(MOST_REPLACED):
        short = [cell for cell in gate.cells if short_of_runs(cell, _runs(grown, cell))]
        if not short or not grown.affords(short, 1, budget_s):
            break
        grown.measure(short, 1)
    look = 1
    rulings = rule(gate, _all_runs(grown, gate), look)
    while cells := _open(gate, rulings):
        if not grown.affords(cells, MORE_RUNS, budget_s):
            break
        grown.measure(cells, MORE_RUNS)
        look += 1
        rulings = rule(gate, _all_runs(grown, gate), look, rulings)
    return Measured(
        runs=_all_runs(grown, gate),
        rulings=rulings,
        looks=look,
        took_s=grown.passed_s,
        order_seed=order_seed,
    )


def first_look_s(gate: Gate) -> float:
    """Estimate the seconds until the first look, on a machine that disturbs nothing."""
    return blocks_s(gate.cells, len(Side), FIRST_RUNS)


def _open(gate: Gate, rulings: Sequence[Ruling]) -> list[GateCell]:
    names = {ruling.cell.name for ruling in rulings if ruling.open}
    return [cell for cell in gate.cells if cell.name in names]


def _all_runs(grown: GrowingRuns, gate: Gate) -> Mapping[str, Runs]:
    return {cell.name: _runs(grown, cell) for cell in gate.cells}


def _runs(grown: GrowingRuns, cell: GateCell) -> Runs:
    base, head = (grown.results(cell, side) for side in Side)
    refused = {side: why for side in Side if (why := grown.refused(cell, side))}
    return Runs(base=base, head=head, refused=refused)
