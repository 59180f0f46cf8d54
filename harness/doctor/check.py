"""One finding about the machine or the instrument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a check says; the text is what is printed."""

    OK = "ok"
    WARN = "warn"
    """Figures can be trusted, with the restriction that is named."""
    FAIL = "FAIL"
    """Something cannot be measured here, or not validly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A verdict, what was seen, and what would make it better."""

    verdict: Verdict
    text: str
    remedy: str = ""
    """Empty where nothing needs to be done."""
    only_size: bool = False
    """Whether it restricts how much can be measured here, and not whether that is right."""

    def __str__(self) -> str:
        return f"{self.text}; {self.remedy}" if self.remedy else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """A check that has yet to be made."""

    title: str
    """What is looked at, for the progress line."""
    examine: Callable[[], Check]


def ok(text: str) -> Check:
    """Nothing to remark on."""
    return Check(verdict=Verdict.OK, text=text)


def warn(text: str, remedy: str = "") -> Check:
    """A restriction."""
    return Check(verdict=Verdict.WARN, text=text, remedy=remedy)


def fail(text: str, remedy: str = "", *, only_size: bool = False) -> Check:
    """A reason not to trust figures of this machine, or some of them."""
    return Check(verdict=Verdict.FAIL, text=text, remedy=remedy, only_size=only_size)
