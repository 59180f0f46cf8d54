"""Rulings: what is an alarm, what stays open, and what the looks cost in false alarms."""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.measure.contrast import Outcome
from harness.regress.gate import BUILT_IN, Gate
from harness.regress.looks import FIRST_RUNS, MORE_RUNS
from harness.regress.ruling import Ruling, Runs, fit, rule, short_of_runs
from harness.regress.sides import Side
from harness.result import Doubt, Result

Make = Callable[..., Any]
LATE = Doubt(rule="pacer lateness", reason="late", remedy="")
DISTURBED = Doubt(rule="machine", reason="steal", remedy="")


def by_metric(rulings: tuple[Ruling, ...]) -> Mapping[str, Ruling]:
    return {ruling.watched.metric.name: ruling for ruling in rulings}


def lossy(run: Result, lost: int) -> Result:
    return replace(run, audit=replace(run.audit, lost=lost))


def test_a_change_is_an_alarm_and_nothing_else_is_blamed(gate: Gate, side: Make) -> None:
    rulings = rule(gate, {"prices": Runs(base=side(1), head=side(2, p50=1.2))}, 1)
    assert [ruling.name for ruling in rulings if ruling.alarm] == ["prices p50"]
    assert all(ruling.told and not ruling.open for ruling in rulings)
    assert rulings[0].look == 1


def test_an_improvement_is_decided_and_no_alarm(gate: Gate, side: Make) -> None:
    p50 = rule(gate, {"prices": Runs(base=side(1, p50=1.2), head=side(2))}, 1)[0]
    assert (p50.decided, p50.alarm, p50.open) == (True, False, False)
    assert p50.finding.outcome is Outcome.LOWER


def test_what_is_certain_and_too_small_to_matter_is_no_alarm(gate: Gate, side: Make) -> None:
    runs = Runs(base=side(1, noise=0.002), head=side(2, noise=0.002, p50=1.05))
    p50 = rule(gate, {"prices": runs}, 1)[0]
    assert p50.finding.outcome is Outcome.HIGHER
    assert (p50.decided, p50.alarm, p50.open) == (True, False, False)
    # A spread of about 0.2 %: half of it is the error of the shift, and 0.84 of that is added.
    assert p50.seen_from == pytest.approx(1.101, abs=0.0005)


def test_what_looks_worse_and_is_not_established_stays_open(gate: Gate, side: Make) -> None:
    runs = Runs(base=side(1, noise=0.3), head=side(3, noise=0.3, p50=1.3))
    p50 = rule(gate, {"prices": runs}, 1)[0]
    assert p50.finding.shift is not None
    assert p50.finding.shift.value is not None
    assert p50.finding.shift.value > 1.1
    assert (p50.told, p50.alarm, p50.open) == (True, False, True)
    assert p50.seen_from is not None
    assert p50.seen_from > 1.5


def test_what_was_established_stands_at_later_looks(gate: Gate, side: Make) -> None:
    first = rule(gate, {"prices": Runs(base=side(1), head=side(2, p50=1.2))}, 1)
    again = rule(gate, {"prices": Runs(base=side(1), head=side(2))}, 2, first)
    assert again[0] is first[0]


def test_what_was_told_of_a_cell_without_more_runs_stands(like: Mapping[str, Result]) -> None:
    """8 v 8 runs can tell of 20 comparisons with the first look's error, not with the second's."""
    draw = random.Random(2)
    runs = {
        name: Runs(base=drawn(draw, run, FIRST_RUNS, 1.0), head=drawn(draw, run, FIRST_RUNS, 1.0))
        for name, run in like.items()
    }
    first = rule(BUILT_IN, runs, 1)
    assert all(ruling.told for ruling in first)
    had = runs["sse"]
    more = Runs(
        base=had.base + drawn(draw, like["sse"], MORE_RUNS, 1.0),
        head=had.head + drawn(draw, like["sse"], MORE_RUNS, 1.0),
    )
    second = rule(BUILT_IN, {**runs, "sse": more}, 2, first)
    assert all(ruling.told for ruling in second)
    closed = [ruling for ruling in second if ruling.cell.name != "sse"]
    assert closed == [ruling for ruling in first if ruling.cell.name != "sse"]
    p50 = second[0]
    assert (p50.name, p50.look, len(p50.finding.contrast.first)) == ("sse p50", 2, 12)


def test_a_side_that_fails_at_a_later_look_is_told(gate: Gate, side: Make) -> None:
    first = rule(gate, {"prices": Runs(base=side(1), head=side(2))}, 1)
    died = Runs(base=side(1), head=side(2), refused={Side.HEAD: "server sse died"})
    assert not any(ruling.told for ruling in rule(gate, {"prices": died}, 2, first))


def test_any_established_loss_is_an_alarm(gate: Gate, side: Make) -> None:
    head = tuple(lossy(run, 3) for run in side(2))
    lost = by_metric(rule(gate, {"prices": Runs(base=side(1), head=head)}, 1))["lost"]
    assert lost.alarm
    assert lost.seen_from is None
    once = (lossy(head[0], 3), *side(2)[1:])
    lost = by_metric(rule(gate, {"prices": Runs(base=side(1), head=once)}, 1))["lost"]
    assert (lost.alarm, lost.open) == (False, True)


def test_a_loss_is_judged_by_rank_and_by_run(gate: Gate, side: Make) -> None:
    # One bad run of base weighs more than eight of head, and head is worse in all others.
    base = tuple(lossy(run, 1000 if i == 0 else 0) for i, run in enumerate(side(1, runs=16)))
    head = tuple(lossy(run, 1) for run in side(2, runs=16))
    lost = by_metric(rule(gate, {"prices": Runs(base=base, head=head)}, 1))["lost"]
    assert (lost.finding.outcome, lost.alarm) == (Outcome.HIGHER, True)
    # As many lost in more runs is no rise.
    base = tuple(lossy(run, int(i == 0)) for i, run in enumerate(side(1)))
    head = tuple(lossy(run, int(i == 0)) for i, run in enumerate(side(2, runs=9)))
    lost = by_metric(rule(gate, {"prices": Runs(base=base, head=head)}, 1))["lost"]
    assert (lost.told, lost.open) == (True, False)
    lost = by_metric(rule(gate, {"prices": Runs(base=head, head=base)}, 1))["lost"]
    assert (lost.told, lost.open) == (True, True)


def test_invalid_runs_take_no_part(gate: Gate, side: Make) -> None:
    late = tuple(replace(run, doubts=(LATE,)) for run in side(2, p50=1.5))
    runs = Runs(base=side(1), head=late)
    found = by_metric(rule(gate, {"prices": runs}, 1))
    assert not found["p50"].told
    assert "8 of 8 head runs invalid (pacer lateness)" in found["p50"].finding.reason
    assert not found["p50"].open
    assert not short_of_runs(gate.cells[0], runs)
    # What a message weighs does not depend on when it came.
    assert found["TCP payload per delivery"].told
    assert fit(late, found["lost"].watched) == late
    enough = Runs(base=side(1), head=(*late, *side(4)))
    assert not short_of_runs(gate.cells[0], enough)
    assert by_metric(rule(gate, {"prices": enough}, 1))["p50"].finding.outcome is (
        Outcome.UNDETECTED
    )


def test_no_option_is_advised_that_regress_lacks(gate: Gate, side: Make) -> None:
    few = tuple(replace(run, delivery=replace(run.delivery, messages=50)) for run in side(2))
    found = by_metric(rule(gate, {"prices": Runs(base=side(1), head=few)}, 1))
    assert found["p99"].finding.reason == "too few head messages for p99"


def test_seven_valid_runs_are_no_verdict(gate: Gate, side: Make) -> None:
    head = side(2, p50=1.5)
    runs = Runs(base=side(1), head=(replace(head[0], doubts=(DISTURBED,)), *head[1:]))
    rulings = rule(gate, {"prices": runs}, 1)
    assert not any(ruling.told for ruling in rulings)
    assert all(ruling.open for ruling in rulings)
    assert short_of_runs(gate.cells[0], runs)


def test_a_side_that_cannot_be_measured_is_told_with_its_reason(gate: Gate, side: Make) -> None:
    runs = Runs(base=side(1), refused={Side.HEAD: "server sse died"})
    for ruling in rule(gate, {"prices": runs}, 1):
        assert (ruling.told, ruling.open) == (False, False)
        assert ruling.finding.reason == "head: server sse died"
    assert not short_of_runs(gate.cells[0], runs)
    nothing = rule(gate, {"prices": Runs(head=side(1))}, 1)
    assert {ruling.finding.reason for ruling in nothing} == {"base was not measured"}


def drawn(draw: random.Random, like: Result, count: int, factor: float) -> tuple[Result, ...]:
    """Draw runs of one side, each metric apart, with spreads like those of a small VM."""

    def spread(value: float, sd: float) -> float:
        return value * draw.lognormvariate(0, sd)

    return tuple(
        replace(
            like,
            delivery=replace(
                like.delivery, p50=spread(4e-4 * factor, 0.06), p99=spread(2e-3, 0.25)
            ),
            server=replace(
                like.server,
                cpu_per_delivery=spread(12e-6, 0.05),
                pss=like.server.pss_before + round(spread(4e6, 0.03)),
            ),
            wire=replace(like.wire, bytes_per_delivery=spread(300.0, 0.001)),
            audit=replace(like.audit, lost=int(draw.random() < 0.1)),
        )
        for _ in range(count)
    )


def simulated(draw: random.Random, like: Mapping[str, Result], factor: float = 1.0) -> list[Ruling]:
    """Run the whole sequence of looks on drawn runs, up to five; give what was decided worse."""
    runs = {
        name: Runs(
            base=drawn(draw, run, FIRST_RUNS, 1.0), head=drawn(draw, run, FIRST_RUNS, factor)
        )
        for name, run in like.items()
    }
    rulings: tuple[Ruling, ...] = ()
    for look in range(1, 6):
        rulings = rule(BUILT_IN, runs, look, rulings)
        again = {ruling.cell.name for ruling in rulings if ruling.open}
        if not again:
            break
        for name in again:
            had = runs[name]
            runs[name] = Runs(
                base=had.base + drawn(draw, like[name], MORE_RUNS, 1.0),
                head=had.head + drawn(draw, like[name], MORE_RUNS, factor),
            )
            assert len(runs[name].base) <= FIRST_RUNS + MORE_RUNS * look
    return [ruling for ruling in rulings if ruling.decided]


@pytest.fixture
def like(make_result: Make) -> Mapping[str, Result]:
    return {cell.name: make_result(cell.pattern, workload=cell.workload) for cell in BUILT_IN.cells}


@pytest.mark.slow
def test_no_effect_gives_false_alarms_in_one_of_a_hundred_gates(
    like: Mapping[str, Result],
) -> None:
    """Counted are differences of any size in either direction, without the help of thresholds."""
    draw = random.Random(4)
    gates = 400
    wrong = sum(bool(simulated(draw, like)) for _ in range(gates))
    # 1 % of 400 and three standard deviations of a binomial.
    assert wrong <= 4 + 3 * 2


@pytest.mark.slow
def test_a_fifth_more_is_found_and_nothing_else_is_blamed(like: Mapping[str, Result]) -> None:
    draw = random.Random(5)
    gates = 40
    found = [[r.name for r in simulated(draw, like, 1.2) if r.alarm] for _ in range(gates)]
    wanted = sorted(f"{name} p50" for name in like)
    assert sum(sorted(names) == wanted for names in found) >= 0.9 * gates
