"""What the environment says: which profile and scenarios, how many runs, what is read instead.

asv runs benchmarks in a directory of its own, so that relative paths start at the checkout.
"""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path

from harness.errors import BadInput

RUNS = 8
"""Enough for asv's test: 6 against 6, or 5 against 7, could never differ significantly."""
CHECKOUT = Path(__file__).parents[1]


class Profile(StrEnum):
    """How much is asked."""

    QUICK = "quick"
    """One cell a pattern and exchange: within 11 minutes at 8 runs."""
    FULL = "full"
    """Every question: at most 95 cells, within 65 minutes at 8 runs."""


def profile() -> Profile:
    """Read ``ABEC_PROFILE``, quick by default; full where saved series are read, which costs none.

    Raises:
        BadInput: it is neither.
    """
    if saved_series():
        return Profile.FULL
    text = os.environ.get("ABEC_PROFILE") or Profile.QUICK
    try:
        return Profile(text)
    except ValueError:
        raise BadInput("ABEC_PROFILE", text, "must be quick or full") from None


def count_of_runs() -> int:
    """Read ``ABEC_RUNS``: how many independent runs a combination gets."""
    text = os.environ.get("ABEC_RUNS", str(RUNS))
    if not text.isdigit() or int(text) < 1:
        raise BadInput("ABEC_RUNS", text, "must be a whole number above 0; for example 8")
    return int(text)


def saved_series() -> tuple[Path, ...]:
    """Read ``ABEC_SERIES``: result files to read instead of measuring; empty to measure."""
    paths = os.environ.get("ABEC_SERIES", "").split(os.pathsep)
    return tuple(CHECKOUT / path for path in paths if path)


def scenario_file() -> Path | None:
    """Read ``ABEC_SCENARIOS``: a file of the user's own scenarios."""
    path = os.environ.get("ABEC_SCENARIOS")
    return CHECKOUT / path if path else None
