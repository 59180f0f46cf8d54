"""All releases measured: an environment each, runs interleaved in random order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import NotMeasured
from harness.regress.command import prepare
from harness.regress.gate import GateCell
from harness.regress.interleaving import GrowingRuns, RunOnce, blocks_s
from harness.regress.measuring import MOST_REPLACED
from harness.regress.ruling import fit
from harness.regress.sides import Built, Commit, Wanted, attempts
from harness.result import Result
from harness.series import Watcher
from harness.versions.asked import Question
from harness.versions.watching import watched


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The releases that have an environment, and why others have none."""

    built: Mapping[str, Built]
    refused: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All runs, by cell and release."""

    results: Mapping[tuple[str, str], tuple[Result, ...]]
    refused: Mapping[tuple[str, str], str]
    """Why a release could not be measured in a cell."""
    took_s: float
    order_seed: int


def build_all(asked: Question, commit: Commit, scratch: Path) -> Ready:
    """Install the suite at ``commit`` with each release, all at once; keep what does not build.

    The environments are named by place, equally long: the length of paths moves memory.

    Raises:
        BadInput: there is no such version for this Python.
    """
    by_place = {_place(number): name for number, name in enumerate(asked.releases)}
    wanted = {
        place: Wanted(commit=commit, version=asked.releases[name])
        for place, name in by_place.items()
    }
    built: dict[str, Built] = {}
    refused: dict[str, str] = {}
    tried = attempts(wanted, scratch)
    for (place, name), one in zip(by_place.items(), tried, strict=True):
        if isinstance(one, NotMeasured):
            refused[name] = _without(place, one)
        else:
            built[name] = one
    return Ready(built=built, refused=refused)


def commands(ready: Ready, cells: Sequence[GateCell], scratch: Path) -> tuple[Ready, RunOnce]:
    """Find out which releases the suite starts with at all; give how a run of those is made.

    Raises:
        NotMeasured: none of them.
    """
    refused = dict(ready.refused)
    built: dict[str, Built] = {}
    run_once: RunOnce | None = None
    for name, one in ready.built.items():
        try:
            run_once = _delivering(prepare([one], cells, scratch).run)
        except NotMeasured as error:
            refused[name] = _without(one.side, error)
        else:
            built[name] = one
    if run_once is None:
        raise NotMeasured(next(iter(refused.values())))
    return Ready(built=built, refused=refused), run_once


def expected_s(asked: Question) -> float:
    """Estimate the seconds of all runs, on a machine that disturbs nothing."""
    return blocks_s(asked.gate.cells, len(asked.releases), asked.runs)


def measure(
    asked: Question,
    ready: Ready,
    run_once: RunOnce,
    *,
    order_seed: int,
    save_to: Mapping[str, Path] | None = None,
    on_progress: Watcher = lambda _progress: None,
) -> Measured:
    """Measure every cell with every release, so many blocks as there are runs.

    A cell in which a release has fewer valid runs than were asked for gets up to
    ``MOST_REPLACED`` blocks more, of all its releases, unless most runs there are invalid.
    """
    places = {name: built.side for name, built in ready.built.items()}
    paths = {places[name]: path for name, path in (save_to or {}).items() if name in places}
    grown = GrowingRuns(
        tuple(ready.built.values()),
        run_once,
        together=False,
        order_seed=order_seed,
        command=asked.command,
        save_to=paths,
        on_progress=on_progress,
    )
    cells = asked.gate.cells
    grown.measure(cells, asked.runs)
    for _ in range(MOST_REPLACED):
        short = [
            cell
            for cell in cells
            if any(_short(cell, grown.results(cell, side), asked.runs) for side in places.values())
        ]
        if not short:
            break
        grown.measure(short, 1)
    every = [(cell, name) for cell in cells for name in asked.releases]
    results = {
        (cell.name, name): grown.results(cell, places[name]) if name in places else ()
        for cell, name in every
    }
    whys = {
        (cell.name, name): ready.refused.get(name, "") or grown.refused(cell, places.get(name, ""))
        for cell, name in every
    }
    return Measured(
        results=results,
        refused={key: why for key, why in whys.items() if why},
        took_s=grown.passed_s,
        order_seed=order_seed,
    )


def _delivering(run_once: RunOnce) -> RunOnce:
    """Refuse a release of which nothing arrives.

    One that lacks what the suite calls may well connect, and then fail with every message: that
    is no loss to be counted, and says nothing about its speed.
    """

    def run(built: Built, cell: GateCell, reruns: int) -> Result:
        result = run_once(built, cell, reruns)
        audit = result.audit
        if audit.owed and not audit.delivered:
            causes = f" ({', '.join(audit.causes)})" if audit.causes else ""
            raise NotMeasured(
                f"none of {audit.owed:,} messages was delivered{causes}: the suite calls what "
                "this release does not have, or it is broken"
            )
        return result

    return run


def _short(cell: GateCell, runs: Sequence[Result], wanted: int) -> bool:
    """Whether more runs would help: where most are invalid, more only take time."""
    valid = min(len(fit(runs, one)) for one in watched(cell))
    return bool(runs) and valid < wanted and 2 * valid >= len(runs)


def _place(number: int) -> str:
    return f"v{number + 1:03d}"


def _without(place: str, error: NotMeasured) -> str:
    """Leave the place out of what is said: the table names the release."""
    return str(error).removeprefix(f"{place} ")
