"""Where the time of a journey goes, and what it takes: notes joined with the ledger."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import special

from harness.measure.ledger import Ledger
from harness.measure.notes import STAGES, Stages
from harness.measure.resources import ServerSnapshot
from harness.recording import NEVER, Ints
from harness.result import Journey, Parts, Trace

Floats = NDArray[np.float64]

NEIGHBOURS = 0.02
"""Of the noted submissions: so many around a percentile's rank are averaged."""
FEWEST_NEIGHBOURS = 20
CONFIDENCE = 0.99


def journey(
    ledger: Ledger,
    stages: Stages,
    requests: tuple[int | None, int | None],
    servers: tuple[ServerSnapshot, ServerSnapshot],
    names: Mapping[int, str],
) -> Journey:
    """Divide what was counted between two moments by the submissions sent between them.

    Args:
        ledger: all submissions and verdicts.
        stages: what the servers noted.
        requests: how many the API had had at both moments.
        servers: the clocks at both moments.
        names: the servers' names, by process id.
    """
    before, after = servers
    sent = ledger.sent_between(before.at_ns, after.at_ns)
    first, last = requests
    late_ns = ledger.since(ledger.messages.due_ns)
    counted = None if first is None or last is None else last - first
    return Journey(
        requests_per_message=counted / sent if sent and counted is not None else None,
        cpu_per_message={
            name: (after.cpu_ns[pid] - before.cpu_ns[pid]) / 1e9 / sent
            for pid, name in names.items()
            if sent and pid in before.cpu_ns
        },
        latest=float(late_ns.max()) / 1e9 if len(late_ns) else None,
        trace=trace(ledger, stages) if ledger.workload.trace else None,
    )


def trace(ledger: Ledger, stages: Stages) -> Trace:
    """Divide the time of each submission of the window that was noted at every stage.

    Edges are: due, the API has it, a worker has it, the worker is done, its user has the verdict.
    """
    edges_ns = edges(ledger, stages)
    came = ledger.messages.in_window & (edges_ns[:, -1] != NEVER)
    noted = came & np.all(edges_ns != NEVER, axis=1)
    parts = np.diff(edges_ns[noted], axis=1) / 1e9
    whole_s = (edges_ns[:, -1] - edges_ns[:, 0]) / 1e9
    cost, error = _difference(whole_s[noted], whole_s[came & ~noted])
    return Trace(
        count=len(parts),
        mean=_mean(parts),
        p50=_around(parts, 0.5),
        p90=_around(parts, 0.9),
        p99=_around(parts, 0.99),
        cost=cost,
        cost_error=error,
    )


def edges(ledger: Ledger, stages: Stages) -> Ints:
    """Give a row for each submission: when it was due, at each stage, and received first.

    ``NEVER`` where that was not noted, or did not happen.
    """
    messages, arrivals = ledger.messages, ledger.arrivals
    names = messages.publisher << 40 | messages.sequence  # rising, as the messages are ordered
    noted = stages.publisher << 40 | stages.sequence
    rows = np.searchsorted(names, noted)
    known = rows < len(names)
    known[known] = names[rows[known]] == noted[known]
    edges_ns = np.full((len(names), len(STAGES) + 2), NEVER, dtype=np.int64)
    edges_ns[rows[known], 1 + stages.stage[known]] = stages.at_ns[known]
    edges_ns[:, 0] = messages.due_ns
    edges_ns[arrivals.message[arrivals.first], -1] = arrivals.received_ns[arrivals.first]
    return edges_ns


def _around(parts: Floats, q: float) -> Parts:
    """Average the submissions whose whole time lies around the quantile ``q``."""
    ordered = parts[np.argsort(parts.sum(axis=1), kind="stable")]
    count = min(len(ordered), max(FEWEST_NEIGHBOURS, round(NEIGHBOURS * len(ordered))))
    begin = max(0, min(round(q * len(ordered) - count / 2), len(ordered) - count))
    return _mean(ordered[begin : begin + count])


def _mean(parts: Floats) -> Parts:
    if not len(parts):
        return Parts(accepted=None, queued=None, worked=None, notified=None)
    accepted, queued, worked, notified = map(float, parts.mean(axis=0))
    return Parts(accepted=accepted, queued=queued, worked=worked, notified=notified)


def _difference(noted: Floats, others: Floats) -> tuple[float | None, float | None]:
    """Give the difference of two means and half of its 99 % interval (Welch's)."""
    if min(len(noted), len(others)) < 2:
        return None, None
    difference = float(noted.mean() - others.mean())
    first, second = (group.var(ddof=1) / len(group) for group in (noted, others))
    if not first + second:
        return difference, 0.0
    freedom = (first + second) ** 2 / (first**2 / (len(noted) - 1) + second**2 / (len(others) - 1))
    factor = special.stdtrit(freedom, (1 + CONFIDENCE) / 2)
    return difference, float(factor * np.sqrt(first + second))
