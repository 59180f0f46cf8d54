"""The figure of journeys: the same job, each way of waiting a bar, its parts stacked."""

from __future__ import annotations

from collections.abc import Sequence

from harness.measure.configuration import Configuration
from harness.report import units
from harness.report.journey import PARTS, Share, shares
from harness.report.pages import marks
from harness.report.pages.page import (
    Axis,
    Cell,
    Column,
    Figure,
    Row,
    Stack,
    StackRow,
    Table,
    Unit,
)

_MEANING = (
    "accepted: from due until the API has the submission; queued: until a worker has it; worked: "
    "until the worker hands its verdict back; notified: until the user has it."
)


def whereabouts(name: str, members: Sequence[Configuration]) -> tuple[Figure, ...]:
    """Show where the mean time of a submission goes; empty where nothing was noted."""
    found = [(row, shares(row)) for row in members]
    found = [(row, given) for row, given in found if given]
    if not found:
        return ()
    found.sort(key=lambda pair: (not pair[0].valid, sum(pair[1][0].seconds)))
    return (
        Figure(
            id=name,
            title="The same job, and how its user waits",
            caption=f"Mean time of a submission, by where it goes. {_MEANING} Percentiles, each "
            "the mean of the 2 % of submissions around it, are in the data.",
            drawing=Stack(
                axis=Axis(label="mean time to the verdict", unit=Unit.SECONDS),
                parts=PARTS,
                bars=tuple(_bar(row, given[0]) for row, given in found),
            ),
            table=_table(found),
            wide=True,
        ),
    )


def _bar(row: Configuration, mean: Share) -> StackRow:
    return StackRow(name=row.pattern, state=marks.state(row), values=mean.seconds)


def _table(found: Sequence[tuple[Configuration, Sequence[Share]]]) -> Table:
    return Table(
        columns=(
            Column(name="pattern", words=True),
            Column(name="at", words=True),
            *(Column(name=part, unit="s") for part in (*PARTS, "whole")),
        ),
        rows=tuple(
            Row(
                state=marks.state(row),
                cells=(
                    Cell(text=row.pattern, value=row.pattern),
                    Cell(text=share.at, value=share.at),
                    *(
                        Cell(text=units.seconds(value), value=value)
                        for value in (*share.seconds, sum(share.seconds))
                    ),
                ),
            )
            for row, given in found
            for share in given
        ),
    )
