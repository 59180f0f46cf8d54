"""Releases of one library in a row: the runs of each, and what they say about neighbours.

Frozen values and nothing else. Times are seconds, sizes bytes; None is infinite.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from harness import schema
from harness.machine import Machine
from harness.measure.configuration import Kind
from harness.measure.contrast import Outcome
from harness.measure.statistics import Sample, Shift
from harness.workload import Workload

HISTORY_VERSION = 1
"""Raised whenever the meaning or the shape of a stored history changes."""
_HINT = "a history is a file that abec versions saved"


class Acts(StrEnum):
    """Where the library is varied."""

    SERVER = "server"
    CLIENT = "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A metric as a document keeps it."""

    name: str
    kind: Kind
    unit: str
    threshold: float
    """As a share: a smaller difference is not called one, however certain it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One release in one cell."""

    release: str
    runs: int
    """Of which the valid ones are in ``samples``."""
    samples: Mapping[str, tuple[Sample, ...]] = field(default_factory=dict)
    """By quantity, what each valid run found; a quantity without figures is not in it."""
    absent: Mapping[str, str] = field(default_factory=dict)
    """By quantity, why it has no figure to be believed."""
    refused: str = ""
    """Why the release could not be measured here at all; empty if it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One quantity of one release against that of the release before it."""

    quantity: str
    before: str
    after: str
    outcome: Outcome
    matters: bool
    """Whether the difference, established or not, is as large as the threshold."""
    reason: str = ""
    """Why it was not compared."""
    change: Shift | None = None
    """After over before; of losses after minus before."""
    adjusted_p: float | None = None
    seen_from: float | None = None
    """The smallest ratio that would have been called a difference in 80 % of attempts."""

    @property
    def differs(self) -> bool:
        """Whether there is a difference: established, and as large as matters."""
        return self.matters and self.outcome in (Outcome.HIGHER, Outcome.LOWER)

    @property
    def told(self) -> bool:
        """Whether the runs say anything, be it that nothing was detected."""
        return self.outcome is not Outcome.NOT_COMPARED


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One cell: a pattern under a workload, by release."""

    name: str
    pattern: str
    workload: Workload
    acts: Acts
    quantities: tuple[Quantity, ...]
    rows: tuple[Row, ...]
    """In the order of releases."""
    steps: tuple[Step, ...]

    def of(self, quantity: str) -> tuple[Step, ...]:
        """Give the steps of one quantity, in the order of releases."""
        return tuple(step for step in self.steps if step.quantity == quantity)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All that one call of ``abec versions`` found."""

    library: str
    releases: tuple[str, ...]
    """Ascending; a checkout comes last."""
    chapters: tuple[Chapter, ...]
    command: str
    commit: str
    """Of this suite; the same for all releases."""
    machine: Machine | None
    """None if nothing could be measured."""
    order_seed: int
    runs: int
    """How many runs of each release and cell were asked for."""
    took_s: float
    comparisons: int
    """How many steps share the error rate: those that are tested."""
    measured: str = ""
    """The day (UTC) of its first run; empty in histories made before it was kept."""
    schema: int = HISTORY_VERSION


def save(history: History, path: Path) -> None:
    """Write a history to ``path``, whole or not at all.

    Raises:
        NotMeasured: the file could not be written.
    """
    schema.save_document(history, path)


def load(path: Path) -> History:
    """Read a history that ``save`` wrote.

    Raises:
        BadInput: no such file, no JSON, another schema version, or not of this shape.
    """
    return schema.parsed(schema.text_of(path, _HINT), str(path), History, HISTORY_VERSION, _HINT)
