"""A network is met as it was promised, both ways, and each pattern pays for it what it must."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import psutil
import pytest

from harness.freeze import Freezer
from harness.machine import read_machine
from harness.observe import Live
from harness.registry import load
from harness.workload import Exchange, Ingress, Workload
from tests.truth.network import at, carried, run_pattern, trips
from tests.truth.seen import watch

pytestmark = pytest.mark.alone

RTT_S = 0.02
EARLY_S = 0.0001
"""What the relay takes back of a core's waking up, and no more."""
TOLERANCE_S = 0.002
"""A tenth of the round trip, for a machine that does other things meanwhile."""
PUSHED = Workload(rate=50, warmup=0.2, duration=1, rtt=RTT_S)
SPOKEN = replace(PUSHED, publishers=16, ingress=Ingress.NATIVE)
"""So many that none has to post again before its last POST was answered."""
JITTER_S = 0.008
BANDWIDTH = 2e5
LOAD_BYTES = 6_000
CALLED = Workload(
    exchange=Exchange.REQUEST_REPLY, publishers=16, rate=50, warmup=0.2, duration=1, rtt=RTT_S
)


@pytest.mark.slow
def test_each_way_takes_half_a_round_trip() -> None:
    found = trips(Workload(rtt=RTT_S), read_machine(), seconds=1)
    assert np.all(found.forth_ns >= (RTT_S / 2 - EARLY_S) * 1e9)
    assert np.all(found.back_ns >= (RTT_S / 2 - EARLY_S) * 1e9)
    assert at(found.around_ns, 0.5) == pytest.approx(RTT_S, abs=TOLERANCE_S)
    # By its own account the relay passed on every message, there and back.
    assert len(found.late_ns) >= 2 * len(found.forth_ns) * 0.9


@pytest.mark.slow
def test_jitter_makes_each_way_longer_or_shorter_evenly_up_to_its_bound() -> None:
    # On each connection 64 ms lie between messages, so that none waits for the one ahead.
    found = trips(Workload(rtt=RTT_S, jitter=JITTER_S), read_machine(), seconds=1)
    for way_ns in (found.forth_ns, found.back_ns):
        assert np.all(way_ns >= (RTT_S / 2 - JITTER_S - EARLY_S) * 1e9)
        for q in (0.05, 0.5, 0.95):
            even_s = RTT_S / 2 + (2 * q - 1) * JITTER_S
            assert at(way_ns, q) == pytest.approx(even_s, abs=TOLERANCE_S)


@pytest.mark.slow
def test_bandwidth_is_that_of_each_connection_and_all_of_it() -> None:
    asked = Workload(rtt=RTT_S, bandwidth=BANDWIDTH)
    way_ns = carried(asked, read_machine(), size=LOAD_BYTES, times=8)
    promised_s = LOAD_BYTES / BANDWIDTH + RTT_S / 2
    assert len(way_ns) == 2 * 8 * 4  # both ways, of four connections
    assert np.all(way_ns >= (promised_s - EARLY_S) * 1e9)
    assert at(way_ns, 0.5) == pytest.approx(promised_s, abs=TOLERANCE_S)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sse", "websocket"])
def test_what_a_native_publisher_says_takes_a_whole_one(name: str) -> None:
    near_ns = run_pattern(name, replace(SPOKEN, rtt=0.0), read_machine()).service_ns
    service_ns = run_pattern(name, SPOKEN, read_machine()).service_ns
    assert np.all(service_ns >= (RTT_S - 2 * EARLY_S) * 1e9)
    # A library that posts takes 1 to 2 ms itself, which is not the network's.
    added_s = at(service_ns, 0.5) - at(near_ns, 0.5)
    assert added_s == pytest.approx(RTT_S, abs=TOLERANCE_S)


@pytest.mark.slow
def test_so_does_what_a_member_of_a_group_says() -> None:
    asked = replace(PUSHED, exchange=Exchange.GROUP, publishers=8, subscribers=8)
    service_ns = run_pattern("websocket", asked, read_machine()).service_ns
    assert np.all(service_ns >= (RTT_S - 2 * EARLY_S) * 1e9)
    assert at(service_ns, 0.5) == pytest.approx(RTT_S, abs=TOLERANCE_S)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("interval_s", "waits_s"),
    [(2 * RTT_S, RTT_S), (RTT_S / 4, RTT_S / 2)],
    ids=["interval above a round trip", "and below"],
)
def test_a_poll_waits_half_an_interval_or_half_a_round_trip_if_that_is_longer(
    interval_s: float, waits_s: float
) -> None:
    asked = replace(PUSHED, rate=200, subscribers=8, poll_interval=interval_s)
    service_ns = run_pattern("rest_polling", asked, read_machine()).service_ns
    assert np.all(service_ns >= (RTT_S / 2 - EARLY_S) * 1e9)
    assert at(service_ns, 0.5) == pytest.approx(waits_s + RTT_S / 2, abs=2 * TOLERANCE_S)


@pytest.mark.slow
def test_what_is_pushed_takes_half_a_round_trip() -> None:
    service_ns = run_pattern("sse", PUSHED, read_machine()).service_ns
    assert np.all(service_ns >= (RTT_S / 2 - EARLY_S) * 1e9)
    assert at(service_ns, 0.5) == pytest.approx(RTT_S / 2, abs=TOLERANCE_S)


@pytest.mark.slow
def test_a_call_takes_a_whole_one() -> None:
    seen = run_pattern("rest", CALLED, read_machine())
    assert np.all(seen.service_ns >= (RTT_S - 2 * EARLY_S) * 1e9)
    assert at(seen.service_ns, 0.5) == pytest.approx(RTT_S, abs=TOLERANCE_S)
    assert seen.result.network is not None
    assert seen.result.network.chunks >= 2 * len(seen.service_ns)


@pytest.mark.slow
def test_a_long_poll_takes_between_half_a_round_trip_and_one_and_a_half() -> None:
    service_ns = run_pattern("long_polling", PUSHED, read_machine()).service_ns
    assert np.all(service_ns >= (RTT_S / 2 - EARLY_S) * 1e9)
    assert at(service_ns, 0.9) <= 1.5 * RTT_S + TOLERANCE_S
    assert at(service_ns, 0.9) > RTT_S, "no message had to wait for the next poll"


def relay(_live: Live) -> Sequence[int]:
    """The run's child that is neither a server nor a load process."""
    ours = psutil.Process().children()
    return [one.pid for one in ours if "harness.network.relay" in one.cmdline()]


@pytest.mark.slow
def test_a_relay_that_stands_still_makes_the_run_invalid() -> None:
    freezer = Freezer(relay, (0.5,), 0.3)
    seen = watch(load("sse"), PUSHED, read_machine(), freezer.on_start)
    assert len(freezer.stalls) == 1
    assert "relay" in {doubt.rule for doubt in seen.result.doubts}
