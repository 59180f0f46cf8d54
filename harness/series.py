"""Repeated runs, interleaved and saved one by one: what the command line and asv both call."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TypeVar

from harness import schema, stamps_file
from harness.errors import LateLook, NotMeasured
from harness.first_contact import make_contact
from harness.freeze import Freezer
from harness.machine import Machine, read_machine
from harness.measure.validity import MACHINE_RULES
from harness.observe import Observation
from harness.pattern import Pattern, RedisSpec, ServerSpec
from harness.plan import plan
from harness.process.given_processes import given_processes
from harness.process.program import located
from harness.process.redis_cluster import resolve_nodes
from harness.registry import load as load_pattern
from harness.result import Result, Series
from harness.run import run
from harness.scaling import Backplane
from harness.scenario import flag
from harness.workload import Workload

_T = TypeVar("_T")
_MAY_HOLD_A_PASSWORD = frozenset({"redis", "url", "publish_url"})

MOST_RERUNS = 2
"""A run that the machine disturbed is repeated so often; the count is stored and printed."""
RERUN_SHARE = 0.25
"""Of a series: on a machine that is disturbed all the time, repeating only takes time."""
_OVERHEAD_S = 1.2
"""Starting and ending processes, and arithmetic, beside connecting, warm-up and window."""
_JOINING_S = 2.2
"""Until the nodes of a Redis cluster call themselves one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One configuration: a pattern and a workload."""

    pattern: str
    workload: Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a series stands, told before each run and at the end."""

    done: int
    """Runs that are over."""
    total: int
    cell: Cell | None
    """What is measured next; None at the end."""
    block: int
    remaining_s: float
    """Estimated from the workloads, corrected by what the runs so far took."""


Watcher = Callable[[Progress], None]


def cells_of(patterns: Sequence[str], workload: Workload) -> list[Cell]:
    """Give one cell a pattern; a floor goes without what it takes no part in."""
    return [
        Cell(
            pattern=name,
            workload=workload.bare if load_pattern(name).family == "floor" else workload,
        )
        for name in patterns
    ]


def names_of(cells: Sequence[Cell]) -> Mapping[Cell, str]:
    """Name each cell: by its pattern, and where there are several of it, by what else they differ.

    ``redis_command --client library --command GET``.
    """
    asked: dict[str, list[Workload]] = {}
    for cell in cells:
        asked.setdefault(cell.pattern, []).append(cell.workload)
    differing = {
        pattern: [
            one.name
            for one in fields(Workload)
            if one.name not in _MAY_HOLD_A_PASSWORD
            and len({getattr(workload, one.name) for workload in workloads}) > 1
        ]
        for pattern, workloads in asked.items()
    }

    def named(cell: Cell) -> str:
        options = (_option(cell.workload, name) for name in differing[cell.pattern])
        return " ".join(filter(None, (cell.pattern, *options)))

    return {cell: named(cell) for cell in cells}


def _option(workload: Workload, field: str) -> str:
    value = getattr(workload, field)
    if value is None:
        return ""
    option = flag(field)
    if isinstance(value, bool):
        return option if value else f"without {option}"
    return f"{option} {value:g}" if isinstance(value, float) else f"{option} {value}"


def require_possible(cells: Sequence[Cell], machine: Machine) -> None:
    """Refuse what cannot be asked, before anything is started: an explicit Redis included.

    Raises:
        BadInput: a pattern, this machine or that Redis cannot do what a cell asks.
    """
    explicit: set[tuple[str, str, int]] = set()
    strangers: dict[tuple[str, Workload], Cell] = {}
    for cell in cells:
        made = plan(load_pattern(cell.pattern), cell.workload, machine)
        for spec in made.servers:
            if isinstance(spec, RedisSpec) and cell.workload.redis_at:
                explicit.add((cell.workload.redis_at, cell.workload.ca, spec.nodes))
            if isinstance(spec, ServerSpec) and spec.program is not None:
                located(spec.program)
        if cell.workload.elsewhere or cell.workload.pid:
            given_processes(cell.workload, {})
        if cell.workload.elsewhere:
            strangers.setdefault((cell.pattern, cell.workload.essence), cell)
    for redis, ca, nodes in sorted(explicit):
        resolve_nodes(nodes, redis, ca)
    for cell in strangers.values():
        make_contact(load_pattern(cell.pattern), cell.workload)


def measure(
    cells: Sequence[Cell],
    *,
    runs: int,
    order_seed: int = 1,
    command: str = "",
    on_progress: Watcher = lambda _progress: None,
    save_to: Path | None = None,
    most_reruns: int = MOST_RERUNS,
    rerun_share: float = RERUN_SHARE,
    keep_stamps: bool = False,
) -> Series:
    """Measure each cell ``runs`` times, in blocks of random order, saving after every run.

    Interleaving lets all cells see the same drifts of the machine; a fixed order would alias
    with whatever is periodic. A cell that cannot be measured is put down as refused, with the
    reason, and left out of later blocks. A run that the machine disturbed is repeated
    ``most_reruns`` times at most, and all together no more than ``rerun_share`` of the runs.
    ``keep_stamps`` also saves the stamps of each run, beside ``save_to``.

    Raises:
        BadInput: a cell cannot be asked for at all; nothing was started.
        ValueError: stamps are to be kept, but there is no file to keep them beside.
    """
    if keep_stamps and save_to is None:
        raise ValueError("stamps are kept beside a saved series")
    machine = read_machine()
    patterns = [load_pattern(cell.pattern) for cell in cells]
    require_possible(cells, machine)
    growing = _GrowingSeries(
        Series(command=command, order_seed=order_seed, runs=runs, results=()),
        save_to,
        _Clock(cells, runs, on_progress),
        most_reruns,
        max(most_reruns, round(rerun_share * len(cells) * runs)),
        save_to if keep_stamps else None,
        names_of(cells),
    )
    rng = random.Random(order_seed)
    for block in range(runs):
        order = list(range(len(cells)))
        rng.shuffle(order)
        for number in order:
            growing.measure(cells[number], patterns[number], machine, block)
    return growing.series


class _GrowingSeries:
    """The series as far as it goes."""

    def __init__(
        self,
        series: Series,
        save_to: Path | None,
        clock: _Clock,
        most_reruns: int,
        reruns_left: int,
        stamps_beside: Path | None,
        names: Mapping[Cell, str],
    ) -> None:
        self.series = series
        self._names = names
        self._stamps_beside = stamps_beside
        self._save_to = save_to
        self._clock = clock
        self._most_reruns = most_reruns
        self._reruns_left = reruns_left
        self._refused: set[Cell] = set()

    def measure(self, cell: Cell, pattern: Pattern, machine: Machine, block: int) -> None:
        self._clock.next(cell, block)
        if cell not in self._refused:
            try:
                most = min(self._most_reruns, self._reruns_left)
                result, seen = run_undisturbed(
                    pattern, cell.workload, machine, block=block, most_reruns=most
                )
                result = self._with_stamps(result, seen)
            except NotMeasured as error:
                self._refused.add(cell)
                refused = {**self.series.refused, self._names[cell]: str(error)}
                self.series = replace(self.series, refused=refused)
            else:
                self._reruns_left -= result.context.reruns
                self.series = replace(self.series, results=(*self.series.results, result))
            if self._save_to is not None:
                schema.save(self.series, self._save_to)
        self._clock.finished(cell)

    def _with_stamps(self, result: Result, seen: Observation) -> Result:
        if self._stamps_beside is None:
            return result
        name = stamps_file.beside(self._stamps_beside, len(self.series.results), result.pattern)
        return replace(result, stamps=stamps_file.keep(seen, self._stamps_beside, name))


class _Clock:
    """Knows how far a series is, and estimates how long the rest takes."""

    def __init__(self, cells: Sequence[Cell], runs: int, on_progress: Watcher) -> None:
        self.total = len(cells) * runs
        self._left_s = runs * sum(expected_s(cell) for cell in cells)
        self._began = time.monotonic()
        self._expected_so_far = 0.0
        self._done = 0
        self._on_progress = on_progress

    def next(self, cell: Cell | None, block: int) -> None:
        """Tell the watcher what comes."""
        passed = time.monotonic() - self._began
        pace = passed / self._expected_so_far if self._expected_so_far else 1.0
        self._on_progress(
            Progress(
                done=self._done,
                total=self.total,
                cell=cell,
                block=block,
                remaining_s=self._left_s * pace,
            )
        )

    def finished(self, cell: Cell) -> None:
        """Count one more run."""
        self._done += 1
        self._left_s -= expected_s(cell)
        self._expected_so_far += expected_s(cell)
        if self._done == self.total:
            self.next(None, 0)


def expected_s(cell: Cell) -> float:
    """Estimate the seconds of one run."""
    workload = cell.workload
    ramp = (workload.receivers + workload.publishers) / workload.ramp
    joining = _JOINING_S if workload.backplane is Backplane.SHARDED else 0.0
    return workload.warmup + workload.duration + 1.2 * ramp + joining + _OVERHEAD_S


def run_undisturbed(
    pattern: Pattern,
    workload: Workload,
    machine: Machine,
    *,
    block: int = 0,
    most_reruns: int = MOST_RERUNS,
    freezer: Freezer | None = None,
) -> tuple[Result, Observation]:
    """Run once, and again while the machine disturbs it.

    Gives the last run's result, and what it was concluded from; a ``freezer`` is as in ``run``.

    Raises:
        NotMeasured: as ``run`` does.
    """
    seen: list[Observation] = []

    def once() -> Result:
        return run(
            pattern, workload, machine, block_index=block, on_seen=seen.append, freezer=freezer
        )

    result, reruns = until_undisturbed(once, disturbed, most_reruns)
    return replace(result, context=replace(result.context, reruns=reruns)), seen[-1]


def until_undisturbed(
    measured: Callable[[], _T], is_disturbed: Callable[[_T], bool], most_reruns: int = MOST_RERUNS
) -> tuple[_T, int]:
    """Measure, and again while that is disturbed or looked at too late; give also how often again.

    Raises:
        NotMeasured: as ``measured`` does; ``LateLook`` only at the last time.
    """
    for reruns in range(most_reruns):
        try:
            found = measured()
        except LateLook:
            continue
        if not is_disturbed(found):
            return found, reruns
    return measured(), most_reruns


def disturbed(result: Result) -> bool:
    """Whether a doubtful run may owe its doubts to the machine.

    A stolen 1 % of two seconds is 20 ms: too little for the machine's rule, and yet enough to
    delay the 1 % of messages that decide a p99.
    """
    stolen = result.host.steal > 0
    return bool(result.doubts) and (
        stolen or any(doubt.rule in MACHINE_RULES for doubt in result.doubts)
    )
