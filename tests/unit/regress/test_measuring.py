"""The order of runs, what is measured again, and when it ends: with a side that only pretends."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from harness import schema
from harness.errors import NotMeasured
from harness.regress.gate import BUILT_IN, Gate, GateCell
from harness.regress.looks import FIRST_RUNS
from harness.regress.measuring import Measured, first_look_s, measure
from harness.regress.sides import Built, Commit, Side, Wanted
from harness.result import Doubt, Result
from harness.series import Progress
from harness.workload import Workload

Make = Callable[..., Any]
CELLS = tuple(
    GateCell(name=name, pattern=name, workload=Workload(rate=1000.0, duration=3.0))
    for name in ("sse", "websocket")
)
GATE = Gate(name="test", cells=CELLS)
SIDES = tuple(
    Built(
        side=side,
        wanted=Wanted(commit=Commit(asked="v1", sha="1a2b3c4d")),
        directory=Path("/nowhere"),
    )
    for side in Side
)
LATE = Doubt(rule="receiver lag", reason="late", remedy="")


@dataclass
class Pretended:
    """Gives runs without measuring; remembers who was asked for what."""

    make_result: Make
    factor: float = 1.0
    """Of head's p50."""
    spread: float = 0.01
    invalid: Callable[[int, Side], bool] = lambda _number, _side: False
    fails: Mapping[tuple[Side, str], int] = field(default_factory=dict)
    """The number of the run that fails, by side and cell."""
    reruns: int = 0
    asked: list[tuple[str, Side]] = field(default_factory=list)
    allowed: list[int] = field(default_factory=list)

    def __call__(self, built: Built, cell: GateCell, reruns: int) -> Result:
        number = self.asked.count((cell.name, built.side))
        self.asked.append((cell.name, built.side))
        self.allowed.append(reruns)
        if self.fails.get((built.side, cell.name)) == number:
            raise NotMeasured("server died")
        p50 = 4e-4 * (1 + self.spread * ((number * 7) % 11)) * self._factor(built)
        made: Result = self.make_result(cell.pattern, p50=p50, workload=cell.workload)
        made = replace(made, context=replace(made.context, reruns=min(self.reruns, reruns)))
        return replace(made, doubts=(LATE,)) if self.invalid(number, built.side) else made

    def _factor(self, built: Built) -> float:
        return self.factor if built.side is Side.HEAD else 1.0


@pytest.fixture
def pretended(make_result: Make) -> Callable[..., Pretended]:
    return lambda **settings: Pretended(make_result, **settings)


def measured(run_once: Pretended, budget_s: float = 1e9, **more: Any) -> Measured:
    return measure(GATE, SIDES, run_once, budget_s=budget_s, order_seed=3, **more)


def test_both_sides_alternate_in_random_order_within_blocks(pretended: Make) -> None:
    run_once = pretended()
    found = measured(run_once)
    assert (found.looks, len(run_once.asked)) == (1, 2 * 2 * FIRST_RUNS)
    for start in range(0, len(run_once.asked), 4):
        block = run_once.asked[start : start + 4]
        assert len(set(block)) == 4
        assert block[0][0] == block[1][0]
        assert block[2][0] == block[3][0]
    firsts = Counter(side for _, side in run_once.asked[::2])
    assert min(firsts[side] for side in Side) >= 4
    again = pretended()
    measured(again)
    assert again.asked == run_once.asked
    assert [run.block_index for run in found.runs["sse"].base] == list(range(FIRST_RUNS))


def test_an_established_change_ends_it_at_the_first_look(pretended: Make) -> None:
    found = measured(pretended(factor=1.5))
    assert found.looks == 1
    assert [ruling.name for ruling in found.rulings if ruling.alarm] == [
        "sse p50",
        "websocket p50",
    ]


def test_what_is_open_is_measured_further_until_it_is_clear(pretended: Make) -> None:
    run_once = pretended(factor=1.2, spread=0.05)
    found = measured(run_once)
    assert found.looks > 1
    assert any(ruling.alarm and ruling.look == found.looks for ruling in found.rulings)


def test_the_budget_ends_what_is_open(pretended: Make) -> None:
    run_once = pretended(factor=1.2, spread=0.05)
    found = measured(run_once, budget_s=0.0)
    assert (found.looks, len(run_once.asked)) == (1, 2 * 2 * FIRST_RUNS)
    assert any(ruling.open for ruling in found.rulings)


def test_invalid_runs_are_replaced_on_both_sides(pretended: Make) -> None:
    run_once = pretended(invalid=lambda number, side: side is Side.BASE and number == 2)
    found = measured(run_once)
    assert found.looks == 1
    assert {len(runs.of(side)) for runs in found.runs.values() for side in Side} == {FIRST_RUNS + 1}
    assert all(ruling.told for ruling in found.rulings)


def test_where_nothing_is_valid_nothing_is_replaced(pretended: Make) -> None:
    found = measured(pretended(invalid=lambda _number, _side: True))
    assert {len(runs.base) for runs in found.runs.values()} == {FIRST_RUNS}
    assert not any(ruling.told for ruling in found.rulings if "p50" in ruling.name)


def test_a_cell_that_fails_is_left_alone_and_the_others_go_on(
    pretended: Make, tmp_path: Path
) -> None:
    paths = {side: tmp_path / f"{side}.json" for side in Side}
    run_once = pretended(fails={(Side.HEAD, "sse"): 2})
    found = measured(run_once, save_to=paths)
    assert len(found.runs["websocket"].head) == FIRST_RUNS
    assert len(found.runs["sse"].head) == 2
    assert len(found.runs["sse"].base) <= 3
    reasons = {r.finding.reason for r in found.rulings if r.cell.name == "sse"}
    assert reasons == {"head: server died"}
    assert schema.load(paths[Side.HEAD]).refused == {"sse": "sse: server died"}
    assert len(schema.load(paths[Side.BASE]).results) == len(found.runs["sse"].base) + FIRST_RUNS


def test_repeated_runs_have_a_common_limit(pretended: Make) -> None:
    run_once = pretended(reruns=2)
    measured(run_once)
    assert max(run_once.allowed) == 2
    # A quarter of the 32 runs.
    assert sum(run_once.allowed) == 8


def test_progress_tells_of_every_run(pretended: Make) -> None:
    told: list[Progress] = []
    measured(pretended(), on_progress=told.append)
    assert [one.done for one in told] == list(range(32))
    assert told[0].total == 32
    assert told[-1].remaining_s >= 0


def test_the_first_look_of_the_built_in_gate_is_told_beforehand() -> None:
    assert 240 <= first_look_s(BUILT_IN) <= 300


def test_cells_of_one_pattern_are_refused_with_their_names(pretended: Make, tmp_path: Path) -> None:
    cells = tuple(replace(CELLS[0], name=name) for name in ("server", "connections"))
    run_once = pretended(fails={(Side.BASE, cell.name): 0 for cell in cells})
    path = tmp_path / "base.json"
    gate = Gate(name="test", cells=cells)
    measure(gate, SIDES, run_once, budget_s=1e9, order_seed=3, save_to={Side.BASE: path})
    told = schema.load(path).refused["sse"].split("; ")
    assert sorted(told) == ["connections: server died", "server: server died"]
