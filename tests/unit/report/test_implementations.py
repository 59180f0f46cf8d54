"""What implementations of one pattern differ by."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from harness.measure.configuration import configurations
from harness.report.implementations import implementation_table
from harness.result import Doubt
from harness.workload import Workload

Make = Callable[..., Any]
DOUBT = Doubt(rule="machine", reason="steal", remedy="quieten it")


def lines(make_series: Make, rows: Mapping[str, Any], **more: Any) -> list[str]:
    return implementation_table(configurations(make_series(rows, **more))).split("\n")


def test_each_is_a_ratio_to_its_patterns_default(make_series: Make) -> None:
    rows = {
        "floor": {},
        "sse": {},
        "sse@aiohttp": {"p50": 5e-4},
        "sse@sse-starlette": {"p50": 1e-3, "p99": 5e-3, "cpu": 30e-6},
        "websocket": {},
        "redis_pubsub": {},
    }

    assert lines(make_series, rows, noise=0.0) == [
        "What the implementation costs",
        "                                   p50                p99       CPU/delivery",
        "  sse@aiohttp        1.25 [1.25, 1.25]  1.00 [1.00, 1.00]  1.00 [1.00, 1.00]",
        "  sse@sse-starlette  2.50 [2.50, 2.50]  2.50 [2.50, 2.50]  2.50 [2.50, 2.50]",
        "ratio to the pattern's default, each interval 99.3 % by itself; no verdict is drawn "
        "from it",
    ]


def test_without_a_default_the_first_stands_in_and_few_runs_have_no_interval(
    make_series: Make,
) -> None:
    found = lines(make_series, {"sse@a": {}, "sse@b": {}}, runs=3, noise=0.0)

    assert found[2] == "  sse@b over sse@a  1.00  1.00          1.00"


def test_invalid_ones_are_left_out_and_saturated_ones_hide_their_latency(
    make_series: Make,
) -> None:
    rows = {"sse": {}, "sse@a": {"doubts": (DOUBT,)}, "sse@b": {"saturated": True}}

    found = lines(make_series, rows)

    assert [line.split() for line in found if line.startswith("  sse")] == [
        ["sse@b", "–", "–", "–"]
    ]


def test_workloads_are_kept_apart(make_series: Make) -> None:
    one = make_series({"sse": {}})
    other = make_series({"sse@a": {}}, workload=Workload(rate=2000.0))

    both = replace(one, results=one.results + other.results)

    assert implementation_table(configurations(both)) == ""
