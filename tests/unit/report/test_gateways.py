"""What is said of several gateways: their balance, a kill, and who came back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.measure.configuration import configurations
from harness.report.gateways import gateway_lines, set_up, shares
from harness.result import Failover, Gateways, Series
from harness.scaling import Backplane, Balancer
from harness.workload import Workload

SHARED = Gateways(
    subscribers=(10, 11),
    deliveries=(750, 250),
    cores={"gateway0": 0.2, "gateway1": 0.1, "balancer": 0.25, "redis": 0.01},
)
KILL = Failover(at=1.0, clients=11, back=11, slowest=0.6, gap=40, unreached=0, unexplained=0)


def lines(make_series: Callable[..., Series], gateways: Gateways | None) -> list[str]:
    series = make_series({"websocket_scaled": {"gateways": gateways}}, runs=1)
    (row,) = configurations(series)
    return gateway_lines("websocket_scaled", row)


def test_balance_and_shares(make_series: Callable[..., Series]) -> None:
    assert lines(make_series, SHARED) == [
        "websocket_scaled (3 gateways, pubsub, behind caddy): 10 and 11 subscribers, 75 and 25 % "
        "of the deliveries; cores used: balancer 0.25, gateways 0.30, redis 0.01."
    ]
    assert lines(make_series, None) == []


def test_the_nodes_of_a_cluster_are_one_redis() -> None:
    cluster = replace(
        SHARED, cores={"redis": 0.01, "redis1": 0.2, "redis2": 0.02, "gateway10": 1.0}
    )
    assert shares([cluster]) == {"redis": pytest.approx(0.23), "gateways": 1.0}


def test_shares_are_medians_over_runs() -> None:
    other = replace(SHARED, cores={"gateway0": 0.5, "gateway1": 0.2, "redis": 0.03})
    assert shares([SHARED, other]) == {
        "gateways": pytest.approx(0.5),
        "balancer": 0.25,
        "redis": pytest.approx(0.02),
    }


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {},
            "11 came back, the last after 600 ms; lost were 40 deliveries while they were away, 0",
        ),
        ({"back": 0, "slowest": None}, ": 0 came back; lost were"),
        ({"unexplained": 7}, "handed to nobody, 7 otherwise."),
    ],
)
def test_a_kill(make_series: Callable[..., Series], changes: dict[str, Any], told: str) -> None:
    killed = replace(SHARED, failover=replace(KILL, **changes))
    _, line = lines(make_series, killed)
    assert told in line


def test_what_is_left_out_is_said() -> None:
    bare = Workload(gateways=1, backplane=Backplane.NONE, balancer=Balancer.NONE)
    assert set_up(bare) == "1 gateway, no backplane, no balancer"
