"""Whom a user asks for when, and how the judge's programs are started."""

from __future__ import annotations

import pytest

from harness.pattern import RedisSpec, ServerSpec
from harness.patterns.judge_service import Owed, judge_servers, noted_one_in
from harness.queueing import Persistence
from harness.workload import Exchange, Workload


def test_a_user_begins_to_ask_with_the_first_verdict_owed() -> None:
    asked: list[int] = []
    delivered: list[bytes] = []
    owed = Owed(delivered.append, lambda: asked.append(1))
    owed.accepted()
    owed.accepted()
    assert (owed.count, len(asked)) == (2, 1)
    owed.deliver(b"one")
    owed.deliver(b"two")
    assert (owed.count, delivered) == (0, [b"one", b"two"])
    owed.accepted()
    assert (owed.count, len(asked)) == (1, 2)


def test_a_verdict_may_be_quicker_than_the_answer_to_its_submission() -> None:
    asked: list[int] = []
    owed = Owed(lambda _verdict: None, lambda: asked.append(1))
    owed.deliver(b"early")
    owed.accepted()
    assert (owed.count, asked) == (0, [])


def test_servers_are_told_what_the_workload_asks() -> None:
    asked = Workload(
        exchange=Exchange.JOURNEY,
        service_time=0.2,
        workers=32,
        workers_gone=2,
        duration=10,
        trace=True,
    )
    redis, api, workers = judge_servers(asked)
    assert isinstance(redis, RedisSpec)
    assert isinstance(api, ServerSpec)
    assert isinstance(workers, ServerSpec)
    assert api.needs_redis
    assert workers.needs_redis
    assert " ".join(workers.argv[3:]) == "--service-time 0.2 --workers 32 --gone 2 --trace 2"
    assert (api.absent_s, workers.absent_s, workers.roles) == (0, 2, ())
    assert "--trace" not in judge_servers(Workload(exchange=Exchange.JOURNEY))[1].argv  # type: ignore[union-attr]


@pytest.mark.parametrize(("rate", "one_in"), [(1, 2), (1000, 2), (1001, 3), (5000, 10), (None, 2)])
def test_at_most_every_second_submission_is_noted(rate: float | None, one_in: int) -> None:
    concurrency = None if rate else 8
    asked = Workload(exchange=Exchange.JOURNEY, rate=rate, concurrency=concurrency)
    assert noted_one_in(asked) == one_in


def test_the_queue_is_written_down_where_that_is_asked() -> None:
    asked = Workload(exchange=Exchange.JOURNEY, persistence=Persistence.AOF_ALWAYS)
    redis, *_ = judge_servers(asked)
    assert isinstance(redis, RedisSpec)
    assert ("appendfsync", "always") in redis.config
    assert redis.keys == ("abec:jobs:{run}", "abec:verdicts:{run}")
