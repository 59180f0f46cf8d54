"""One colour a pattern, and different ones for what stands in one figure."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

from harness.measure.configuration import configurations
from harness.report.pages.colours import COLOURS, colours_of

Make = Callable[..., Any]


def test_what_stands_together_differs_and_nothing_has_the_floors(make_series: Make) -> None:
    figures = [
        ["floor", "sse", "websocket", "long_polling", "rest_polling", "graphql_subscription"],
        ["floor", "rest", "graphql", "websocket"],
        [f"submit_job_{way}" for way in ("sync", "polling", "sse", "long_polling", "websocket")],
    ]
    together = [configurations(make_series({name: {} for name in names})) for names in figures]

    numbers = colours_of(together)

    assert len(numbers) > COLOURS + 1
    assert [name for name, number in numbers.items() if number == 0] == ["floor"]
    assert max(numbers.values()) <= COLOURS
    for names in figures:
        assert all(numbers[a] != numbers[b] for a, b in combinations(names, 2))


def test_more_than_there_are_in_one_figure_go_on_counting(make_series: Make) -> None:
    rows = configurations(make_series({f"own{letter}": {} for letter in "abcdefghij"}))

    assert sorted(colours_of([rows]).values()) == list(range(11))
