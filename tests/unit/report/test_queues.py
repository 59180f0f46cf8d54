"""Sentences about a queue, and about what a kill did."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.measure.configuration import configurations
from harness.queueing import Victim
from harness.report.queues import depth_line, kill_line, sparkline
from harness.result import Doubt, Kill, QueueDepth
from harness.workload import Exchange, Workload

JOBS = Workload(exchange=Exchange.WORK_QUEUE)
KILL = Kill(
    victim=Victim.CONSUMER,
    at=1.0,
    back=0.03,
    held=1,
    accepted=None,
    waiting=None,
    lost=1,
    repeated=0,
    latest=0.25,
)
GROWING = QueueDepth(
    at=tuple(number / 10 for number in range(-2, 6)),
    waiting=(0, 10, 20, 30, 40, 50, 60, 70),
    writing=(False, False, True, True, False, False, False, False),
    left=0,
)


def row(make_series: Any, **changes: Any) -> Any:
    series = make_series({"redis_queue": {"workload": JOBS, **changes}}, runs=2)
    return configurations(series)[0]


def test_the_queue_is_drawn_by_its_deepest() -> None:
    assert sparkline(GROWING) == "▁▂▃▄▅▆▇█"
    assert sparkline(replace(GROWING, waiting=(0,) * 8)) == "▁" * 8


def test_a_queue_that_grew_is_told(make_series: Any) -> None:
    assert depth_line("redis_queue", row(make_series, depth=GROWING)) == (
        "redis_queue: up to 70 messages in Redis ▁▂▃▄▅▆▇█ over 700 ms, 0 left at the end; "
        "it wrote a snapshot or its log anew in 25 % of that."
    )


@pytest.mark.parametrize("depth", [None, replace(GROWING, waiting=(1,) * 8)])
def test_a_queue_that_did_not_grow_is_no_remark(make_series: Any, depth: QueueDepth | None) -> None:
    assert depth_line("redis_queue", row(make_series, depth=depth)) == ""


def test_a_killed_consumer_is_told_over_all_runs(make_series: Any) -> None:
    assert kill_line("redis_queue", row(make_series, kill=KILL)) == (
        "redis_queue: a consumer was killed at work in each of 2 runs, 2 messages in its hands: "
        "2 lost, 0 repeated; its successor delivered after 30.0 ms, "
        "the latest came 250 ms after it was due."
    )


def test_a_killed_redis_is_told(make_series: Any) -> None:
    kill = replace(KILL, victim=Victim.REDIS, accepted=90, waiting=40, lost=40, latest=None)
    assert kill_line("redis_queue", row(make_series, kill=kill)).startswith(
        "redis_queue: Redis was killed in each of 2 runs, 80 confirmed messages waiting in it: "
        "80 lost, 0 repeated; it answered again after 30.0 ms, none came"
    )


def test_without_a_kill_nothing_is_told(make_series: Any) -> None:
    assert kill_line("redis_queue", row(make_series)) == ""


def test_counts_hold_where_times_are_doubted(make_series: Any) -> None:
    doubt = Doubt(rule="pacer lateness", reason="late", remedy="try --rate 500")
    told = kill_line("redis_queue", row(make_series, kill=KILL, doubts=(doubt,)))
    assert told.endswith(". These counts hold: what makes the run invalid is about times.")
