"""Results as a run would give them, built from a few figures: for tests of what reads results."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.machine import Machine
from harness.queueing import Victim
from harness.result import (
    Audit,
    Context,
    GeneratorUse,
    HostUse,
    Kill,
    Latency,
    Result,
    Series,
    ServerUse,
    WireUse,
)
from harness.workload import Exchange, Workload

MACHINE = Machine(
    cores=(0, 1),
    cpu="Example CPU",
    virtualisation="KVM",
    clock_source="tsc",
    kernel="6.8.0",
    python="CPython 3.11.7",
    memory=8 << 30,
    open_files=4096,
    open_files_hard=4096,
    governor="",
    port_range=(32768, 60999),
    libraries={"aiohttp": "3.14.0", "uvicorn": "0.54.0", "uvloop": "0.23.0"},
    commit="0123456789abcdef",
    dirty=False,
)
SERVICE_SHARE = 0.6
"""Service latency as a share of delivery latency, in all made-up results."""


def latency(p50: float | None, p99: float | None, messages: int, lost: int = 0) -> Latency:
    """Build a latency whose other quantiles follow from p50 and p99."""
    mean = None if lost else p50
    p90 = None if p50 is None or p99 is None else (p50 * p99) ** 0.5
    return Latency(
        count=messages - lost,
        lost=lost,
        messages=messages,
        mean=mean,
        p50=p50,
        p90=p90,
        p99=p99,
        p99_9=None if p99 is None else 2 * p99,
        maximum=None if p99 is None else 3 * p99,
        histogram="",
    )


def result(
    pattern: str = "sse",
    p50: float | None = 0.0004,
    p99: float | None = 0.002,
    cpu: float | None = 12e-6,
    workload: Workload | None = None,
    **changes: Any,
) -> Result:
    """Build one run; ``changes`` replace fields of the Result."""
    workload = workload or Workload()
    rate = workload.rate or 20_000.0
    messages = int(rate * workload.duration)
    fan_out = workload.deliveries_per_message
    delivery = latency(p50, p99, messages)
    service = latency(
        None if p50 is None else SERVICE_SHARE * p50,
        None if p99 is None else SERVICE_SHARE * p99,
        messages,
    )
    last = replace(delivery, p50=None if p50 is None else 1.3 * p50)
    own = latency(20e-6, 100e-6, messages)
    broker = pattern.startswith("redis") or pattern == "floor@no-loop"
    built = Result(
        pattern=pattern,
        block="broker" if broker else "edge",
        floor="floor@no-loop" if broker else "floor",
        workload=workload,
        block_index=0,
        offered_rate=rate,
        achieved_rate=rate,
        throughput=rate * fan_out,
        delivery=delivery,
        delivery_last=last if fan_out > 1 else delivery,
        service=service,
        pacer_lateness=own,
        pool_wait=own,
        receiver_lag=own,
        setup=latency(2e-3, 8e-3, max(workload.receivers, 1)),
        slope=0.0,
        slope_low=-1e-6,
        saturated=False,
        audit=Audit(
            published=messages,
            owed=messages * fan_out,
            delivered=messages * fan_out,
            lost=0,
            duplicated=0,
            reordered=0,
            corrupted=0,
        ),
        server=ServerUse(
            cpu=(cpu or 0) * messages,
            cores=(cpu or 0) * rate,
            cpu_per_message=cpu,
            cpu_per_delivery=None if cpu is None else cpu / fan_out,
            switches=None if cpu is None else messages // 2,
            switches_per_delivery=None if cpu is None else 0.5 / fan_out,
            pss_before=30 << 20,
            pss=32 << 20,
            kernel_before=90 << 20,
            kernel=91 << 20,
        ),
        wire=WireUse(
            bytes_in=262.0 * fan_out,
            bytes_out=3.5,
            segments_in=1.02 * fan_out,
            segments_out=0.9,
            bytes_per_delivery=262.0 + 3.5 / fan_out,
        ),
        generator=GeneratorUse(cpu_mean=0.2, cpu_peak=0.34, longest_pause=0.004, peak_rss=60 << 20),
        host=HostUse(
            steal=0.0, foreign=0.01, listen_overflows=0, retransmitted_segments=0, tcp_timeouts=0
        ),
        context=Context(
            machine=MACHINE,
            plan="core 0 server · core 1 load (receive + publish)",
            started_at="2026-07-14T10:00:00+00:00",
            redis="Redis 8.2.3 (bundled)" if pattern.startswith("redis") else "",
        ),
    )
    return replace(built, **changes)


def series(
    rows: Mapping[str, Mapping[str, Any]],
    runs: int = 8,
    noise: float = 0.02,
    seed: int = 7,
    workload: Workload | None = None,
) -> Series:
    """Build interleaved runs of several patterns, their figures spread by ``noise`` (log sd)."""
    draw = random.Random(seed)

    def spread(value: float | None) -> float | None:
        return None if value is None else value * draw.lognormvariate(0, noise)

    results = []
    for block in range(runs):
        for pattern in draw.sample(sorted(rows), len(rows)):
            asked = {"p50": 0.0004, "p99": 0.002, "cpu": 12e-6, **rows[pattern]}
            figures = {name: spread(asked.pop(name)) for name in ("p50", "p99", "cpu")}
            made = result(pattern, workload=asked.pop("workload", workload), **figures)
            results.append(replace(made, block_index=block, **asked))
    return Series(
        command="abec run sse", order_seed=seed, runs=runs, results=tuple(results), refused={}
    )


CHAT = Workload(subscribers=64, rate=100.0)
REDIS_KILLED = Kill(
    victim=Victim.REDIS,
    at=1.0,
    back=0.02,
    held=0,
    accepted=90,
    waiting=40,
    lost=3,
    repeated=1,
    latest=None,
    unsaved=0.7,
    survived=0,
)
NATURE: Mapping[str, Mapping[str, Any]] = {
    "floor": {"p50": 110e-6, "p99": 310e-6, "cpu": 3e-6},
    "sse": {"p50": 412e-6, "p99": 1.9e-3, "cpu": 14e-6},
    "websocket": {"p50": 395e-6, "p99": 1.8e-3, "cpu": 11e-6},
    "long_polling": {"p50": 700e-6, "p99": 3.5e-3, "cpu": 60e-6},
    "rest_polling": {"p50": 10.4e-3, "p99": 20.6e-3, "cpu": 90e-6, "analytic_mean": 0.01},
}
"""Plausible figures of the edge patterns."""


@pytest.fixture
def make_latency() -> Callable[..., Latency]:
    return latency


@pytest.fixture
def make_result() -> Callable[..., Result]:
    return result


@pytest.fixture
def make_series() -> Callable[..., Series]:
    return series


@pytest.fixture
def nature() -> Mapping[str, Mapping[str, Any]]:
    return NATURE


@pytest.fixture
def chat() -> Workload:
    return CHAT


@pytest.fixture
def machine() -> Machine:
    return MACHINE


@pytest.fixture
def calls() -> Workload:
    return Workload(exchange=Exchange.REQUEST_REPLY, publishers=64)
