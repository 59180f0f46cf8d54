"""The parts of a journey are where its time went, on real servers."""

from __future__ import annotations

import pytest

from harness.machine import read_machine
from harness.scenario import BUILT_IN
from harness.workload import ClientKind, Exchange, Workload
from tests.truth.journey import SHARE, follow

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


@pytest.mark.slow
@pytest.mark.parametrize("name", BUILT_IN["judge"].patterns)
def test_the_parts_add_up_to_the_whole(name: str) -> None:
    seen = follow(name, WORKLOAD, read_machine())
    mean = seen.trace.mean
    assert seen.result.audit.owed == seen.result.audit.delivered
    assert not seen.result.audit.lost
    assert len(seen.edges_ns) == seen.trace.count >= 25
    assert mean.whole == pytest.approx(seen.whole_s, rel=SHARE)
    assert seen.backwards == 0
    # Half of a tick of the loop's timers, and of what the kernel needs, on top of 1 %.
    assert mean.worked == pytest.approx(WORKLOAD.service_time + 0.0007, rel=SHARE)


@pytest.mark.slow
def test_only_what_polls_asks_more_than_once() -> None:
    machine = read_machine()
    asked = {
        name: follow(name, WORKLOAD, machine).result.journey
        for name in ("submit_job_polling", "submit_job_sse")
    }
    polled, pushed = asked["submit_job_polling"], asked["submit_job_sse"]
    assert polled is not None
    assert pushed is not None
    assert pushed.requests_per_message == pytest.approx(1, abs=0.05)
    # The POST, and the polls of an interval and a half on average.
    assert 2 <= (polled.requests_per_message or 0) <= 3
    assert set(polled.cpu_per_message) == {"redis", "judge", "judge_workers"}
    assert ClientKind.WIRE is WORKLOAD.client
