from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import NotMeasured
from harness.measure.ledger import Ledger
from harness.measure.resources import (
    CoreTime,
    HostSnapshot,
    NetworkCounters,
    ProcessTime,
    ServerSnapshot,
)
from harness.measure.use import generator_use, host_use, server_use, wire_use
from harness.recording import LoadProcess, Traffic
from harness.workload import Workload

S = 1_000_000_000
MS = 1_000_000
QUIET = NetworkCounters(
    listen_overflows=3, retransmitted_segments=10, unneeded_retransmissions=4, timeouts=2
)


def host(
    at_s: float,
    busy: Mapping[int, float],
    processes: Mapping[int, tuple[float, int]],
    *,
    steal: Mapping[int, float] | None = None,
    network: NetworkCounters = QUIET,
) -> HostSnapshot:
    """Processes: CPU seconds and core by pid."""
    return HostSnapshot(
        at_ns=round(at_s * S),
        cores={
            core: CoreTime(busy=seconds, steal=(steal or {}).get(core, 0.0))
            for core, seconds in busy.items()
        },
        processes={
            pid: ProcessTime(cpu_ns=round(seconds * S), core=core)
            for pid, (seconds, core) in processes.items()
        },
        network=network,
    )


def load(core: int | None, at_ms: list[float], cpu_ms: list[float], pid: int = 1) -> LoadProcess:
    return LoadProcess(
        role="receive",
        pid=pid,
        core=core,
        at_ns=np.array(at_ms, dtype=np.int64) * MS,
        cpu_ns=np.array(cpu_ms, dtype=np.int64) * MS,
        peak_rss_bytes=100,
    )


# servers and traffic


def test_server_use_is_a_difference(make_ledger: Callable[..., Ledger]) -> None:
    ledger = make_ledger(
        Workload(subscribers=2),
        [(0, 0, 500, 500, 500), (0, 1, 1500, 1500, 1500), (0, 2, 3500, 3500, 3500)],
        [
            (0, 0, 0, 1100, 0),
            (0, 0, 1, 1600, 0),
            (1, 0, 0, 600, 0),
            (1, 0, 1, 1601, 0),
            (1, 0, 1, 1602, 0),
        ],
    )
    found = server_use(
        ServerSnapshot(at_ns=0, cpu_ns={7: 0, 8: 0}, pss=100, kernel=1000),
        ServerSnapshot(at_ns=1 * S, cpu_ns={7: 1 * S, 8: 2 * S}, switches={7: 10, 8: 5, 81: 90}),
        ServerSnapshot(
            at_ns=3 * S,
            cpu_ns={7: 1 * S + 300 * MS, 8: 2 * S},
            switches={7: 14, 8: 5, 82: 2},
            pss=150,
            kernel=1600,
        ),
        ledger,
    )
    assert found.cpu == pytest.approx(0.3)
    assert found.cores == pytest.approx(0.15)
    assert found.cpu_per_message == pytest.approx(0.3)
    assert found.cpu_per_delivery == pytest.approx(0.1)
    # Thread 81 ended, and takes its 90 with it; 82 began.
    assert found.switches == 4 + 0 + 2
    assert found.switches_per_delivery == pytest.approx(2)
    assert (found.pss_before, found.pss) == (100, 150)
    assert (found.kernel_before, found.kernel) == (1000, 1600)


def test_cost_of_no_message_is_unknown(make_ledger: Callable[..., Ledger]) -> None:
    moments = [ServerSnapshot(at_ns=at, cpu_ns={7: at}) for at in (0, 0, S)]
    found = server_use(*moments, make_ledger(Workload(), []))
    assert found.cores == 1
    assert found.cpu_per_message is None
    assert found.cpu_per_delivery is None
    assert found.switches_per_delivery is None


def test_a_server_of_somebody_elses_was_not_measured(make_ledger: Callable[..., Ledger]) -> None:
    ledger = make_ledger(Workload(), [(0, 0, 500, 500, 500)], [(0, 0, 0, 600, 0)])
    moments = [ServerSnapshot(at_ns=at, cpu_ns={}) for at in (0, 0, S)]
    found = server_use(*moments, ledger)
    assert (found.cpu_per_delivery, found.switches_per_delivery) == (None, None)
    assert found.switches is None


def test_traffic_is_given_per_message() -> None:
    traffic = Traffic(bytes_in=1000, bytes_out=10, segments_in=4, segments_out=2)
    found = wire_use(traffic, 3, 4, 8)
    assert (found.bytes_in, found.bytes_out) == (250, 2.5)
    assert (found.segments_in, found.segments_out) == (1, 0.5)
    assert found.bytes_per_delivery == 1010 / 8
    assert found.connections == 3
    nothing = wire_use(traffic, 3, 0, 0)
    assert (nothing.bytes_in, nothing.bytes_per_delivery) == (0, None)
    # Through a socket file the kernel counts for no connection.
    assert wire_use(Traffic(), 0, 4, 8).bytes_per_delivery is None


# generator


def test_a_steady_generator() -> None:
    found = generator_use([load(1, [0, 100, 200, 300], [50, 80, 110, 140])], 0, 300 * MS)
    assert found.cpu_mean == pytest.approx(0.3)
    assert found.cpu_peak == pytest.approx(0.3)
    assert found.peak_rss == 100


def test_the_peak_is_the_busiest_100_ms() -> None:
    found = generator_use([load(1, [0, 100, 200, 300], [0, 10, 100, 110])], 0, 300 * MS)
    assert found.cpu_mean == pytest.approx(110 / 300)
    assert found.cpu_peak == pytest.approx(0.9)


def test_the_peak_lies_wherever_the_readings_do() -> None:
    found = generator_use([load(1, [0, 37, 137, 300], [0, 0, 95, 95])], 0, 300 * MS)
    assert found.cpu_peak == pytest.approx(0.95)


def test_a_short_burst_between_two_late_readings_is_no_peak() -> None:
    found = generator_use([load(1, [0, 100, 180, 200, 300], [0, 0, 0, 20, 20])], 0, 300 * MS)
    assert found.cpu_peak == pytest.approx(0.2)


def test_processes_on_one_core_add_up() -> None:
    processes = [
        load(1, [0, 100, 200], [0, 40, 80]),
        load(1, [50, 150, 250], [5, 15, 65], pid=2),
        load(2, [0, 100, 200], [0, 45, 90], pid=3),
    ]
    found = generator_use(processes, 0, 250 * MS)
    assert found.cpu_peak == pytest.approx((40 + 5 + 25) / 100)
    assert found.cpu_mean == pytest.approx((60 + 10 + 25) / 150)
    assert found.peak_rss == 300


def test_processes_without_a_core_stand_for_themselves() -> None:
    processes = [load(None, [0, 100], [0, 40]), load(None, [0, 100], [0, 50], pid=2)]
    assert generator_use(processes, 0, 100 * MS).cpu_peak == pytest.approx(0.5)


def test_only_the_window_counts() -> None:
    found = generator_use([load(1, [0, 100, 200, 300], [0, 90, 100, 110])], 100 * MS, 300 * MS)
    assert found.cpu_mean == found.cpu_peak == pytest.approx(0.1)


def test_a_window_below_100_ms_has_its_mean_as_peak() -> None:
    found = generator_use([load(1, [0, 20, 60], [0, 20, 24])], 0, 60 * MS)
    assert found.cpu_mean == found.cpu_peak == pytest.approx(0.4)


@given(st.lists(st.tuples(st.integers(20, 200), st.integers(0, 100)), min_size=2, max_size=20))
def test_no_100_ms_are_busier_than_the_peak(steps: list[tuple[int, int]]) -> None:
    at_ms = np.cumsum([0, *(gap for gap, _ in steps)])
    cpu_ms = np.cumsum([0.0, *(gap * share // 100 for gap, share in steps)])
    end = int(at_ms[-1])
    found = generator_use([load(1, at_ms.tolist(), cpu_ms.tolist())], 0, end * MS)
    starts = np.arange(0, max(end - 100, 0) + 1)
    width = min(100, end)
    used = np.interp(starts + width, at_ms, cpu_ms) - np.interp(starts, at_ms, cpu_ms)
    assert found.cpu_peak == pytest.approx(used.max() / width, abs=1e-9)
    assert found.cpu_mean <= found.cpu_peak * (1 + 1e-9) or end % 100


@pytest.mark.parametrize(
    ("processes", "problem"),
    [
        ([], "no load process"),
        ([load(1, [0], [0])], "less than twice"),
        ([load(1, [0, 10], [0, 1])], "outside the window"),
    ],
)
def test_unknown_use_is_no_use(processes: list[LoadProcess], problem: str) -> None:
    with pytest.raises(NotMeasured, match=problem):
        generator_use(processes, 100 * MS, 200 * MS)


# host


def test_a_quiet_host() -> None:
    before = host(0, {0: 10, 1: 10}, {7: (1, 0), 8: (1, 1)})
    after = host(5, {0: 12.5, 1: 11}, {7: (3.5, 0), 8: (2, 1)})
    found = host_use(before, after, {7: 0, 8: 1})
    assert (found.steal, found.foreign) == (0, 0)
    counted = (found.listen_overflows, found.retransmitted_segments, found.tcp_timeouts)
    assert counted == (0, 0, 0)


def test_visible_programs_count_on_used_cores_only() -> None:
    ours = {7: (1.0, 0)}
    before = host(0, {0: 10, 1: 10, 2: 10}, ours | {20: (5, 0), 21: (5, 2)})
    after = host(5, {0: 10, 1: 10, 2: 14}, ours | {20: (5.3, 0), 21: (9, 2), 22: (0.1, 0)})
    assert host_use(before, after, {7: 0}).foreign == pytest.approx(0.4 / 5)


def test_a_restarted_process_id_is_not_negative() -> None:
    before = host(0, {0: 10}, {7: (1, 0), 20: (50, 0)})
    after = host(5, {0: 10}, {7: (1, 0), 20: (0.5, 0)})
    assert host_use(before, after, {7: 0}).foreign == 0


@pytest.mark.parametrize(("busy", "low", "high"), [(1.25, 0, 0), (1.5, 0, 0), (2.5, 0.15, 0.25)])
def test_invisible_programs_count_beyond_the_sampling_error(
    busy: float, low: float, high: float
) -> None:
    """Ours run 1.25 of 5 s: sampled 100 times a second, a share of 0.3 is good to 6 points."""
    before = host(0, {0: 10}, {7: (1, 0)})
    after = host(5, {0: 10 + busy}, {7: (2.25, 0)})
    assert low <= host_use(before, after, {7: 0}).foreign <= high


def test_samples_below_our_own_clocks_are_no_credit() -> None:
    before = host(0, {0: 10}, {7: (1, 0), 20: (0, 0)})
    after = host(5, {0: 11}, {7: (3, 0), 20: (0.5, 0)})
    assert host_use(before, after, {7: 0}).foreign == pytest.approx(0.1)


def test_unpinned_processes_make_all_cores_one() -> None:
    before = host(0, {0: 10, 1: 10}, {7: (1, 0), 8: (1, 1), 20: (0, 0), 21: (0, 1)})
    after = host(5, {0: 11, 1: 11}, {7: (2, 0), 8: (2, 1), 20: (0.2, 0), 21: (0.3, 1)})
    assert host_use(before, after, {7: 0, 8: None}).foreign == pytest.approx(0.1)


def test_steal_is_a_share_of_the_used_cores() -> None:
    before = host(0, {0: 10, 1: 10, 2: 0}, {7: (1, 0), 8: (1, 1)}, steal={0: 1, 1: 1, 2: 1})
    after = host(5, {0: 10, 1: 10, 2: 0}, {7: (1, 0), 8: (1, 1)}, steal={0: 1.2, 1: 1, 2: 5})
    assert host_use(before, after, {7: 0, 8: 1}).steal == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("moved", "expected"),
    [
        ({"listen_overflows": 5}, (2, 0, 0)),
        ({"retransmitted_segments": 12}, (0, 2, 0)),
        ({"retransmitted_segments": 12, "unneeded_retransmissions": 6}, (0, 0, 0)),
        ({"unneeded_retransmissions": 6}, (0, 0, 0)),
        ({"timeouts": 3}, (0, 0, 1)),
    ],
)
def test_network_events(moved: dict[str, int], expected: tuple[int, int, int]) -> None:
    counters: dict[str, Any] = {name: getattr(QUIET, name) for name in NetworkCounters.__slots__}
    before = host(0, {0: 10}, {7: (1, 0)})
    after = host(5, {0: 10}, {7: (1, 0)}, network=NetworkCounters(**counters | moved))
    found = host_use(before, after, {7: 0})
    events = (found.listen_overflows, found.retransmitted_segments, found.tcp_timeouts)
    assert events == expected


def test_a_process_of_ours_that_began_meanwhile_is_no_foreign_one() -> None:
    before = host(0, {0: 10}, {7: (1, 0)})
    after = host(5, {0: 13}, {7: (1.5, 0), 8: (2.5, 0)})
    assert host_use(before, after, {7: 0, 8: 0}).foreign == 0
    assert host_use(before, after, {7: 0}).foreign == pytest.approx(0.5)


def test_a_process_that_ended_makes_the_host_unknown() -> None:
    before = host(0, {0: 10}, {7: (1, 0)})
    with pytest.raises(NotMeasured, match="process 7 did not live"):
        host_use(before, host(5, {0: 10}, {}), {7: 0})
