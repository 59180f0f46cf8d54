"""What `abec compare OLD.json NEW.json` prints, and what it exits with."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.errors import Exit
from harness.machine import Machine
from harness.report.verdicts import verdict_report
from harness.result import Doubt, Result, Series
from harness.workload import Workload

Make = Callable[..., Any]
Nature = Mapping[str, Any]
LAG = Doubt(rule="receiver lag", reason="r", remedy="m")

WHOLE = """\
old uvicorn 0.54.0, commit 0123456789 · new uvicorn 0.55.0, commit abcdef0123+ · 8 v 8 runs
same machine, workload and seed
broadcast 1,000 msg/s → 1 subscriber
                                                     change  would
                            old      new           [99.3 %]   show  verdict
  floor p50              110 µs   109 µs  −0.1 % [−2, +3]      5 %  no change detected
  floor p99              310 µs   308 µs  −0.1 % [−3, +2]      4 %  no change detected
  floor server CPU      2.98 µs  3.01 µs  +0.8 % [−2, +3]      4 %  no change detected
  sse p50                410 µs   408 µs  −0.2 % [−3, +3]      5 %  no change detected
  sse p99               1.94 ms  2.58 ms   +33 % [+30, +37]    4 %  slower
  sse server CPU        14.1 µs  14.0 µs  −0.6 % [−4, +3]      6 %  no change detected
  websocket p50          397 µs   400 µs    +1 % [−3, +5]      7 %  no change detected
  websocket p99         1.82 ms  1.80 ms    −1 % [−5, +0.8]    5 %  no change detected
  websocket server CPU  11.1 µs  14.8 µs   +33 % [+29, +38]    6 %  costs more
Nothing was lost, old or new.
1 slower, 1 costs more, 7 unchanged.
Would show: the change that these runs detect in 80 % of attempts. Exact Mann–Whitney over runs,
  Holm, 1 % error over all verdicts; each interval stands by itself. Old and new were measured at
  different times: what the machine did in between looks like a change."""


def changed(series: Series, change: Callable[[Result], Result]) -> Series:
    return replace(series, results=tuple(map(change, series.results)))


def on(series: Series, machine: Machine) -> Series:
    return changed(series, lambda run: replace(run, context=replace(run.context, machine=machine)))


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def old(make_series: Make, nature: Nature) -> Series:
    return make_series({name: nature[name] for name in ("floor", "sse", "websocket")}, seed=1)


def test_the_whole_answer(make_series: Make, nature: Nature, old: Series, machine: Machine) -> None:
    slower = {
        "floor": nature["floor"],
        "sse": {**nature["sse"], "p99": 2.6e-3},
        "websocket": {**nature["websocket"], "cpu": 15e-6},
    }
    upgraded = replace(
        machine,
        libraries={**machine.libraries, "uvicorn": "0.55.0"},
        commit="abcdef0123456789",
        dirty=True,
    )

    text, code = verdict_report(old, on(make_series(slower, seed=2), upgraded))

    assert text == WHOLE
    assert code is Exit.ANSWER_IS_NO


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_wider_than_asked(
    make_series: Make, nature: Nature, machine: Machine, width: int
) -> None:
    rows = {**nature, "websocket@websockets-broadcast": {}}
    old, new = (make_series(rows, seed=seed) for seed in (1, 2))
    other = on(new, replace(machine, cpu="A processor whose name is as long as they are at times"))

    for against in (new, other):
        text, _ = verdict_report(old, against, width)

        assert max(map(len, text.split("\n"))) <= width


def test_on_80_columns_a_change_stays_beside_its_verdict(make_series: Make, nature: Nature) -> None:
    rows = {**nature, "websocket@websockets-broadcast": {}}

    text, _ = verdict_report(make_series(rows, seed=1), make_series(rows, seed=2), width=80)

    first, second = text.split("\n\n")
    assert first.split("\n")[3].split() == ["[99.3", "%]", "show", "verdict"]
    assert first.count("no change detected") == 18
    assert second.split("\n")[0].split() == ["old", "new"]


def test_no_change_is_fine(make_series: Make, nature: Nature, old: Series) -> None:
    again = make_series({name: nature[name] for name in ("floor", "sse", "websocket")}, seed=3)

    text, code = verdict_report(old, again)

    assert code is Exit.MEASURED
    assert text.startswith("same versions · 8 v 8 runs · same machine, workload and seed\n")
    assert "9 unchanged." in text


def test_faster_is_fine_and_said(make_series: Make, nature: Nature, old: Series) -> None:
    faster = {**nature["sse"], "p50": 200e-6, "cpu": 7e-6}

    text, code = verdict_report(old, make_series({"sse": faster}, seed=3))

    assert code is Exit.MEASURED
    assert "faster" in text
    assert "costs less" in text
    assert "1 faster, 1 costs less, 1 unchanged, 2 not compared." in text
    assert "Not compared: floor, websocket: only in old." in text


def test_invalid_runs_are_named_and_left_out(old: Series) -> None:
    spoiled = changed(
        old,
        lambda run: (
            replace(run, doubts=(LAG,))
            if run.block_index < {"sse": 4, "websocket": 1}.get(run.pattern, 0)
            else run
        ),
    )

    text, code = verdict_report(old, spoiled)

    assert "not compared: 4 of 8 new runs invalid (receiver lag)" in words(text)
    assert "websocket: 1 of 8 new runs invalid, left out." in text
    assert "6 unchanged, 1 not compared." in text
    assert "[≥ 99 %]" in text
    assert code is Exit.MEASURED


def test_too_few_runs_give_figures_and_no_verdict(make_series: Make, nature: Nature) -> None:
    text, code = verdict_report(make_series(nature, runs=5), make_series(nature, runs=5, seed=2))

    assert code is Exit.NOT_MEASURED
    assert text.count("no verdict possible") == 15
    assert "No verdict possible: 5 v 5 runs are too few for 15 comparisons; measure with" in text
    assert "15 not compared." in text


def test_nothing_to_compare(make_series: Make, old: Series) -> None:
    three = verdict_report(make_series({"sse": {}}, runs=3), old)
    heavier = verdict_report(old, make_series({"sse": {}}, workload=Workload(payload=512)))
    empty = replace(old, results=())

    assert three[1] is heavier[1] is Exit.NOT_MEASURED
    assert "only 3 old runs, a verdict needs 5; measure with --runs 8" in words(three[0])
    assert "sse: another workload: payload 256 → 512." in words(heavier[0])
    assert "same machine\n" in heavier[0]
    assert verdict_report(empty, empty) == (
        "same versions · 8 v 8 runs · same machine\nNothing to compare.",
        Exit.NOT_MEASURED,
    )


def test_losses_have_a_row_only_where_there_are_some(make_series: Make) -> None:
    old = make_series({"sse": {}, "websocket": {}})
    new = changed(
        old,
        lambda run: (
            replace(run, audit=replace(run.audit, lost=40 + run.block_index))
            if run.pattern == "sse"
            else run
        ),
    )

    text, code = verdict_report(old, new)

    assert "sse lost 0 348 +44 [+40, +47] a run – loses more" in words(text)
    assert "Nothing was lost by websocket, old or new." in text
    assert code is Exit.ANSWER_IS_NO


def test_infinite_and_saturated(old: Series) -> None:
    worse = changed(
        old,
        lambda run: (
            replace(run, saturated=True, delivery=replace(run.delivery, p99=None))
            if run.pattern == "sse"
            else run
        ),
    )

    text, _ = verdict_report(old, worse)

    assert "∞ ∞ [∞, ∞] – slower; new is saturated" in words(text)


def test_a_floor_that_moved_is_pointed_at(make_series: Make, nature: Nature, old: Series) -> None:
    text, _ = verdict_report(old, make_series({"floor": {**nature["floor"], "p50": 2e-4}}, seed=2))

    assert "The floor itself changed (floor p50): look at machine, kernel and Python" in text


def test_different_machines_stand_side_by_side(old: Series, machine: Machine) -> None:
    other = replace(machine, cpu="Another CPU", cores=(0, 1, 2, 3), virtualisation="")

    text, code = verdict_report(old, on(old, other))

    assert code is Exit.NOT_MEASURED
    lines = text.split("\n")
    assert lines[:2] == [
        "old on Example CPU, 2 cores · KVM · kernel 6.8.0 · CPython 3.11.7",
        "new on Another CPU, 4 cores · kernel 6.8.0 · CPython 3.11.7",
    ]
    assert lines[2].split() == ["old", "old", "new", "new"]
    assert words(lines[5]).startswith("sse 410 µs ±3 % 3.73 410 µs")
    assert "Different machines: no verdict." in text


def test_workloads_have_tables_of_their_own(make_series: Make) -> None:
    one = make_series({"sse": {}})
    two = make_series({"sse": {}}, workload=Workload(rate=2000.0))
    both = replace(one, results=one.results + two.results)

    text, _ = verdict_report(both, both)

    assert "broadcast 1,000 msg/s → 1 subscriber\n" in text
    assert "broadcast 2,000 msg/s → 1 subscriber\n" in text


def test_no_line_is_wider_than_100_columns(make_series: Make, nature: Nature) -> None:
    rows = {"websocket@websockets-broadcast": {}, "long_polling@aiohttp": {"doubts": (LAG,)}}

    text, _ = verdict_report(
        make_series({**nature, **rows}), make_series({**rows, "sse": {}}, seed=2)
    )

    assert max(map(len, text.split("\n"))) <= 100
