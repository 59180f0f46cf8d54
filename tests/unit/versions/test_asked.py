"""Releases in order, and what is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.measure.statistics import ALPHA, smallest_p
from harness.regress.library import GATES
from harness.versions.asked import question


def test_releases_are_in_the_order_of_their_numbers() -> None:
    asked = question("websockets", ["16.0", "9.1", "15.0.1", "15.0.1rc1", "9.1"])
    assert list(asked.releases) == ["9.1", "15.0.1rc1", "15.0.1", "16.0"]
    assert asked.releases["9.1"].requirement == "websockets==9.1"
    assert asked.command == "abec versions --lib websockets 9.1 15.0.1rc1 15.0.1 16.0"


def test_a_checkout_comes_last_and_its_path_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").mkdir()
    asked = question("redis", ["99.0"], "secret", runs=9)
    assert list(asked.releases) == ["99.0", "checkout"]
    assert asked.releases["checkout"].requirement == str(tmp_path / "secret")
    assert asked.command == "abec versions --lib redis 99.0 --checkout PATH --runs 9"


@pytest.mark.parametrize(
    ("library", "numbers", "told"),
    [
        ("websocket", ["1.0", "2.0"], "--lib websocket: no library that .*; did you mean websock"),
        ("redis", ["7.4.0"], "VERSION 7.4.0: there is nothing to compare it with; give at least 2"),
        ("redis", [], "VERSION: there is nothing to compare it with"),
        ("redis", ["7.4.0", "newest"], "VERSION newest: is no version number; for example 15.0.1"),
        ("redis", ["7.4.0", "7.4"], r"VERSION 7\.4\S*: is the same version as 7\.4\S*; give it on"),
    ],
)
def test_what_cannot_be_asked_is_refused(library: str, numbers: list[str], told: str) -> None:
    with pytest.raises(BadInput, match=f"^{told}"):
        question(library, numbers)


def test_a_checkout_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"^--checkout \./nowhere: no such directory; give a"):
        question("redis", ["7.4.0"], "nowhere")


@pytest.mark.parametrize("library", GATES)
def test_eight_runs_carry_five_releases_of_every_library(library: str) -> None:
    asked = question(library, ["1", "2", "3", "4", "5"])
    assert smallest_p(asked.runs, asked.runs) <= ALPHA / asked.comparisons


def test_runs_that_could_show_nothing_are_refused_with_what_would_do() -> None:
    numbers = [str(number) for number in range(1, 9)]
    with pytest.raises(BadInput, match=r"^--runs 8: too few for the 84 .* 8 releases; give --ru"):
        question("websockets", numbers)
    assert question("websockets", numbers, runs=9).runs == 9
    with pytest.raises(BadInput, match=r"^--runs 0: too few"):
        question("redis", ["1", "2"], runs=0)
