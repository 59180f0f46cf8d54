"""The parts of a journey are where its time went, on real servers."""

from __future__ import annotations

import pytest

from harness.machine import read_machine
from harness.registry import load
from harness.run import run
from harness.workload import Arrivals, Exchange, Workload
from tests.truth.journey import SHARE, follow

pytestmark = pytest.mark.alone

WORKLOAD = Workload(
    exchange=Exchange.JOURNEY,
    publishers=100,
    rate=100,
    warmup=0.3,
    duration=1,
    poll_interval=0.1,
    service_time=0.1,
    workers=32,
    trace=True,
)
TICK_S = 0.001
"""Of the timers that workers wait by."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "fewest_requests", "most_requests"),
    # Over the POST: the polls of the service time and half an interval, and of verdicts still owed.
    [("submit_job_polling", 2.0, 3.0), ("submit_job_sse", 0.9, 1.1)],
)
def test_the_parts_add_up_to_the_whole(
    name: str, fewest_requests: float, most_requests: float
) -> None:
    seen = follow(name, WORKLOAD, read_machine())
    mean, journey = seen.trace.mean, seen.result.journey
    assert seen.result.audit.owed == seen.result.audit.delivered > 0
    assert len(seen.edges_ns) == seen.trace.count >= 25
    assert mean.whole == pytest.approx(seen.whole_s, rel=SHARE)
    assert seen.backwards == 0
    assert mean.worked is not None
    assert WORKLOAD.service_time <= mean.worked <= (1 + SHARE) * WORKLOAD.service_time + TICK_S
    assert journey is not None
    assert journey.requests_per_message is not None
    assert fewest_requests <= journey.requests_per_message <= most_requests
    assert set(journey.cpu_per_message) == {"redis", "judge", "judge_workers"}


@pytest.mark.slow
def test_what_a_slow_pool_is_late_with_is_not_lost() -> None:
    """Twice what its worker can do: it is at it for longer than is waited at the least."""
    slow = Workload(
        exchange=Exchange.JOURNEY,
        publishers=20,
        rate=20,
        arrivals=Arrivals.CONSTANT,
        warmup=0.5,
        duration=7,
        poll_interval=0.1,
        service_time=0.1,
        workers=1,
    )
    audit = run(load("submit_job_sse"), slow, read_machine()).audit
    assert (audit.lost, audit.owed) == (0, 150)
