"""The answer as JSON: what a program needs to follow the verdict."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.regress.document import VERSION, to_json
from harness.regress.report import Judgement
from harness.regress.ruling import Runs
from harness.regress.sides import Side

Make = Callable[..., Any]
COMMITS = {Side.BASE: "1a2b3c4d" * 5, Side.HEAD: "5e6f7a8b" * 5}


def test_every_comparison_comes_with_its_samples(
    answer: Callable[[Runs], Judgement], side: Make
) -> None:
    found = json.loads(to_json(answer(Runs(base=side(1), head=side(2, p50=1.2))), COMMITS))
    assert (found["schema"], found["exit"], found["regressions"]) == (VERSION, 1, ["prices p50"])
    assert found["head"] == {"name": "5e6f7a8b", "commit": COMMITS[Side.HEAD]}
    assert found["cells"][0]["workload"]["rate"] == 1000
    p50 = found["comparisons"][0]
    assert (p50["cell"], p50["metric"], p50["unit"]) == ("prices", "p50", "s")
    assert (p50["alarm"], p50["outcome"], p50["look"]) == (True, "higher", 1)
    assert len(p50["base"]) == len(p50["head"]) == 8
    assert p50["change"]["value"] == pytest.approx(1.2, rel=0.05)
    assert p50["threshold"] == 0.1
    assert p50["adjusted_p"] <= 0.005


def test_a_password_is_left_out(answer: Callable[[Runs], Judgement], side: Make) -> None:
    found = answer(Runs(base=side(1), head=side(2)))
    (cell,) = found.gate.cells
    own = replace(cell.workload, redis="redis://:hush@127.0.0.1:6379/0")
    gate = replace(found.gate, cells=(replace(cell, workload=own),))
    told = to_json(replace(found, gate=gate), COMMITS)
    assert json.loads(told)["cells"][0]["workload"]["redis"] == "redis://127.0.0.1:6379/0"
    assert "hush" not in told


def test_infinite_times_are_null(answer: Callable[[Runs], Judgement], side: Make) -> None:
    head = tuple(replace(run, delivery=replace(run.delivery, p50=None)) for run in side(2))
    found = json.loads(to_json(answer(Runs(base=side(1), head=head)), COMMITS))
    p50 = found["comparisons"][0]
    assert p50["head"] == [None] * 8
    assert (p50["alarm"], p50["change"]["value"], p50["seen_from"]) == (True, None, None)
