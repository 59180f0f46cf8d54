"""Which colour a pattern has on a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from harness.measure.configuration import Configuration
from harness.report.delivery import blocks

COLOURS = 8
"""How many the style sheet has beside the floor's; higher numbers repeat them, dashed otherwise."""


def colours_of(together: Iterable[Sequence[Configuration]]) -> dict[str, int]:
    """Give each family a number, floors none, so that a pattern looks the same in all figures.

    Rows that are drawn ``together``, of one block, get different ones; as far as these go so does
    everybody. Whoever is drawn most comes first.
    """
    drawn = [
        {row.family for row in block} - {"floor"} for rows in together for _, block in blocks(rows)
    ]
    often = Counter(family for families in drawn for family in families)
    numbers = {"floor": 0}
    for family in sorted(often, key=lambda name: (-often[name], name)):
        beside = {other for families in drawn if family in families for other in families}
        taken = {numbers[other] for other in beside if other in numbers}
        used = Counter(numbers.values())
        free = [number for number in range(1, COLOURS + 1) if number not in taken]
        numbers[family] = min(free, key=used.__getitem__, default=max(numbers.values()) + 1)
    return numbers
