"""What a workload says of its network; its other fields are tested where they are used."""

from __future__ import annotations

import pytest

from harness.queueing import Victim
from harness.workload import Exchange, Ingress, Workload

FAR = Workload(rtt=0.04)
CALLS = Workload(rtt=0.04, exchange=Exchange.REQUEST_REPLY, publishers=4)
GROUP = Workload(rtt=0.04, exchange=Exchange.GROUP, publishers=4, subscribers=4)


@pytest.mark.parametrize(
    ("workload", "seconds"),
    [
        (Workload(), 0.0),
        (FAR, 0.02),
        (Workload(rtt=0.04, ingress=Ingress.NATIVE), 0.04),
        (CALLS, 0.04),
        (GROUP, 0.04),
        (Workload(bandwidth=1e6), 0.000256),
        (Workload(bandwidth=1e6, deflate=True), 0.0),
    ],
)
def test_each_delivery_pays_half_a_round_trip_or_a_whole_one(
    workload: Workload, seconds: float
) -> None:
    assert workload.network_s == seconds


def test_a_relay_stands_where_a_distance_or_a_speed_is_asked_for() -> None:
    assert not Workload().networked
    assert FAR.networked
    assert Workload(bandwidth=1e6).networked


@pytest.mark.parametrize(
    "workload",
    [
        Workload(exchange=Exchange.JOURNEY, publishers=4, duration=10.0, workers_gone=5.0),
        Workload(duration=10.0, kill=Victim.REDIS, kill_after=7.0),
    ],
)
def test_what_fails_late_in_a_long_window_keeps_its_window_in_essence(workload: Workload) -> None:
    assert workload.essence.duration == 10.0
    assert Workload(duration=10.0).essence.duration == Workload().duration
