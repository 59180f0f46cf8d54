"""Neighbours and what they differ by, on runs that are made up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.measure.contrast import Outcome
from harness.measure.history import History, Step

Tell = Callable[..., History]


def differing(history: History) -> list[tuple[str, str, str]]:
    return [
        (chapter.name, step.quantity, step.after)
        for chapter in history.chapters
        for step in chapter.steps
        if step.differs
    ]


def step_to(history: History, cell: str, quantity: str, release: str) -> Step:
    (chapter,) = (one for one in history.chapters if one.name == cell)
    (step,) = (one for one in chapter.of(quantity) if one.after == release)
    return step


def test_no_change_is_no_difference(tell: Tell) -> None:
    told = tell("1.0", "2.0", "3.0")
    assert differing(told) == []
    # No release lost anything, and of that nothing is tested.
    assert told.comparisons == 2 * (3 + 3 + 3)
    assert all(step.told for chapter in told.chapters for step in chapter.steps)


def test_a_change_is_found_where_it_happened_and_nowhere_else(tell: Tell) -> None:
    told = tell(
        "1.0",
        "2.0",
        "3.0",
        "4.0",
        changes={
            ("server", "2.0"): {"cpu": 1.3},
            ("client", "3.0"): {"client_cpu": 0.7},
            ("connections", "4.0"): {"memory": 2.0},
        },
    )
    assert differing(told) == [
        ("server", "server CPU per delivery", "2.0"),
        ("connections", "memory per connection", "4.0"),
        ("client", "client CPU per delivery", "3.0"),
    ]
    faster = step_to(told, "client", "client CPU per delivery", "3.0")
    assert faster.outcome is Outcome.LOWER
    assert faster.change is not None
    assert faster.change.value == pytest.approx(0.7, rel=0.02)


@pytest.mark.parametrize(("factor", "differs"), [(1.05, False), (0.95, False), (1.2, True)])
def test_what_is_certain_and_small_is_no_difference(
    tell: Tell, factor: float, differs: bool
) -> None:
    told = tell("1.0", "2.0", spread=0.0005, changes={("server", "2.0"): {"p50": factor}})
    step = step_to(told, "server", "p50", "2.0")
    assert step.outcome is not Outcome.UNDETECTED
    assert step.differs is differs
    # At a true +10 % half of all estimates fall short of it.
    assert step.seen_from == pytest.approx(1.1, rel=0.002)
    assert step.seen_from > 1.1


def test_up_and_down_count_alike(tell: Tell) -> None:
    """Down by the same factor as up: 1/1.1, and not 10 %."""
    for factor, differs in ((1 / 1.12, True), (0.93, False)):
        told = tell("1.0", "2.0", spread=0.0005, changes={("server", "2.0"): {"p50": factor}})
        assert step_to(told, "server", "p50", "2.0").differs is differs


def test_a_release_that_cannot_be_measured_is_stepped_over(tell: Tell) -> None:
    told = tell(
        "1.0",
        "2.0",
        "3.0",
        refused={("client", "2.0"): "TypeError: proxy"},
        changes={("client", "3.0"): {"p50": 1.5}},
    )
    step = step_to(told, "client", "p50", "3.0")
    assert (step.before, step.differs) == ("1.0", True)
    (client,) = (chapter for chapter in told.chapters if chapter.name == "client")
    assert [row.refused for row in client.rows] == ["", "TypeError: proxy", ""]
    assert len(told.chapters[0].of("p50")) == 2
    assert told.comparisons == 6 + 6 + 3


def test_doubted_times_leave_memory_and_losses(tell: Tell) -> None:
    told = tell("1.0", "2.0", changes={("connections", "2.0"): {"late": 4}})
    row = told.chapters[1].rows[1]
    assert sorted(row.absent) == ["p50", "server CPU per delivery"]
    assert row.absent["p50"] == "4 of 8 runs invalid (receiver lag)"
    assert len(row.samples["memory per connection"]) == 8
    assert [step.quantity for step in told.chapters[1].steps] == ["memory per connection", "lost"]


def test_a_few_invalid_runs_are_left_out(tell: Tell) -> None:
    told = tell("1.0", "2.0", changes={("server", "2.0"): {"late": 1}})
    row = told.chapters[0].rows[1]
    assert (row.runs, len(row.samples["p50"]), len(row.samples["lost"])) == (8, 7, 8)


def test_losses_count_from_the_first(tell: Tell) -> None:
    told = tell("1.0", "2.0", changes={("server", "2.0"): {"lost": 1}})
    assert ("server", "lost", "2.0") in differing(told)


def test_nothing_measured_has_no_machine(tell: Tell) -> None:
    cells = ("server", "connections", "client")
    refused = {(cell, name): "died" for cell in cells for name in ("1.0", "2.0")}
    told = tell("1.0", "2.0", refused=refused)
    assert (told.machine, told.comparisons) == (None, 0)
