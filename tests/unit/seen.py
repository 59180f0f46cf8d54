"""A made-up observation of one run, whole enough to be concluded from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from harness.measure.resources import (
    CoreTime,
    HostSnapshot,
    NetworkCounters,
    ProcessTime,
    ServerSnapshot,
)
from harness.observe import Observation, Stall
from harness.recording import Delivered, Ints, LoadProcess, Published, Recording, Traffic
from harness.workload import Workload

SECOND = 1_000_000_000
WORKLOAD = Workload(rate=1000, warmup=0, duration=1)
_SERVER, _LOAD = 101, 102


def observation(messages: int = 1000, lost: int = 0, **changes: Any) -> Observation:
    """One publisher to one subscriber over a second; ``changes`` replace fields."""
    draw = np.random.default_rng(11)
    due_ns = np.sort(draw.integers(0, SECOND, messages))
    released_ns = due_ns + draw.integers(20_000, 90_000, messages)
    sent_ns = released_ns + draw.integers(2_000, 9_000, messages)
    received_ns = np.maximum.accumulate(sent_ns + draw.integers(100_000, 400_000, messages))
    built = Observation(
        recording=Recording(
            published=Published(
                publisher=np.zeros(messages, dtype=np.int64),
                sequence=np.arange(messages),
                due_ns=due_ns,
                released_ns=released_ns,
                sent_ns=sent_ns,
            ),
            delivered=Delivered(
                receiver=np.zeros(messages - lost, dtype=np.int64),
                publisher=np.zeros(messages - lost, dtype=np.int64),
                sequence=np.arange(messages - lost),
                received_ns=received_ns[: messages - lost],
                lag_ns=draw.integers(500, 9_000, messages - lost),
            ),
            setup_ns=np.array([2_000_000]),
            notes={"evicted": lost} if lost else {},
            traffic=Traffic(bytes_in=262 * messages, bytes_out=9, segments_in=messages),
            processes=(
                LoadProcess(
                    role="both",
                    pid=_LOAD,
                    core=1,
                    at_ns=_readings(25_000_000),
                    cpu_ns=_readings(5_000_000),
                    peak_rss_bytes=60 << 20,
                ),
            ),
        ),
        window_ns=(0, SECOND),
        servers=(_server(0, 0), _server(SECOND, 40_000_000)),
        idle_servers=_server(-SECOND, 0),
        host=(_host(0, 0.0), _host(SECOND, 0.2)),
        pinned={_SERVER: 0, _LOAD: 1},
        redis_label="",
        redis_counters={},
        started_at="2026-07-14T10:00:00+00:00",
        stalls=(Stall(100_000_000, 150_000_000),),
    )
    return replace(built, **changes)


def _readings(step_ns: int) -> Ints:
    return np.arange(41, dtype=np.int64) * step_ns


def _server(at_ns: int, cpu_ns: int) -> ServerSnapshot:
    return ServerSnapshot(
        at_ns=at_ns,
        cpu_ns={_SERVER: cpu_ns},
        switches={_SERVER: cpu_ns // 50_000},
        pss=30 << 20,
        kernel=90 << 20,
    )


def _host(at_ns: int, busy: float) -> HostSnapshot:
    return HostSnapshot(
        at_ns=at_ns,
        cores={0: CoreTime(busy=busy / 5, steal=0.0), 1: CoreTime(busy=busy, steal=0.0)},
        processes={
            _SERVER: ProcessTime(cpu_ns=at_ns // 25, core=0),
            _LOAD: ProcessTime(cpu_ns=at_ns // 5, core=1),
        },
        network=NetworkCounters(
            listen_overflows=0, retransmitted_segments=4, unneeded_retransmissions=4, timeouts=0
        ),
    )
