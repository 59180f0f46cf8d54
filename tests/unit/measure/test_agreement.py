"""Figures against stamps and histograms: what is equal agrees, what was changed is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.measure.agreement import recomputed, unchecked, within_itself
from harness.registry import load
from harness.result import NetworkUse, Result
from harness.run import conclude
from tests.unit.conftest import MACHINE, REDIS_KILLED
from tests.unit.seen import WORKLOAD, observation


def result(**seen: Any) -> Result:
    return conclude(load("sse"), WORKLOAD, MACHINE, "core 0 server", observation(**seen))


def named(found: Any) -> list[str]:
    return [one.figure for one in found.differences]


def test_what_is_computed_twice_agrees() -> None:
    found = recomputed(result(), result())
    assert found.differences == ()
    assert found.figures > 300


def test_where_it_ran_is_no_figure() -> None:
    moved = replace(result(), block_index=3, context=replace(result().context, reruns=2))
    assert recomputed(moved, result()).differences == ()


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("delivery", {"p99": 1e-4}),
        ("delivery", {"p50": None}),
        ("service", {"count": 999}),
        ("audit", {"lost": 1}),
        ("server", {"cpu": 0.05}),
        ("host", {"foreign": 0.5}),
        ("wire", {"bytes_in": 1.0}),
        ("generator", {"peak_rss": 1}),
    ],
)
def test_a_changed_figure_is_named_with_both_values(part: str, changes: dict[str, Any]) -> None:
    true = result()
    changed = replace(true, **{part: replace(getattr(true, part), **changes)})

    (difference,) = recomputed(changed, true).differences

    (field, value) = next(iter(changes.items()))
    assert difference.figure == f"{part}.{field}"
    assert difference.stored == ("infinite" if value is None else str(value))
    assert difference.found == str(getattr(getattr(true, part), field))


def test_what_stands_in_one_only_is_named() -> None:
    true = result(lost=2)
    assert named(recomputed(replace(true, remarks=true.remarks[:1]), true)) == [
        f"remarks[{place}]" for place in range(1, len(true.remarks))
    ]
    audit = replace(true.audit, causes={"disconnected": 1})
    assert named(recomputed(replace(true, audit=audit), true)) == [
        "audit.causes[disconnected]",
        "audit.causes[evicted]",
    ]


def test_the_last_digit_of_another_processor_agrees() -> None:
    true = result()
    nearly = replace(true, offered_rate=true.offered_rate * (1 + 1e-12))
    assert recomputed(nearly, true).differences == ()


def test_a_file_of_before_the_timeline_agrees() -> None:
    assert recomputed(replace(result(), timeline=None), result()).differences == ()


def test_a_histogram_of_other_values_is_named() -> None:
    true = result()
    other = replace(true.delivery, histogram=true.service.histogram)
    broken = replace(true.delivery, histogram="AAAA")
    for one in (other, broken):
        assert named(recomputed(replace(true, delivery=one), true)) == ["delivery.histogram"]


@pytest.mark.parametrize("lost", [0, 30])
def test_a_result_fits_its_own_histograms(lost: int) -> None:
    found = within_itself(result(lost=lost))
    assert found.differences == ()
    assert found.figures == 7 * 7 + 2 + 3


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"p99": 1e-3}, ["delivery.p99"]),
        ({"p50": None}, ["delivery.p50"]),
        ({"maximum": 1.0}, ["delivery.maximum", "timeline.maximum"]),
        ({"count": 998}, ["delivery.count", "timeline.count"]),
        ({"mean": 1e-3}, ["delivery.mean"]),
        ({"mean": None}, ["delivery.mean"]),
        ({"messages": 2000}, ["offered_rate"]),
        ({"histogram": "AAAA"}, ["delivery.histogram"]),
        ({"histogram": ""}, ["delivery.histogram"]),
    ],
)
def test_without_stamps_a_changed_figure_does_not_fit(
    changes: dict[str, Any], names: list[str]
) -> None:
    true = result()
    changed = replace(true, delivery=replace(true.delivery, **changes))
    assert named(within_itself(changed)) == names


def test_a_histogram_of_our_own_times_may_be_left_out_and_is_named() -> None:
    whole = result()
    less = replace(whole, receiver_lag=replace(whole.receiver_lag, histogram=""))
    found = within_itself(less)
    assert found.differences == ()
    assert found.figures == within_itself(whole).figures - 7
    assert unchecked(less) == f"{unchecked(whole)}, receiver_lag"


def test_a_file_of_before_a_kill_told_when_agrees() -> None:
    before = replace(REDIS_KILLED, unsaved=None, survived=None)
    true = replace(result(), kill=REDIS_KILLED)
    assert recomputed(replace(true, kill=before), true).differences == ()
    changed = replace(REDIS_KILLED, survived=1)
    assert named(recomputed(replace(true, kill=changed), true)) == ["kill.survived"]


def test_a_file_of_before_a_relay_told_its_p90_agrees() -> None:
    use = NetworkUse(chunks=9, late_p50=1e-5, late_p90=2e-5, late_p99=1e-4, late_max=1e-3, cpu=0.1)
    true = replace(result(), network=use)
    before = replace(true, network=replace(use, late_p90=None))
    assert recomputed(before, true).differences == ()
    changed = replace(true, network=replace(use, late_p90=3e-5))
    assert named(recomputed(changed, true)) == ["network.late_p90"]


def test_a_change_within_a_bucket_is_not_seen_without_stamps() -> None:
    true = result()
    assert true.delivery.p99 is not None
    changed = replace(true, delivery=replace(true.delivery, p99=true.delivery.p99 + 1e-9))
    assert named(recomputed(changed, true)) == ["delivery.p99"]
    assert within_itself(changed).differences == ()


def test_losses_that_are_denied_do_not_fit() -> None:
    true = result(lost=30)
    changed = replace(true, audit=replace(true.audit, lost=0), delivery=result().delivery)
    assert named(within_itself(changed)) == ["audit.owed", "timeline.count", "timeline.lost"]
