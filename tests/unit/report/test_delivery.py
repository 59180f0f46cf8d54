"""Latency and cost, one pair of tables for each stack of each block."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from harness.measure.compare import MemoryPerConnection
from harness.measure.configuration import configurations
from harness.report.delivery import blocks, delivery_tables
from harness.result import Doubt, Series, WireUse
from harness.workload import Exchange, Workload

Make = Callable[..., Any]
Nature = Mapping[str, Any]
DOUBT = Doubt(rule="machine", reason="steal", remedy="quieten it")


def tables(series: Series, **memory: MemoryPerConnection) -> dict[str, list[str]]:
    """Give the tables' lines by title."""
    split = (text.split("\n") for text in delivery_tables(configurations(series), memory))
    return {title: lines for title, *lines in split}


def names(lines: list[str]) -> list[str]:
    return [line[:2].strip() + line[2:].split()[0] for line in lines if line[2:3].strip()]


def test_blocks_and_stacks_stand_apart_each_over_its_floor(
    make_series: Make, nature: Nature
) -> None:
    more = {
        "sse@aiohttp": {"p50": 430e-6},
        "websocket@aiohttp": {"p50": 399e-6},
        "sse@sse-starlette": {"p50": 850e-6},
        "floor@no-loop": {"p50": 50e-6},
        "redis_pubsub": {"p50": 120e-6},
    }
    found = tables(make_series({**nature, **more}, noise=0.001))

    latencies = {title: names(lines) for title, lines in found.items() if "latency" in title}
    assert latencies == {
        "Edge delivery · default stack: latency": [
            "floor",
            "websocket",
            "sse",
            "long_polling",
            "rest_polling",
        ],
        "Edge delivery · @aiohttp: latency": ["floor", "websocket@aiohttp", "sse@aiohttp"],
        "Edge delivery · other stacks, each to be read beside its own pattern: latency": [
            "floor",
            "sse@sse-starlette",
        ],
        "Broker delivery: latency": ["floor@no-loop", "redis_pubsub"],
    }
    redis = found["Broker delivery: latency"][-1]
    assert redis.split()[-2:] == ["2.40", "0"]


def test_what_is_in_no_ranking_comes_last(make_series: Make) -> None:
    rows = {
        "floor": {},
        "sse": {"p50": 1e-4, "doubts": (DOUBT,)},
        "websocket": {"p50": 2e-4, "saturated": True},
        "long_polling": {"p50": None},
        "rest_polling": {"p50": 3e-3},
    }

    (latency, _cost) = tables(make_series(rows)).values()

    assert names(latency) == ["floor", "rest_polling", "long_polling", "~websocket", "!sse"]


def test_costs_have_all_their_columns(make_series: Make) -> None:
    memory = MemoryPerConnection(process=12.3 * 1024, kernel=8.1 * 1024)
    series = make_series({"floor": {}, "sse": {}}, noise=0.0)

    assert tables(series, sse=memory)["Edge delivery: cost"] == [
        "           server CPU         bytes/message  segments/message       memory per",
        "          per message  cores       in + out          in + out       connection",
        "  floor  12.0 µs ±0 %  0.012        262 + 4       1.02 + 0.90                –",
        "  sse    12.0 µs ±0 %  0.012        262 + 4       1.02 + 0.90  12.3 + 8.10 KiB",
    ]


def test_memory_of_a_server_that_cannot_be_seen_is_not_none(make_series: Make) -> None:
    memory = MemoryPerConnection(process=None, kernel=8.1 * 1024)

    (row,) = tables(make_series({"sse": {}}), sse=memory)["Edge delivery: cost"][2:]

    assert row.endswith("  – + 8.10 KiB")


def test_a_fan_out_adds_the_last_subscriber_and_the_cost_of_a_delivery(
    make_series: Make, chat: Workload
) -> None:
    latency, cost = tables(make_series({"sse": {}}, workload=chat, noise=0.0)).values()

    assert "to last p50" in latency[0]
    assert cost[1].split()[:4] == ["per", "message", "per", "delivery"]
    assert "188 ns ±0 %" in cost[2]


@pytest.mark.parametrize(
    ("exchange", "each", "counted"),
    [
        (Exchange.BROADCAST, "connection", False),
        (Exchange.GROUP, "member", True),
        (Exchange.JOURNEY, "user", True),
    ],
)
def test_memory_is_of_whoever_may_hold_two_connections(
    make_series: Make, exchange: Exchange, each: str, counted: bool
) -> None:
    asked = Workload(exchange=exchange, publishers=400, subscribers=400)
    wire = WireUse(
        bytes_in=1.0,
        bytes_out=1.0,
        segments_in=1.0,
        segments_out=1.0,
        bytes_per_delivery=2.0,
        connections=800,
    )
    series = make_series({"submit_job_sse": {"wire": wire}}, workload=asked, noise=0.0)
    memory = MemoryPerConnection(process=1024.0, kernel=1024.0)

    lines = tables(series, submit_job_sse=memory)["Edge delivery: cost"]

    assert lines[1].endswith(f" {each}")
    assert ("connections" in lines[1]) == counted
    assert ("800" in lines[2].split()) == counted


def test_floors_alone_are_a_block(make_series: Make) -> None:
    assert list(tables(make_series({"floor": {}}))) == [
        "Edge delivery: latency",
        "Edge delivery: cost",
    ]


@pytest.mark.parametrize("reverse", [False, True])
def test_the_edge_comes_before_the_broker(make_series: Make, reverse: bool) -> None:
    rows = configurations(make_series({"floor": {}, "redis_pubsub": {}}))

    found = [title for title, _ in blocks(rows[::-1] if reverse else rows)]

    assert found == ["Edge delivery", "Broker delivery"]
