"""Who is killed on purpose takes along what his way of taking says, and not one message more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.queueing import Persistence, Pop, Victim
from harness.result import Kill
from harness.series import Cell, measure
from harness.workload import ClientKind, Exchange, Workload
from tests.prove.guest import small_disk

pytestmark = [pytest.mark.alone, pytest.mark.slow]

JOBS = Workload(
    exchange=Exchange.WORK_QUEUE,
    subscribers=2,
    rate=400.0,
    work=0.002,
    warmup=0.1,
    duration=0.8,
    kill=Victim.CONSUMER,
    kill_after=0.3,
)


def killed(name: str, workload: Workload) -> Kill:
    (found,) = measure([Cell(pattern=name, workload=workload)], runs=1).results
    assert found.kill is not None
    assert found.depth is not None
    assert found.depth.left == 0
    assert found.audit.corrupted == 0
    return found.kill


@pytest.mark.parametrize(
    ("name", "pop", "client", "lost"),
    [
        ("redis_queue", Pop.BRPOP, ClientKind.LIBRARY, 1),
        ("redis_stream", Pop.BRPOP, ClientKind.WIRE, 0),
    ],
)
def test_a_consumer_that_dies_at_work(name: str, pop: Pop, client: ClientKind, lost: int) -> None:
    kill = killed(name, replace(JOBS, pop=pop, client=client))
    assert (kill.held, kill.lost, kill.repeated) == (1, lost, 1 - lost)
    assert kill.latest is not None


def test_a_redis_that_dies_keeps_what_its_log_has() -> None:
    asked = replace(JOBS, pop=Pop.LMOVE, kill=Victim.REDIS, work=0.008)
    kill = killed("redis_queue", replace(asked, persistence=Persistence.AOF_ALWAYS))
    assert kill.waiting
    assert kill.lost == 0


def test_a_redis_that_dies_confirms_to_its_last_moment_and_keeps_nothing() -> None:
    busy = replace(JOBS, pop=Pop.LMOVE, kill=Victim.REDIS, rate=5000.0, kill_after=0.5)
    kill = killed("redis_queue", busy)
    assert kill.waiting
    assert kill.lost == kill.waiting


def test_a_full_disk_is_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    asked = replace(JOBS, kill=Victim.NONE, persistence=Persistence.AOF_EVERYSEC)
    cell = Cell(pattern="redis_queue", workload=replace(asked, redis=small_disk(tmp_path)))
    told = measure([cell], runs=1).refused["redis_queue"]
    assert told.startswith("Redis refused "), told
    assert told.endswith("its disk is full or failing; free some, or set TMPDIR to another disk")
    assert "\n" not in told
