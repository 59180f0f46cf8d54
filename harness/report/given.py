"""Sentences about a server that was there before: whose CPU and memory its figures hold."""

from __future__ import annotations

from collections.abc import Sequence

from harness.measure.configuration import Configuration
from harness.measure.statistics import median
from harness.report import units
from harness.report.columns import listed
from harness.result import GivenServer


def given_lines(name: str, row: Configuration) -> list[str]:
    """Say what of the server's processes is not in its figures; nothing where all are."""
    found = [run.given for run in row.runs if run.given is not None]
    forwarders = sorted({one for given in found for one in given.forwarders})
    lines = []
    if forwarders and not any(given.processes for given in found):
        lines.append(
            f"{name}: {_plural(forwarders, 'listens', 'listen')} at the URL, and only "
            f"{'forwards' if len(forwarders) == 1 else 'forward'}: the server behind was not "
            "found, so its CPU and memory are not known; give --pid."
        )
    elif forwarders:
        lines.append(f"{name}: {_between(forwarders, found)}")
    if ended := sorted({one for given in found for one in given.ended}):
        where = _in_runs([given for given in found if given.ended], found)
        lines.append(
            f"{name}: of the server {listed(ended)} ended within the window{where}: its CPU and "
            "memory are not known then."
        )
    if began := [given for given in found if given.began and not given.ended]:
        most = max(len(given.began) for given in began)
        names = listed(sorted({one for given in began for one in given.began}))
        lines.append(
            f"{name}: {most} process{'es' * (most != 1)} of the server ({names}) began in the "
            f"run{_in_runs(began, found)}: the CPU counts, what a connection takes is not known."
        )
    return lines


def _between(forwarders: Sequence[str], found: Sequence[GivenServer]) -> str:
    used = median([sum(given.forwarders.values()) for given in found]) or 0.0
    return (
        f"{_plural(forwarders, 'stands', 'stand')} before the server; what that adds is in the "
        f"latency, and its CPU ({units.significant(used, 2)} cores) not in the server's."
    )


def _plural(names: Sequence[str], one: str, several: str) -> str:
    return f"{listed(names)} {one if len(names) == 1 else several}"


def _in_runs(some: Sequence[GivenServer], found: Sequence[GivenServer]) -> str:
    return f" in {len(some)} of {len(found)} runs" if len(found) > 1 else ""
