"""Blocks over several releases, with a command that only pretends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from harness import schema
from harness.errors import BadInput, NotMeasured
from harness.regress.gate import GateCell
from harness.regress.sides import Built, Commit, Wanted
from harness.result import Result
from harness.versions import measuring
from harness.versions.asked import Question, question
from harness.versions.measuring import Ready, build_all, commands, expected_s, measure
from tests.unit.versions.conftest import LATE

COMMIT = Commit(asked="HEAD", sha="1a2b3c4d")


@dataclass
class Pretended:
    """Gives runs without measuring; remembers who was asked for what."""

    make_result: Callable[..., Result]
    fails: tuple[str, str] = ("", "")
    """Release and cell that cannot be measured."""
    late: tuple[str, str, int] = ("", "", -1)
    """Release, cell and number of a run that is invalid."""
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, built: Built, cell: GateCell, _reruns: int) -> Result:
        assert built.wanted.version is not None
        key = (built.wanted.version.asked, cell.name)
        number = self.asked.count(key)
        self.asked.append(key)
        if self.fails == key:
            raise NotMeasured("client failed\n        TypeError: proxy")
        made: Result = self.make_result(cell.pattern, workload=cell.workload)
        return replace(made, doubts=(LATE,)) if self.late == (*key, number) else made


def ready(asked: Question, *without: str) -> Ready:
    built = {
        name: Built(
            side=f"v{number:03d}",
            wanted=Wanted(commit=COMMIT, version=version),
            directory=Path("/nowhere"),
        )
        for number, (name, version) in enumerate(asked.releases.items())
        if name not in without
    }
    return Ready(built=built, refused=dict.fromkeys(without, "does not build"))


@pytest.fixture
def asked() -> Question:
    return question("redis", ["5.0", "6.0", "7.0"])


@pytest.fixture
def pretended(make_result: Callable[..., Result]) -> Callable[..., Pretended]:
    return lambda **settings: Pretended(make_result, **settings)


def test_every_block_has_every_release_of_a_cell_in_a_row(
    asked: Question, pretended: Callable[..., Pretended]
) -> None:
    run_once = pretended()
    found = measure(asked, ready(asked), run_once, order_seed=3)
    assert len(run_once.asked) == 8 * 2 * 3
    for start in range(0, len(run_once.asked), 3):
        block = run_once.asked[start : start + 3]
        assert {release for release, _ in block} == set(asked.releases)
        assert len({cell for _, cell in block}) == 1
    firsts = Counter(release for release, _ in run_once.asked[::3])
    assert set(firsts) == set(asked.releases)
    assert {len(runs) for runs in found.results.values()} == {8}
    again = pretended()
    measure(asked, ready(asked), again, order_seed=3)
    assert again.asked == run_once.asked


def test_what_one_release_cannot_do_the_others_do(
    asked: Question, pretended: Callable[..., Pretended], tmp_path: Path
) -> None:
    paths = {name: tmp_path / f"{name}.json" for name in asked.releases}
    run_once = pretended(fails=("6.0", "queue"))
    found = measure(asked, ready(asked), run_once, order_seed=3, save_to=paths)
    assert run_once.asked.count(("6.0", "queue")) == 1
    assert found.refused == {("queue", "6.0"): "client failed\n        TypeError: proxy"}
    assert len(found.results["queue", "5.0"]) == len(found.results["pubsub", "6.0"]) == 8
    assert len(schema.load(paths["6.0"]).results) == 8
    assert len(schema.load(paths["7.0"]).results) == 16


def test_what_has_no_environment_is_refused_everywhere(
    asked: Question, pretended: Callable[..., Pretended]
) -> None:
    found = measure(asked, ready(asked, "7.0"), pretended(), order_seed=3)
    assert found.refused == dict.fromkeys([("queue", "7.0"), ("pubsub", "7.0")], "does not build")
    assert found.results["queue", "7.0"] == ()


def test_an_invalid_run_is_made_up_for_in_all_releases(
    asked: Question, pretended: Callable[..., Pretended]
) -> None:
    run_once = pretended(late=("5.0", "pubsub", 2))
    found = measure(asked, ready(asked), run_once, order_seed=3)
    assert {len(found.results["pubsub", name]) for name in asked.releases} == {9}
    assert {len(found.results["queue", name]) for name in asked.releases} == {8}


def test_the_time_follows_from_cells_releases_and_runs(asked: Question) -> None:
    one = sum(cell.expected_s for cell in asked.gate.cells)
    assert expected_s(asked) == pytest.approx(3 * 8 * one)


def test_what_does_not_build_is_put_down_and_what_does_not_exist_refused(
    asked: Question, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    places: list[str] = []

    def attempts(wanted: dict[str, Wanted], _scratch: Path) -> Iterator[Built | NotMeasured]:
        for side, one in wanted.items():
            places.append(side)
            assert one.version is not None
            if one.version.asked == "9.0":
                raise BadInput("VERSION", "9.0", "no such version")
            broken = one.version.asked == "6.0"
            built = Built(side=side, wanted=one, directory=tmp_path)
            yield NotMeasured("does not build") if broken else built

    monkeypatch.setattr(measuring, "attempts", attempts)
    made = build_all(asked, COMMIT, tmp_path)
    assert (list(made.built), made.refused) == (["5.0", "7.0"], {"6.0": "does not build"})
    assert len(set(map(len, places))) == 1
    with pytest.raises(BadInput, match=r"VERSION 9\.0"):
        build_all(question("redis", ["5.0", "9.0"]), COMMIT, tmp_path)


def test_a_release_that_the_suite_does_not_start_with_is_put_down(
    asked: Question,
    make_result: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    class Called:
        run = staticmethod(lambda *_arguments: make_result())

    def prepare(sides: list[Built], _cells: Any, _scratch: Path) -> type[Called]:
        if sides[0].side == "v000":
            raise NotMeasured("v000 redis 5.0: abec patterns does not work there")
        return Called

    monkeypatch.setattr(measuring, "prepare", prepare)
    some, _ = commands(ready(asked), asked.gate.cells, tmp_path)
    assert (list(some.built), list(some.refused)) == (["6.0", "7.0"], ["5.0"])
    assert some.refused["5.0"] == "redis 5.0: abec patterns does not work there"
    with pytest.raises(NotMeasured, match=r"^does not build$"):
        commands(ready(asked, *asked.releases), asked.gate.cells, tmp_path)


def test_a_release_of_which_nothing_arrives_is_put_down_and_one_that_loses_is_not(
    asked: Question,
    make_result: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    some = make_result()
    audits = [
        replace(some.audit, delivered=0, lost=some.audit.owed, causes={"disconnected": 1}),
        replace(some.audit, delivered=1, lost=some.audit.owed - 1),
    ]

    class Called:
        run = staticmethod(lambda *_arguments: replace(some, audit=audits.pop(0)))

    monkeypatch.setattr(measuring, "prepare", lambda *_arguments: Called)
    found, run_once = commands(ready(asked), asked.gate.cells, tmp_path)
    built, cell = found.built["5.0"], asked.gate.cells[0]
    with pytest.raises(NotMeasured, match=r"^none of 5,000 messages was delivered \(disconnected"):
        run_once(built, cell, 0)
    assert run_once(built, cell, 0).audit.delivered == 1
