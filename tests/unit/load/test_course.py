"""Where a load process runs, who goes first there, and how long it waits for verdicts."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from unittest.mock import Mock

import pytest

from harness.load.course import STILL_COMING, run_load
from harness.load.task import NS, LoadTask, Role
from harness.pattern import Client, Deliver, Endpoints, Pattern, Seat, Send, Sent
from harness.recording import Recording
from harness.registry import load
from harness.workload import Arrivals, ClientKind, Exchange, Workload

PLACE = """
import os
from harness.load.course import take_place
take_place({core}, gives_way={gives_way})
print(*os.sched_getaffinity(0), os.sched_getscheduler(0))
"""


@pytest.mark.parametrize(("gives_way", "policy"), [(True, os.SCHED_IDLE), (False, os.SCHED_OTHER)])
def test_a_process_keeps_to_its_core_and_gives_way_where_it_must(
    gives_way: bool, policy: int
) -> None:
    core = max(os.sched_getaffinity(0))
    told = subprocess.run(
        (sys.executable, "-c", PLACE.format(core=core, gives_way=gives_way)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == [str(core), str(policy)]


JOURNEY = Workload(
    exchange=Exchange.JOURNEY,
    rate=100,
    arrivals=Arrivals.CONSTANT,
    warmup=0,
    duration=0.2,
    poll_interval=0.001,
)
OWED = 20
TIMED_OUT = "timed out"


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Recording]:
    """Run the load of a journey whose submissions meet ``judge``, with shorter patience."""
    # This process goes on afterwards, with all that other tests have left in it.
    monkeypatch.setattr("harness.load.course.gc", Mock(spec=gc))
    monkeypatch.setattr("harness.load.patience.LEAST_S", 0.1)
    monkeypatch.setattr("harness.load.patience.LONGEST_BACKLOG_S", 1.0)

    def run(judge: Callable[[Seat, Deliver, bytes, int], None], patience_s: float) -> Recording:
        @asynccontextmanager
        async def call(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
            count = 0

            def send(message: bytes) -> None:
                nonlocal count
                sent(message)
                judge(seat, deliver, message, count)
                count += 1

            yield send

        def pattern(name: str) -> Pattern:
            clients = {ClientKind.WIRE: Client(call=call)}
            return replace(load(name), clients=clients, patience_s=patience_s)

        monkeypatch.setattr("harness.load.course.load_pattern", pattern)
        return run_load(
            LoadTask(
                pattern="submit_job_sse",
                endpoints=Endpoints(urls={}),
                publish_to=Endpoints(urls={}),
                workload=JOURNEY,
                role=Role.BOTH,
                publishers=range(1),
                receivers=range(1),
                start_ns=time.monotonic_ns() + NS,
            )
        )

    return run


def at_once_but_one(seat: Seat, deliver: Deliver, message: bytes, number: int) -> None:
    if number:
        deliver(message)


def one_every_fifth_of_a_second(seat: Seat, deliver: Deliver, message: bytes, number: int) -> None:
    asyncio.get_running_loop().call_later(0.2 * number, deliver, message)


def one_is_given_up(seat: Seat, deliver: Deliver, message: bytes, number: int) -> None:
    if number:
        deliver(message)
    else:
        seat.note(TIMED_OUT)


def test_a_lost_verdict_is_waited_for_and_has_no_other_cause(
    judged: Callable[..., Recording],
) -> None:
    seen = judged(at_once_but_one, patience_s=0.0)
    assert (len(seen.delivered.received_ns), dict(seen.notes)) == (OWED - 1, {})


def test_a_backlog_that_outlasts_all_patience_is_told_from_a_loss(
    judged: Callable[..., Recording],
) -> None:
    seen = judged(one_every_fifth_of_a_second, patience_s=0.0)
    came = len(seen.delivered.received_ns)
    assert 5 < came < OWED
    assert dict(seen.notes) == {STILL_COMING: OWED - came}


def test_what_was_given_up_is_not_waited_for(judged: Callable[..., Recording]) -> None:
    begun_s = time.monotonic()
    seen = judged(one_is_given_up, patience_s=30.0)
    assert time.monotonic() - begun_s < 10
    assert dict(seen.notes) == {TIMED_OUT: 1}
