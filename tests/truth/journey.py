"""Journeys on real servers: each noted submission with all its moments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.machine import Machine
from harness.measure.journey import edges
from harness.measure.ledger import ledger
from harness.observe import Observation
from harness.recording import NEVER, Ints
from harness.registry import load
from harness.result import Trace
from harness.run import run
from harness.workload import Workload
from tests.truth.seen import Seen

SHARE = 0.01
"""How far the parts may be from the whole, and the worked part from the service time."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Followed(Seen):
    """One run of a journey."""

    edges_ns: Ints
    """One row for each noted submission of the window whose verdict came."""
    trace: Trace

    @property
    def whole_s(self) -> float:
        """Mean delivery latency of the noted submissions, as every latency is measured."""
        return float((self.edges_ns[:, -1] - self.edges_ns[:, 0]).mean()) / 1e9

    @property
    def backwards(self) -> int:
        """How many steps end before they begin: notes of another message, or another clock."""
        return int(np.count_nonzero(np.diff(self.edges_ns, axis=1) < 0))


def follow(name: str, workload: Workload, machine: Machine) -> Followed:
    """Measure one run as ``harness.run`` does, and keep the moments of each noted submission."""
    observed: list[Observation] = []
    result = run(load(name), workload, machine, on_seen=observed.append)
    (seen,) = observed
    book = ledger(seen.recording, workload, *seen.window_ns)
    moments = edges(book, seen.stages)
    noted = book.messages.in_window & np.all(moments != NEVER, axis=1)
    if result.journey is None or result.journey.trace is None:
        raise ValueError(f"{name} noted nothing")
    return Followed(result=result, book=book, edges_ns=moments[noted], trace=result.journey.trace)
