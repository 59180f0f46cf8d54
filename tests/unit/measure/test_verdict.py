"""Old against new: matched by pattern and workload, judged together, or told why not."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from harness.machine import Machine
from harness.measure.contrast import Outcome
from harness.measure.verdict import Verdicts, differing, verdicts
from harness.result import Series
from harness.workload import Workload

Make = Callable[..., Any]
Nature = Mapping[str, Any]


def outcomes(found: Verdicts) -> dict[str, Outcome]:
    return {
        f"{v.pattern} {v.finding.contrast.metric.name}": v.finding.outcome for v in found.verdicts
    }


def moved(series: Series, machine: Machine) -> Series:
    runs = (replace(r, context=replace(r.context, machine=machine)) for r in series.results)
    return replace(series, results=tuple(runs))


def test_each_metric_of_each_match_gets_a_verdict(make_series: Make, nature: Nature) -> None:
    old = make_series(nature, seed=1)
    new = make_series({**nature, "sse": {**nature["sse"], "p99": 2.6e-3, "cpu": 11e-6}}, seed=2)

    found = outcomes(verdicts(old, new))

    assert len(found) == 5 * 4
    assert {name: o for name, o in found.items() if o is not Outcome.UNDETECTED} == {
        "sse p99": Outcome.HIGHER,
        "sse server CPU": Outcome.LOWER,
    }


def test_nothing_changed_is_found_in_nothing_that_changed(
    make_series: Make, nature: Nature
) -> None:
    alarms = sum(
        verdicts(make_series(nature, seed=s), make_series(nature, seed=s + 100)).count(outcome)
        for s in range(12)
        for outcome in (Outcome.HIGHER, Outcome.LOWER)
    )

    assert alarms == 0


def test_losses_count(make_series: Make, make_result: Make) -> None:
    lossy = replace(make_result().audit, lost=7, delivered=4993)
    found = verdicts(make_series({"sse": {}}), make_series({"sse": {"audit": lossy}}))

    assert outcomes(found)["sse lost"] is Outcome.HIGHER


def test_the_tail_is_p90_where_p99_has_too_few_messages(make_series: Make, chat: Workload) -> None:
    series = make_series({"sse": {}}, workload=chat)

    assert list(outcomes(verdicts(series, series))) == [
        "sse p50",
        "sse p90",
        "sse server CPU",
        "sse lost",
    ]


def test_closed_loops_are_judged_by_time_per_message(make_series: Make) -> None:
    series = make_series({"sse": {}}, workload=Workload(rate=None, concurrency=8))

    assert list(outcomes(verdicts(series, series))) == [
        "sse time per message",
        "sse server CPU",
        "sse lost",
    ]


def test_what_has_no_like_is_told_once(make_series: Make) -> None:
    old = make_series({"sse": {}, "websocket": {}, "long_polling": {}})
    heavier = Workload(rate=2000.0, payload=512)
    new = make_series({"sse": {}, "rest_polling": {}})
    other = make_series({"websocket": {}}, workload=heavier)

    found = verdicts(old, replace(new, results=new.results + other.results))

    assert {(lone.pattern, lone.reason) for lone in found.unmatched} == {
        ("long_polling", "only in old"),
        ("rest_polling", "only in new"),
        ("websocket", "another workload: rate 1000 → 2000, payload 256 → 512"),
    }
    assert {v.pattern for v in found.verdicts} == {"sse"}


def test_saturation_on_both_sides_bars_latency_and_on_one_is_noted(make_series: Make) -> None:
    fine, full = make_series({"sse": {}}), make_series({"sse": {"saturated": True, "p50": 0.1}})

    both = {v.finding.contrast.metric.name: v for v in verdicts(full, full).verdicts}
    one = {v.finding.contrast.metric.name: v for v in verdicts(fine, full).verdicts}

    assert both["p50"].finding.reason.startswith("saturated in old and new")
    assert both["server CPU"].finding.outcome is Outcome.UNDETECTED
    assert one["p50"].finding.outcome is Outcome.HIGHER
    assert (one["p50"].note, one["server CPU"].note) == ("new is saturated", "")


def test_different_machines_get_no_verdict(make_series: Make, machine: Machine) -> None:
    old = make_series({"sse": {}, "floor": {}})

    other = verdicts(old, moved(old, replace(machine, cpu="Another CPU")))
    upgraded = verdicts(old, moved(old, replace(machine, python="CPython 3.13.1")))

    assert not other.same_machine
    assert other.verdicts == ()
    assert [old.pattern for old, _ in other.matched] == ["floor", "sse"]
    assert upgraded.same_machine
    assert len(upgraded.verdicts) == 8


def test_differing_names_fields_and_values() -> None:
    assert differing(Workload(), Workload()) == []
    assert differing(Workload(), Workload(rate=None, concurrency=8)) == [
        "rate 1000 → None",
        "concurrency None → 8",
    ]
