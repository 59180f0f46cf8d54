"""redis-benchmark's figure, where it is installed; its words read in any case."""

from collections.abc import Callable
from typing import NoReturn

import pytest

from harness.errors import NotMeasured
from harness.pattern import RedisSpec
from harness.process.redis_benchmark import (
    find_redis_benchmark,
    redis_benchmark,
    requests_per_second,
)
from harness.process.servers import started
from harness.workload import Workload

SAID = (
    '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms"\n'
    '"GET key:__rand_int__","98039.22","0.310","0.080","0.303"'
)


def test_its_csv_is_read() -> None:
    assert requests_per_second(SAID) == 98039.22


@pytest.mark.parametrize("text", ["", "Could not connect to Redis", '"test","rps"'])
def test_what_is_no_figure_is_refused(text: str) -> None:
    with pytest.raises(NotMeasured, match="it answered"):
        requests_per_second(text)


def test_it_measures_a_server_of_ours(missing: Callable[[str], NoReturn]) -> None:
    program = find_redis_benchmark() or missing("redis-benchmark is not installed")
    with started((RedisSpec(),), Workload()) as running:
        rate = redis_benchmark(
            program,
            running.endpoints["redis"],
            ("SET", "key:__rand_int__", "value"),
            requests=2000,
            connections=2,
            pipeline=4,
            keys=10,
            core=None,
        )
    assert rate > 0


def test_a_value_too_long_for_a_command_line_is_refused() -> None:
    with pytest.raises(NotMeasured, match=r"a value of 131,072 bytes .* 131,071 or less"):
        redis_benchmark(
            "/bin/false",
            "redis://127.0.0.1:1",
            ("SET", "key", "x" * (128 << 10)),
            requests=1,
            connections=1,
            pipeline=1,
            keys=1,
            core=None,
        )
