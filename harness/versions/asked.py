"""Which releases are asked for: read, put in order, refused in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from packaging.version import Version as Number

from harness.errors import BadInput
from harness.measure.statistics import ALPHA, smallest_p
from harness.regress.gate import Gate
from harness.regress.library import library_gate, read_version, version_number
from harness.regress.sides import Version
from harness.versions.watching import watched

LEAST_RELEASES = 2
CHECKOUT = "--checkout"
_VERSIONS = "VERSION"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Some releases of one library, each to be measured ``runs`` times in each cell."""

    library: str
    gate: Gate
    releases: Mapping[str, Version]
    """By the name that tables give them: ascending numbers, then ``checkout``."""
    runs: int

    @property
    def comparisons(self) -> int:
        """How many comparisons share the error rate: neighbours × figures."""
        return comparisons(self.gate, len(self.releases))

    @property
    def command(self) -> str:
        """What to type to ask it again; a checkout's path is nobody's business."""
        parts = ["abec versions", f"--lib {self.library}", *_typed(self.releases)]
        if self.runs != DEFAULT_RUNS:
            parts.append(f"--runs {self.runs}")
        return " ".join(parts)


DEFAULT_RUNS = 8


def question(
    library: str, numbers: Sequence[str], checkout: str | None = None, runs: int = DEFAULT_RUNS
) -> Question:
    """Read what is asked for.

    Raises:
        BadInput: the suite does not measure the library; a text is no version number, comes
            twice or stands alone; there is no such checkout; or so few runs could not show
            anything between so many releases.
    """
    gate = library_gate(library)
    ordered = sorted(set(numbers), key=_number)
    for before, after in pairwise(ordered):
        if _number(before) == _number(after):
            raise BadInput(_VERSIONS, after, f"is the same version as {before}; give it once")
    releases = {text: read_version(_VERSIONS, library, text) for text in ordered}
    if checkout is not None:
        releases[_checkout_name(checkout)] = _read_checkout(library, checkout)
    if len(releases) < LEAST_RELEASES:
        raise BadInput(
            _VERSIONS,
            " ".join(releases),
            f"there is nothing to compare it with; give at least {LEAST_RELEASES} versions, or "
            f"one and {CHECKOUT} PATH",
        )
    if runs < 1 or smallest_p(runs, runs) > ALPHA / comparisons(gate, len(releases)):
        raise BadInput("--runs", runs, _too_few(gate, len(releases), runs))
    return Question(library=library, gate=gate, releases=releases, runs=runs)


def comparisons(gate: Gate, releases: int) -> int:
    """Count neighbours × figures."""
    return (releases - 1) * sum(len(watched(cell)) for cell in gate.cells)


def _number(text: str) -> Number:
    return version_number(_VERSIONS, text, f"; a local checkout goes to {CHECKOUT}")


def _read_checkout(library: str, text: str) -> Version:
    # Without a slash it would be taken for a version number.
    path = text if "/" in text or text.startswith(".") else f"./{text}"
    return read_version(CHECKOUT, library, path)


def _checkout_name(text: str) -> str:
    ref = text.partition("@")[2]
    return f"checkout@{ref}" if ref else "checkout"


def _too_few(gate: Gate, releases: int, runs: int) -> str:
    """Say how many comparisons so many runs carry, and what would be enough."""
    needed = next(
        n
        for n in range(max(runs, 1), 100)
        if smallest_p(n, n) <= ALPHA / comparisons(gate, releases)
    )
    return (
        f"too few for the {comparisons(gate, releases)} comparisons between {releases} releases; "
        f"give --runs {needed}, or fewer versions"
    )


def _typed(releases: Mapping[str, Version]) -> list[str]:
    numbers = [name for name, version in releases.items() if version.option != CHECKOUT]
    return [*numbers, *([f"{CHECKOUT} PATH"] if len(numbers) < len(releases) else [])]
