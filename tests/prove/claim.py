"""One thing that was promised, and what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from harness.machine import Machine
from harness.result import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One line of the proof."""

    what: str
    figure: str
    bound: str
    ok: bool

    @property
    def verdict(self) -> str:
        """``ok`` or ``FAIL``."""
        return "ok" if self.ok else "FAIL"

    def __str__(self) -> str:
        return f"{self.verdict:<5}{self.what}: {self.figure} [{self.bound}]"


Prove = Callable[[Machine], Iterator[Claim]]
"""Measures, and gives each claim as soon as it is known."""


def at_most(what: str, value: float, bound: float, show: Callable[[float], str]) -> Claim:
    """Claim that ``value`` is not above ``bound``."""
    return Claim(what=what, figure=show(value), bound=f"≤ {show(bound)}", ok=value <= bound)


def within(
    what: str, value: float, expected: float, bound: float, show: Callable[[float], str]
) -> Claim:
    """Claim that ``value`` is no further than ``bound`` from what is ``expected``."""
    return Claim(
        what=what,
        figure=show(value),
        bound=f"{show(expected)} ± {show(bound)}",
        ok=abs(value - expected) <= bound,
    )


def ms(seconds: float) -> str:
    """Write a time in milliseconds."""
    return f"{seconds * 1e3:.3g} ms" if abs(seconds) < 1 else f"{seconds * 1e3:.0f} ms"


def us(seconds: float) -> str:
    """Write a time in whole microseconds."""
    return f"{seconds * 1e6:,.0f} µs"


def reasons(results: Sequence[Result]) -> str:
    """Name the rules by which runs are invalid; empty where all are valid."""
    return ", ".join(sorted({doubt.rule for result in results for doubt in result.doubts}))


def doubts(results: Sequence[Result]) -> str:
    """Say after a figure that its runs were invalid, and why; empty where all are valid."""
    rules = reasons(results)
    return f" (invalid: {rules})" if rules else ""
