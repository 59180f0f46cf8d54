"""``python -m tests.prove [N] [--markdown PATH]``: prints each promise, its figure and bound.

N is an issue (``1``) or a point (``1.4``). Exit code 1 if anything failed. ``LONG=1`` in the
environment also measures the points that don't fit into 45 minutes.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import AbecError
from harness.machine import Machine, read_machine
from tests.prove.claim import Claim
from tests.prove.points import POINTS, Point

LOG = Path(__file__).parents[2] / "docs" / "proof-long.md"
"""Where the output of LONG=1 is committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One printed line."""

    number: str
    claim: Claim
    seconds: float

    def __str__(self) -> str:
        return f"{self.number:<5}{self.claim} {self.seconds:.1f} s"

    @property
    def markdown(self) -> str:
        """The line as a row of a table."""
        claim = self.claim
        cells = (
            *(self.number, claim.what, claim.figure, claim.bound),
            *(claim.verdict, f"{self.seconds:.1f}"),
        )
        return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def main(argv: Sequence[str]) -> int:
    """Prove what was asked for; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.prove", description=__doc__)
    parser.add_argument("number", nargs="?", default="", help="an issue (1) or a point (1.4)")
    parser.add_argument("--markdown", type=Path, help="also write a table to this file")
    asked = parser.parse_args(argv)
    points = [point for point in POINTS if _asked_for(point, asked.number)]
    if not points:
        known = ", ".join(dict.fromkeys(point.number for point in POINTS))
        print(f"N={asked.number}: no such point; known are {known}", file=sys.stderr)
        return 2
    # What is being proved holds processes and directories, which go as Python unwinds.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    begun_s = time.monotonic()
    machine = read_machine()
    lines = [line for point in points for line in _prove(point, machine)]
    failed = sum(not line.claim.ok for line in lines)
    minutes = (time.monotonic() - begun_s) / 60
    summary = f"{len(lines) - failed} ok, {failed} failed, {minutes:.1f} minutes"
    print(summary)
    if asked.markdown is not None:
        asked.markdown.write_text(_page(lines, summary, machine))
    return 1 if failed else 0


def _asked_for(point: Point, number: str) -> bool:
    return not number or point.number == number or point.number.partition(".")[0] == number


def _prove(point: Point, machine: Machine) -> Iterator[Line]:
    print(f"{point.number} {point.title}", flush=True)
    begun_s = time.monotonic()
    for claim in _claims(point, machine):
        now_s = time.monotonic()
        line = Line(number=point.number, claim=claim, seconds=now_s - begun_s)
        begun_s = now_s
        print(line, flush=True)
        yield line


def _claims(point: Point, machine: Machine) -> Iterator[Claim]:
    if point.long and os.environ.get("LONG") != "1":
        yield _logged(point)
        return
    try:
        yield from point.prove(machine)
    except AbecError as error:
        reason = " / ".join(str(error).splitlines())
        yield Claim(what=point.title, figure=reason, bound="measured", ok=False)


def _logged(point: Point) -> Claim:
    """Read what the committed log of the last LONG=1 says about a point."""
    rows = LOG.read_text().splitlines() if LOG.is_file() else []
    about = [row for row in rows if row.startswith(f"| {point.number} |")]
    good = [row for row in about if "| ok |" in row]
    return Claim(
        what=f"{point.title} (LONG=1 measures it)",
        figure=f"{len(good)} of {len(about)} lines ok in docs/{LOG.name}",
        bound="committed, all ok",
        ok=bool(about) and len(good) == len(about),
    )


def _page(lines: Sequence[Line], summary: str, machine: Machine) -> str:
    heading = (
        f"{summary}. {machine.cpu}, {len(machine.cores)} cores, {machine.virtualisation}, "
        f"{machine.python}, commit {machine.commit[:12]}."
    )
    rows = "\n".join(line.markdown for line in lines)
    return (
        f"# What `make prove` printed\n\n{heading}\n\n"
        "| point | what | figure | bound | | seconds |\n|---|---|---|---|---|---:|\n"
        f"{rows}\n"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
