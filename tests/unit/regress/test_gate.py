"""The gate: small enough to be judged, and what each cell's window can show."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.load.schedule import schedule
from harness.machine import Machine
from harness.measure.validity import MESSAGES_BEYOND
from harness.regress.gate import BUILT_IN, MOST_CELLS, Gate, GateCell, read_gate
from harness.regress.looks import FIRST_RUNS
from harness.workload import Exchange, Workload

CELL = GateCell(name="one", pattern="sse", workload=Workload())


def cells(count: int) -> tuple[GateCell, ...]:
    return tuple(replace(CELL, name=str(number)) for number in range(count))


def watched(workload: Workload) -> list[str]:
    cell = GateCell(name="cell", pattern="sse", workload=workload)
    return [one.metric.name for one in cell.watched]


def test_the_first_look_ends_within_five_minutes() -> None:
    assert 2 * FIRST_RUNS * sum(cell.expected_s for cell in BUILT_IN.cells) <= 300


def test_the_built_in_gate_covers_every_exchange_and_both_costs_of_a_connection() -> None:
    # A journey is mostly its workers' time, in which a change of a server hardly shows. A group
    # goes the ways of a broadcast, and a gate has four cells at most.
    gated = set(Exchange) - {Exchange.JOURNEY, Exchange.GROUP}
    assert {cell.workload.exchange for cell in BUILT_IN.cells} == gated
    assert BUILT_IN.comparisons == 23
    with_memory = [c.name for c in BUILT_IN.cells if "memory per connection" in watched(c.workload)]
    assert with_memory == ["sse", "rest"]
    assert all("lost" in watched(cell.workload) for cell in BUILT_IN.cells)


@pytest.mark.parametrize("cell", BUILT_IN.cells, ids=lambda cell: cell.name)
def test_windows_carry_what_they_are_watched_for(cell: GateCell) -> None:
    due = schedule(cell.workload).offset_ns
    messages = int((due >= cell.workload.warmup * 1e9).sum())
    shown = watched(cell.workload)
    assert messages * 0.5 >= MESSAGES_BEYOND
    assert "p50" in shown
    assert ("p99" in shown) == (messages * 0.01 >= MESSAGES_BEYOND)


def test_what_is_watched_follows_from_the_workload() -> None:
    short = Workload(rate=10.0, duration=2.0)
    assert watched(short) == [
        "server CPU per delivery",
        "TCP payload per delivery",
        "switches per delivery",
        "lost",
    ]
    closed = Workload(rate=None, concurrency=64, subscribers=100)
    assert watched(closed)[0] == "time per message"
    assert "memory per connection" in watched(closed)
    assert "memory per connection" not in watched(replace(closed, subscribers=99))


def test_every_threshold_has_a_reason() -> None:
    for cell in BUILT_IN.cells:
        assert all(one.because and 0 <= one.threshold <= 0.25 for one in cell.watched)


def test_more_cells_than_can_be_judged_are_refused() -> None:
    with pytest.raises(BadInput, match="5 cells; a gate has 1 to 4"):
        Gate(name="big", cells=cells(MOST_CELLS + 1))
    with pytest.raises(BadInput, match="0 cells"):
        Gate(name="empty", cells=())


def test_more_comparisons_than_can_be_judged_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.regress.gate.MOST_COMPARISONS", 5)
    with pytest.raises(BadInput, match=r"12 comparisons; 8 runs a side can carry 5"):
        Gate(name="wide", cells=cells(2))


def test_two_cells_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r'^test: two cells are called "one"; give each its own'):
        Gate(name="test", cells=(CELL, CELL))
    path = tmp_path / "gate.toml"
    path.write_text('[scenario.prices]\npatterns = ["sse", "sse"]\n')
    with pytest.raises(BadInput, match='two cells are called "prices sse"'):
        read_gate(str(path))


def test_a_file_of_scenarios_is_a_gate(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text(
        '[scenario.prices]\nrate = 50\npatterns = ["sse", "websocket"]\n'
        '[scenario.orders]\nexchange = "work_queue"\npatterns = ["redis_queue"]\n'
    )
    gate = read_gate(str(path))
    assert [(cell.name, cell.pattern) for cell in gate.cells] == [
        ("prices sse", "sse"),
        ("prices websocket", "websocket"),
        ("orders", "redis_queue"),
    ]
    assert gate.cells[0].workload.rate == 50


def test_a_scenario_of_a_gate_names_its_patterns(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text("[scenario.prices]\nrate = 50\n")
    with pytest.raises(BadInput, match=r"scenario\.prices: a gate needs its patterns"):
        read_gate(str(path))


def test_objectives_are_not_dropped_silently(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text('[scenario.prices]\npatterns = ["sse"]\nassert = ["p99<5ms"]\n')
    with pytest.raises(BadInput, match=r"scenario\.prices, assert: a gate compares two sides"):
        read_gate(str(path))


def test_an_impossible_cell_is_refused_before_anything_is_built(machine: Machine) -> None:
    orders = Workload(exchange=Exchange.WORK_QUEUE)
    gate = Gate(name="test", cells=(GateCell(name="orders", pattern="sse", workload=orders),))
    with pytest.raises(BadInput, match="redis_queue does this"):
        gate.require_possible(machine)
    unknown = Gate(name="test", cells=(replace(CELL, pattern="websockt"),))
    with pytest.raises(BadInput, match="did you mean websocket"):
        unknown.require_possible(machine)
