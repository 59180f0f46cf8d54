"""2.1: twenty comparisons of a commit with an empty one on top of it; an alarm would be false."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from scipy.stats import beta

from harness.errors import Exit
from harness.machine import Machine
from harness.measure.contrast import Outcome
from tests.prove.claim import Claim
from tests.prove.gate_checkout import BUILT_IN, ROOT, cloned

GATES = 20
MOST_ALARMS = 1
_BUDGET = "6min"
"""The first look, and little more: what a pull request waits for."""
LOG = ROOT / "docs" / "proof-alike.jsonl"
"""A line a gate. What it holds is not measured again: remove it to begin anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One gate between two commits that differ in nothing."""

    commit: str
    path_length: int
    """Of the directory that held both environments."""
    exit: int
    alarms: tuple[str, ...]
    told: int
    comparisons: int
    looks: int
    minutes: float

    @property
    def claim(self) -> Claim:
        """What this gate alone said."""
        return Claim(
            what=f"nothing changed, path of {self.path_length} characters, commit {self.commit}",
            figure=f"exit {self.exit}, alarms: {', '.join(self.alarms) or 'none'}; "
            f"{self.told} of {self.comparisons} told after {self.looks} looks, "
            f"{self.minutes:.1f} minutes",
            bound="a gate that ran to its end",
            ok=self.exit != Exit.BAD_INPUT and self.told > 0,
        )


def prove(_machine: Machine) -> Iterator[Claim]:
    """Compare, each time in two fresh environments, until the log has enough of it."""
    done = read(LOG)
    for compared in done:
        yield compared.claim
    while len(done) < GATES:
        compared = _compare(len(done))
        with LOG.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(compared)) + "\n")
        done = (*done, compared)
        yield compared.claim
    yield judged(done)


def judged(done: Sequence[Compared]) -> Claim:
    """Say how many of all gates gave an alarm, and how many more often might."""
    alarms = sum(bool(compared.alarms) for compared in done)
    told = sum(compared.told for compared in done)
    comparisons = sum(compared.comparisons for compared in done)
    return Claim(
        what=f"alarms in {len(done)} gates without a change",
        figure=f"{alarms}; the rate is below {upper_bound(alarms, len(done)):.1%} with 95 % "
        f"confidence; {told} of {comparisons} comparisons told",
        bound=f"≤ {MOST_ALARMS} in ≥ {GATES}",
        ok=alarms <= MOST_ALARMS and len(done) >= GATES,
    )


def upper_bound(events: int, trials: int) -> float:
    """Give the one-sided 95 % bound of a rate (Clopper and Pearson, Biometrika 1934)."""
    return 1.0 if events == trials else float(beta.ppf(0.95, events + 1, trials - events))


def read(log: Path) -> tuple[Compared, ...]:
    """Read what was compared so far; nothing if there is no log."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
    return tuple(_compared(json.loads(line)) for line in lines)


def _compared(line: Mapping[str, object]) -> Compared:
    return Compared(**{**line, "alarms": tuple(line["alarms"])})  # type: ignore[arg-type]


def _compare(number: int) -> Compared:
    # Environments live below the clone: its name's length moves all that Python keeps of paths.
    with cloned(f"clone{'-' * (number * 3 % 40)}") as clone:
        base = clone.git("rev-parse", "HEAD")
        clone.git("commit", "--quiet", "--allow-empty", "--message", "Change nothing")
        done = clone.regress(
            *("--base", base, "--head", "HEAD", "--budget", _BUDGET, "--json", "answer.json"),
            gate=BUILT_IN,
        )
        answer = clone.root / "answer.json"
        if not answer.is_file():
            raise subprocess.SubprocessError(f"abec regress: {done.stderr.strip()[-400:]}")
        said = json.loads(answer.read_text())
        untold = sum(one["outcome"] == Outcome.NOT_COMPARED for one in said["comparisons"])
        return Compared(
            commit=base[:7],
            path_length=len(str(clone.root)),
            exit=done.returncode,
            alarms=tuple(said["regressions"]),
            told=len(said["comparisons"]) - untold,
            comparisons=len(said["comparisons"]),
            looks=said["looks"],
            minutes=round(said["took_s"] / 60, 1),
        )
