"""A gate of one cell, its runs made up, and the answer they give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.regress.gate import Gate, GateCell
from harness.regress.measuring import Measured
from harness.regress.report import Judgement
from harness.regress.ruling import Runs, rule
from harness.result import Result
from harness.workload import Workload

Make = Callable[..., Any]
CELL = GateCell(name="prices", pattern="sse", workload=Workload(rate=1000.0, duration=3.0))


@pytest.fixture
def cell() -> GateCell:
    return CELL


@pytest.fixture
def gate() -> Gate:
    return Gate(name="test", cells=(CELL,))


@pytest.fixture
def side(make_series: Make) -> Make:
    """Give runs of the cell, their figures multiplied by the factors."""

    def make(seed: int, runs: int = 8, noise: float = 0.02, **factors: float) -> tuple[Result, ...]:
        plain = {"p50": 4e-4, "p99": 2e-3, "cpu": 12e-6}
        rows = {"sse": {name: value * factors.get(name, 1) for name, value in plain.items()}}
        made = make_series(rows, runs=runs, noise=noise, seed=seed, workload=CELL.workload)
        results: tuple[Result, ...] = made.results
        return results

    return make


@pytest.fixture
def answer(gate: Gate) -> Callable[[Runs], Judgement]:
    """Give the answer that runs lead to at the first look."""

    def make(runs: Runs) -> Judgement:
        return Judgement(
            base="main (1a2b3c4d)",
            head="5e6f7a8b",
            gate=gate,
            measured=Measured(
                runs={"prices": runs},
                rulings=rule(gate, {"prices": runs}, 1),
                looks=1,
                took_s=281.4,
                order_seed=7,
            ),
            saved=("results/runs/a-base.json", "results/runs/a-head.json"),
        )

    return make
