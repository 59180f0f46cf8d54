"""What each profile measures, and how long that takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.settings import RUNS

ROOT = Path(__file__).parents[2]
ALONE = (
    "graphql_subscription",
    "graphql_subscription_sse",
    "redis_command",
    "websocket_scaled",
)
"""Compared with no other pattern: their questions are of full."""
LIST_CELLS = """
import importlib, inspect, itertools, json, pkgutil
import benchmarks
from benchmarks.metrics import Question
from harness.series import Cell, expected_s
cells = set()
for found in pkgutil.iter_modules(benchmarks.__path__):
    module = importlib.import_module(f"benchmarks.{found.name}")
    for name, kind in inspect.getmembers(module, inspect.isclass):
        if issubclass(kind, Question) and kind is not Question and not name.startswith("_"):
            for value, pattern in itertools.product(*kind.params):
                asked = kind.scenarios[value]
                if not asked.patterns or pattern in asked.patterns:
                    cells.add(Cell(pattern=pattern, workload=asked.workload))
print(json.dumps([[c.pattern, c.workload.exchange, expected_s(c)] for c in cells]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One cell."""

    pattern: str
    exchange: str
    seconds: float
    """Of one run."""


def asked_in(profile: str) -> list[Asked]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ABEC_")}
    done = subprocess.run(
        [sys.executable, "-c", LIST_CELLS],
        cwd=ROOT,
        env={**kept, "ABEC_PROFILE": profile},
        capture_output=True,
        text=True,
        check=True,
    )
    return [
        Asked(pattern=pattern, exchange=exchange, seconds=seconds)
        for pattern, exchange, seconds in json.loads(done.stdout)
    ]


@pytest.fixture(scope="module")
def quick() -> list[Asked]:
    return asked_in("quick")


@pytest.fixture(scope="module")
def full() -> list[Asked]:
    return asked_in("full")


def test_quick_is_over_in_eleven_minutes(quick: list[Asked]) -> None:
    assert RUNS == 8
    assert RUNS * sum(one.seconds for one in quick) <= 11 * 60


def test_quick_has_one_cell_a_pattern_and_exchange(quick: list[Asked], full: list[Asked]) -> None:
    counts = Counter((one.pattern, one.exchange) for one in quick)
    assert set(counts.values()) == {1}
    ours = {(one.pattern, one.exchange) for one in full if "@" not in one.pattern}
    floors = {("floor", "work_queue"), ("floor", "request_reply")}
    in_full = {one for one in ours if one[1] == "group" or one[0] in ALONE}
    assert set(counts) == ours - floors - in_full


def test_full_has_at_most_96_cells_and_takes_65_minutes(full: list[Asked]) -> None:
    """What the machine disturbs is repeated: measured, that was a tenth more on two cores."""
    assert len(full) <= 96
    assert 1.1 * RUNS * sum(one.seconds for one in full) <= 65 * 60
