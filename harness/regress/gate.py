"""The gate: a named list of few cells, and what is watched in each, declared beforehand.

Few, because every further comparison is paid for: all of them share one error rate.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.errors import BadInput
from harness.machine import Machine
from harness.measure.history import Acts
from harness.plan import plan
from harness.process.redis import without_password
from harness.registry import load as load_pattern
from harness.registry import require_exchange
from harness.regress.watched import Watched, watched_in
from harness.scenario import Scenario, read_scenarios
from harness.series import Cell, expected_s
from harness.workload import Exchange, Workload

MOST_CELLS = 4
"""So that eight runs a side of all of them end within five minutes."""
MOST_COMPARISONS = 32
"""So that eight runs a side can support a verdict at all: see ``looks``."""
COMMAND_START_S = 1.2
"""What the interpreter and its imports add to a run that is a command of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCell:
    """One pattern under one workload, by a short name."""

    name: str
    pattern: str
    workload: Workload
    acts: Acts | None = None
    """Where in it a library is varied; None where commits are compared."""

    @property
    def watched(self) -> tuple[Watched, ...]:
        """What this cell can show, whatever is measured."""
        return watched_in(self.workload, self.acts)

    @property
    def expected_s(self) -> float:
        """Estimate the seconds of one run, the start of its command included."""
        return expected_s(Cell(pattern=self.pattern, workload=self.workload)) + COMMAND_START_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The cells that are measured on both sides.

    Raises:
        BadInput: more cells or comparisons than a verdict could be had for, or none; or two cells
            of one name, by which runs and rulings are kept.
    """

    name: str
    cells: tuple[GateCell, ...]
    source: str = field(default="", compare=False)
    """The file it was read from; empty for the built-in one."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.cells) <= MOST_CELLS:
            raise BadInput(self.name, "", f"{len(self.cells)} cells; a gate has 1 to {MOST_CELLS}")
        names = [cell.name for cell in self.cells]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise BadInput(self.name, "", f'two cells are called "{twice}"; give each its own name')
        if self.comparisons > MOST_COMPARISONS:
            raise BadInput(
                self.name,
                "",
                f"{self.comparisons} comparisons; 8 runs a side can carry {MOST_COMPARISONS}",
            )

    @property
    def comparisons(self) -> int:
        """How many comparisons share the error rate."""
        return sum(len(cell.watched) for cell in self.cells)

    def require_possible(self, machine: Machine) -> None:
        """Refuse what this machine or a pattern cannot do, before anything is built.

        Raises:
            BadInput: names the cell's pattern and what is wrong with it.
        """
        for cell in self.cells:
            pattern = load_pattern(cell.pattern)
            require_exchange(pattern, cell.workload.exchange)
            plan(pattern, cell.workload, machine)


PUSHED = Workload(rate=1000.0, warmup=0.2, duration=2.2)
"""A stream to one subscriber: enough messages for a p99."""
HELD = Workload(subscribers=100, rate=50.0, warmup=0.2, duration=1.4, ramp=1000.0)
"""The fewest connections that memory shows at, and messages enough for a median."""
CALLED = replace(HELD, exchange=Exchange.REQUEST_REPLY, publishers=100, subscribers=1, rate=400.0)
"""Calls over as many connections; at 400 a second a pacer that shares its core is in time."""
QUEUED = replace(PUSHED, exchange=Exchange.WORK_QUEUE, subscribers=4, rate=400.0, duration=1.2)

BUILT_IN = Gate(
    name="built-in gate",
    cells=(
        GateCell(name="sse", pattern="sse", workload=HELD),
        GateCell(name="websocket", pattern="websocket", workload=PUSHED),
        GateCell(name="rest", pattern="rest", workload=CALLED),
        GateCell(name="redis_queue", pattern="redis_queue", workload=QUEUED),
    ),
)
"""Every exchange once, and both ways of pushing: edge and broker, with and without memory."""


def read_gate(path: str) -> Gate:
    """Read a gate from a file of scenarios, each with the patterns it is for.

    Raises:
        BadInput: the file cannot be used, a scenario names no pattern or has objectives, or it is
            no possible gate.
    """
    return Gate(name=path, cells=gate_cells(read_scenarios(path).values(), path), source=path)


def gate_cells(scenarios: Iterable[Scenario], path: str) -> tuple[GateCell, ...]:
    """Give a cell for each pattern of each scenario."""
    cells = []
    for scenario in scenarios:
        if not scenario.patterns:
            raise BadInput(
                f"{path}, scenario.{scenario.name}",
                "",
                'a gate needs its patterns; for example patterns = ["sse"]',
            )
        if scenario.objectives:
            raise BadInput(
                f"{path}, scenario.{scenario.name}, assert",
                "",
                "a gate compares two sides and judges no objective; leave it to abec run",
            )
        alone = len(scenario.patterns) == 1
        cells += [
            GateCell(
                name=scenario.name if alone else f"{scenario.name} {pattern}",
                pattern=pattern,
                workload=_from_anywhere(scenario.workload),
            )
            for pattern in scenario.patterns
        ]
    return tuple(cells)


def shown(workload: Workload) -> Workload:
    """Give ``workload`` as results hold it and as it may be printed: without a password."""
    return replace(
        workload,
        redis=without_password(workload.redis),
        url=without_password(workload.url),
    )


def _from_anywhere(workload: Workload) -> Workload:
    """Name a payload file so that it is found from another directory."""
    path = workload.payload_file
    return replace(workload, payload_file=str(Path(path).absolute())) if path else workload
