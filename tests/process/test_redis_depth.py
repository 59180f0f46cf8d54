"""How many messages wait is asked of a real Redis, and not of one that is gone."""

from __future__ import annotations

import redis

from harness.pattern import Endpoints, RedisSpec
from harness.process.redis_depth import DepthGauge
from harness.process.servers import started
from harness.workload import Workload


def test_lengths_are_added_up_until_redis_is_gone_and_again_when_it_is_back() -> None:
    with started((RedisSpec(),), Workload()) as running:
        url = running.endpoints["redis"].partition("?")[0]
        asked = [(b"LLEN", b"one"), (b"XLEN", b"two")]
        with redis.Redis.from_url(url) as admin, DepthGauge(running.endpoints, asked) as gauge:
            assert gauge.ask() == 0
            admin.rpush("one", 1, 2)
            admin.xadd("two", {"a": "b"})
            assert gauge.ask() == 3
            gauge.look()  # too soon
            assert [depth.waiting for depth in gauge.seen] == [0, 3]
            running.children[0].kill()
            assert gauge.ask() is None
            assert running.restart_redis is not None
            running.restart_redis()
            running.check()
            assert gauge.ask() == 0


def test_what_redis_refuses_is_no_length() -> None:
    with started((RedisSpec(),), Workload()) as running:
        with DepthGauge(running.endpoints, [(b"LLEN",)]) as gauge:
            assert gauge.ask() is None
        with DepthGauge(Endpoints(urls={}), []) as idle:
            assert idle.ask() is None
