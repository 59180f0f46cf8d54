"""Releases of a library that only pretend: their runs made up, the answer they give real."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.measure.history import History
from harness.regress.gate import GateCell
from harness.result import Doubt, GeneratorUse, Result, ServerUse
from harness.versions.asked import question
from harness.versions.measuring import Measured
from harness.versions.telling import history
from tests.unit.conftest import result

LATE = Doubt(rule="receiver lag", reason="late", remedy="")
COMMIT = "1a2b3c4d" * 5
Runs = Callable[..., tuple[Result, ...]]
Tell = Callable[..., History]


def made_runs(
    cell: GateCell,
    count: int = 8,
    spread: float = 0.002,
    late: int = 0,
    **factors: float,
) -> tuple[Result, ...]:
    """Give runs of a cell whose figures are those of the first release times the factors."""
    return tuple(
        _run(cell, 1 + spread * ((7 * number) % 11), number < late, factors)
        for number in range(count)
    )


def made_history(
    *numbers: str,
    changes: Mapping[tuple[str, str], Mapping[str, Any]] | None = None,
    refused: Mapping[tuple[str, str], str] | None = None,
    **everywhere: Any,
) -> History:
    """Give the history of websockets in which ``changes`` happened, by release and cell."""
    asked = question("websockets", numbers)
    results = {}
    for cell in asked.gate.cells:
        factors: dict[str, Any] = dict(everywhere)
        for name in asked.releases:
            factors |= (changes or {}).get((cell.name, name), {})
            barred = (cell.name, name) in (refused or {})
            results[cell.name, name] = () if barred else made_runs(cell, **factors)
    measured = Measured(results=results, refused=refused or {}, took_s=552.4, order_seed=7)
    return history(asked, measured, COMMIT)


@pytest.fixture
def runs() -> Runs:
    return made_runs


@pytest.fixture
def tell() -> Tell:
    return made_history


def _run(
    cell: GateCell,
    luck: float,
    late: bool,
    factors: Mapping[str, float],
) -> Result:
    def times(name: str) -> float:
        return luck * factors.get(name, 1)

    made = result(
        cell.pattern,
        p50=4e-4 * times("p50"),
        p99=2e-3 * times("p99"),
        cpu=12e-6 * times("cpu"),
        workload=cell.workload,
    )
    server: ServerUse = made.server
    pss = server.pss_before + round(16384 * cell.workload.receivers * times("memory"))
    load: GeneratorUse = made.generator
    return replace(
        made,
        server=replace(server, pss=pss),
        generator=replace(load, cpu_mean=0.2 * times("client_cpu")),
        audit=replace(made.audit, lost=int(factors.get("lost", 0))),
        doubts=(LATE,) if late else (),
    )
