"""How long is waited for what is owed: known answers, in seconds after the window."""

from __future__ import annotations

from typing import Any

import pytest

from harness.load.patience import NS, least_s, patient_until_ns, quiet_s
from harness.workload import Exchange, Ingress, Workload

END_S = 11


def until_s(
    last_s: float, *, poll_interval_s: float = 0.0, answered_within_s: float = 0.0, **asked: Any
) -> float:
    """Give until when is waited if the last message came so long after the window's end."""
    workload = Workload(**{"poll_interval": 1.0, **asked})
    least = least_s(workload, answered_within_s=answered_within_s, longest_gap_s=0.0)
    quiet = quiet_s(workload, poll_interval_s=poll_interval_s, answered_within_s=answered_within_s)
    until_ns = patient_until_ns(
        workload,
        end_ns=END_S * NS,
        last_ns=round((END_S + last_s) * NS),
        least_s=least,
        quiet_s=quiet,
    )
    return until_ns / NS - END_S


@pytest.mark.parametrize(
    ("asked", "gap_s", "within_s", "expected"),
    [
        ({}, 0.0, 0.0, 5.0),
        ({"ingress": Ingress.NATIVE}, 0.0, 0.0, 10.0),
        ({"poll_interval": 4.0}, 0.0, 0.0, 12.0),
        ({}, 9.0, 0.0, 11.0),
        ({}, 9.0, 30.0, 32.0),
        ({"rtt": 0.5}, 0.0, 0.0, 6.5),
        ({"exchange": Exchange.JOURNEY, "service_time": 100.0}, 0.0, 0.0, 105.0),
    ],
)
def test_the_least_grows_with_what_a_message_may_take(
    asked: dict[str, Any], gap_s: float, within_s: float, expected: float
) -> None:
    assert least_s(Workload(**asked), answered_within_s=within_s, longest_gap_s=gap_s) == expected


JUDGE: dict[str, Any] = {"exchange": Exchange.JOURNEY, "service_time": 0.2}


@pytest.mark.parametrize(
    ("last_s", "expected"),
    [
        (-3.0, 5.2),  # what a worker that died held is not waited for any longer than before
        (4.0, 5.2),
        (16.5, 17.7),  # 1 s and the service time after the last verdict
        (59.9, 60.0),
        (60.0, 60.0),
    ],
)
def test_verdicts_are_waited_for_while_they_come_and_a_minute_at_most(
    last_s: float, expected: float
) -> None:
    assert until_s(last_s, workers=4, **JUDGE) == pytest.approx(expected)
    assert until_s(last_s, workers=4, workers_gone=2.0, **JUDGE) == pytest.approx(expected)


def test_a_verdict_may_wait_for_its_poll_or_be_given_up_before() -> None:
    assert until_s(16.5, poll_interval_s=1.0, **JUDGE) == pytest.approx(16.5 + 1 + 0.2 + 1)
    assert until_s(0.2, answered_within_s=30.0, **JUDGE) == pytest.approx(32.2)
    assert until_s(15.0, answered_within_s=30.0, **JUDGE) == pytest.approx(15 + 1 + 0.2 + 30)


def test_several_processes_may_each_be_without_a_verdict_for_long() -> None:
    one, two = (until_s(20.0, workers=1, load_processes=n, **JUDGE) for n in (1, 2))
    assert one == pytest.approx(20 + 1 + 0.2)
    assert two == pytest.approx(20 + 1 + 0.2 + 16 * 2 * 0.2)


def test_a_poll_interval_longer_than_a_minute_is_still_waited_for() -> None:
    assert until_s(0.0, poll_interval=40.0, **JUDGE) == pytest.approx(120.2)


def test_consumers_with_work_are_done_when_it_is_quiet() -> None:
    jobs: dict[str, Any] = {"exchange": Exchange.WORK_QUEUE, "work": 0.01}
    assert until_s(-3.0, **jobs) == pytest.approx(1.08)
    assert until_s(10.0, **jobs) == pytest.approx(11.08)
    assert until_s(80.0, **jobs) == 60.0


def test_what_nobody_works_on_is_not_put_off_by_what_comes() -> None:
    assert until_s(4.9) == 5.0
