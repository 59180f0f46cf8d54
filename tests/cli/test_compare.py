"""``abec compare``: what it plans, what it measures, and what it says about saved results."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from harness import schema
from harness.comparison import (
    MEMORY_SIZES,
    Part,
    comparison_steps,
    memory_slopes,
    shortened,
)
from harness.errors import BadInput, Exit
from harness.machine import Machine, read_machine
from harness.queueing import Victim
from harness.registry import load
from harness.result import Result, Series
from harness.run import run
from harness.scenario import BUILT_IN
from harness.series import Cell
from harness.workload import Arrivals, Exchange, Workload

ALONE = ("--no-memory", "--no-network")
QUICK = ("--duration", "300ms", "--warmup", "100ms", "--rate", "200")


@pytest.fixture(scope="module")
def machine() -> Machine:
    return replace(read_machine(), open_files_hard=4096, port_range=(32_768, 60_999))


def steps_of(
    machine: Machine, patterns: tuple[str, ...], workload: Workload, sizes: tuple[int, ...] = ()
) -> Mapping[Part, tuple[Cell, ...]]:
    steps = comparison_steps(
        patterns, workload, machine, runs=8, saturation_concurrency=64, memory_sizes=sizes
    )
    return {step.part: step.cells for step in steps}


def test_saturation_is_the_same_question_in_a_closed_loop(machine: Machine) -> None:
    workload = BUILT_IN["chat"].workload
    cells = steps_of(machine, ("floor", "sse"), workload)
    assert [cell.pattern for cell in cells[Part.SATURATION]] == ["floor", "sse"]
    for cell in cells[Part.SATURATION]:
        assert cell.workload.rate is None
        assert cell.workload.concurrency == 64
        assert cell.workload.subscribers == workload.subscribers
        assert cell.workload.duration <= workload.duration


def test_implementations_are_saturated_if_they_are_asked_for(machine: Machine) -> None:
    patterns = ("floor", "floor@no-loop", "sse", "sse@aiohttp")

    def saturated(implementations: bool) -> list[str]:
        steps = comparison_steps(
            patterns,
            Workload(),
            machine,
            runs=1,
            saturation_concurrency=1,
            saturate_implementations=implementations,
        )
        return [cell.pattern for step in steps if step.part == "saturation" for cell in step.cells]

    assert saturated(True) == list(patterns)
    assert saturated(False) == ["floor", "floor@no-loop", "sse"]


def test_polling_is_a_curve_around_the_interval_asked_for(machine: Machine) -> None:
    workload = BUILT_IN["ticker"].workload
    cells = steps_of(machine, ("floor", "sse", "rest_polling", "rest_polling@aiohttp"), workload)
    assert {cell.pattern for cell in cells[Part.POLLING]} == {"rest_polling"}
    intervals = [cell.workload.poll_interval for cell in cells[Part.POLLING]]
    assert intervals == pytest.approx([0.005, 0.02, 0.08])
    assert Part.POLLING not in steps_of(machine, ("floor", "sse"), workload)


def test_a_network_is_put_in_between_where_none_was_asked_for(machine: Machine) -> None:
    patterns = ("floor", "sse", "sse@aiohttp")
    cells = steps_of(machine, patterns, Workload())[Part.NETWORK]
    assert [(cell.pattern, cell.workload.rtt) for cell in cells] == [("floor", 0.05), ("sse", 0.05)]
    assert {cell.workload.duration for cell in cells} == {4.0}
    assert Part.NETWORK not in steps_of(machine, patterns, Workload(rtt=0.02))
    assert {cell.workload.subscribers for cell in cells} == {1}
    memory = steps_of(machine, patterns, Workload(rtt=0.02), MEMORY_SIZES)[Part.MEMORY]
    assert {cell.workload.rtt for cell in memory} == {0.0}


MANY = [name for name, one in BUILT_IN.items() if one.workload.deliveries_per_message > 16]


@pytest.mark.parametrize("name", MANY)
def test_a_relay_that_shares_its_core_carries_fewer(machine: Machine, name: str) -> None:
    workload, patterns = BUILT_IN[name].workload, ("sse", "websocket")
    on_two = replace(machine, cores=(0, 1))
    cells = steps_of(on_two, patterns, workload)[Part.NETWORK]
    assert [(cell.pattern, cell.workload.rtt) for cell in cells] == [
        (pattern, rtt) for rtt in (0.0, 0.05) for pattern in patterns
    ]
    for cell in cells:
        asked = cell.workload
        assert asked.subscribers == 8
        assert asked.publishers == (8 if asked.exchange is Exchange.GROUP else workload.publishers)
        assert asked.rate == workload.rate
        assert asked.duration == {"newsfeed": 10.0, "sports": 5.0}.get(name, 4.0)
        assert asked.warmup == workload.warmup
    on_three = steps_of(replace(machine, cores=(0, 1, 2)), patterns, workload)[Part.NETWORK]
    # A member of a group is one process with one core; a publisher and subscribers take two.
    assert len(on_three) == (2 if workload.exchange is Exchange.GROUP else 4)
    on_four = replace(machine, cores=(0, 1, 2, 3))
    (alone,) = {cell.workload for cell in steps_of(on_four, patterns, workload)[Part.NETWORK]}
    assert alone == replace(workload, rtt=0.05, duration=cells[0].workload.duration)


@pytest.mark.parametrize(
    ("pattern", "at"),
    [
        ("websocket", {"url": "ws://127.0.0.1:9/"}),
        ("rest_polling", {"url": "https://localhost:9/"}),
        ("redis_pubsub", {"url": "rediss://localhost:9"}),
        ("redis_pubsub", {"redis": "unix:///run/redis.sock"}),
    ],
)
def test_before_what_no_relay_can_stand_no_network_is_put(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, pattern: str, at: dict[str, str]
) -> None:
    monkeypatch.setattr("harness.series.make_contact", lambda *_given: None)
    monkeypatch.setattr("harness.series.resolve_nodes", lambda *_given: None)
    parts = steps_of(machine, (pattern,), Workload(**at), (1, 250))  # type: ignore[arg-type]
    assert set(parts) - {Part.POLLING} == {Part.LATENCY, Part.SATURATION, Part.MEMORY}


def test_a_kill_is_compared_by_itself(machine: Machine) -> None:
    gateway = Workload(subscribers=30, rate=50, duration=8, kill=Victim.GATEWAY, kill_after=3)
    consumer = Workload(
        exchange=Exchange.WORK_QUEUE, subscribers=3, kill=Victim.CONSUMER, work=0.001
    )
    for patterns, workload in (
        (("floor", "websocket_scaled"), gateway),
        (("floor@no-loop", "redis_queue", "redis_stream"), consumer),
    ):
        parts = steps_of(machine, patterns, workload, MEMORY_SIZES)
        assert set(parts) == {Part.LATENCY}
        assert {c.pattern: c.workload.kill for c in parts[Part.LATENCY]} == {
            name: Victim.NONE if name.startswith("floor") else workload.kill for name in patterns
        }
    assert shortened(gateway).duration == 6


def test_closed_loop_is_compared_by_itself(machine: Machine) -> None:
    workload = Workload(rate=None, concurrency=8)
    assert set(steps_of(machine, ("floor", "rest_polling"), workload)) == {Part.LATENCY}


def test_floors_go_without_compression(machine: Machine) -> None:
    cells = steps_of(machine, ("floor", "websocket"), Workload(deflate=True), (1, 250))
    for part in cells.values():
        assert {c.pattern: c.workload.deflate for c in part}.get("floor", False) is False
        assert {c.workload.deflate for c in part if c.pattern == "websocket"} == {True}


@pytest.mark.parametrize(
    ("pattern", "exchange", "field"),
    [
        ("sse", Exchange.BROADCAST, "subscribers"),
        ("redis_queue", Exchange.WORK_QUEUE, "subscribers"),
        ("rest", Exchange.REQUEST_REPLY, "publishers"),
    ],
)
def test_memory_is_measured_over_connections(
    pattern: str, exchange: Exchange, field: str, machine: Machine
) -> None:
    workload = Workload(exchange=exchange, payload=1 << 16)
    cells = steps_of(machine, ("floor", pattern), workload, MEMORY_SIZES)[Part.MEMORY]
    assert {cell.pattern for cell in cells} == {pattern}
    assert [getattr(cell.workload, field) for cell in cells] == list(MEMORY_SIZES)


def test_workers_that_are_gone_are_a_question_of_latency_alone(machine: Machine) -> None:
    asked = replace(BUILT_IN["judge"].workload, duration=20, workers_gone=5)
    cells = steps_of(machine, ("submit_job_polling",), asked, MEMORY_SIZES)
    gone = {part: {cell.workload.workers_gone for cell in cells[part]} for part in cells}
    assert gone[Part.LATENCY] == gone[Part.POLLING] == {5}
    assert gone[Part.MEMORY] == {0}
    quick_workers = steps_of(machine, ("submit_job_sse",), replace(asked, service_time=0))
    assert {cell.workload.workers_gone for cell in quick_workers[Part.SATURATION]} == {0}
    assert [cell.workload.publishers for cell in cells[Part.MEMORY]] == list(MEMORY_SIZES)
    assert shortened(asked).duration == 10


def test_workers_are_not_measured_in_place_of_the_way_to_wait(machine: Machine) -> None:
    judge = BUILT_IN["judge"].workload
    patterns = ("submit_job_sse", "submit_job_polling")
    assert Part.SATURATION not in steps_of(machine, patterns, judge)
    assert Part.SATURATION in steps_of(machine, patterns, replace(judge, service_time=0))


def test_sizes_that_the_machine_cannot_hold_are_left_out(machine: Machine) -> None:
    narrow = replace(machine, open_files_hard=512)
    cells = steps_of(narrow, ("floor", "sse"), Workload(), MEMORY_SIZES)[Part.MEMORY]
    assert [cell.workload.subscribers for cell in cells] == [1, 250]


def test_what_cannot_be_asked_is_refused_before_anything_is_measured(machine: Machine) -> None:
    with pytest.raises(BadInput, match="sse with exchange work_queue"):
        steps_of(machine, ("sse",), Workload(exchange=Exchange.WORK_QUEUE))


def test_estimate_grows_with_runs(machine: Machine) -> None:
    def estimate_s(runs: int) -> float:
        steps = comparison_steps(
            ("floor",),
            Workload(),
            machine,
            runs=runs,
            saturation_concurrency=1,
            memory_sizes=(),
            with_network=False,
        )
        return sum(step.expected_s for step in steps)

    assert estimate_s(8) == pytest.approx(8 * estimate_s(1))
    assert estimate_s(1) > 9


@pytest.mark.parametrize(
    ("scenario", "duration"), [("ticker", 2.1), ("chat", 2.1), ("newsfeed", 10.0), ("rpc", 2.1)]
)
def test_quick_keeps_what_p90_needs(scenario: str, duration: float) -> None:
    workload = BUILT_IN[scenario].workload
    assert shortened(workload).duration == pytest.approx(duration)
    assert shortened(replace(workload, duration=0.5)).duration == 0.5


def test_quick_keeps_some_polls_and_some_bursts() -> None:
    long = Workload(duration=60.0, rate=1000.0)
    assert shortened(replace(long, poll_interval=10.0)).duration == 40.0
    assert shortened(replace(long, arrivals=Arrivals.BURST, burst=5000)).duration == 20.0


@pytest.fixture(scope="module")
def real() -> Result:
    """Measure one short run, to make series of."""
    return run(load("sse"), Workload(duration=2.1, warmup=0.1), read_machine())


def series(real: Result, factor: float = 1.0, **changes: object) -> Series:
    """Make eight runs out of one: p50 from 1 to 1.07 ms, times ``factor``, and valid."""
    p50s = [factor * (0.001 + 0.00001 * i) for i in range(8)]
    results = tuple(
        replace(real, doubts=(), delivery=replace(real.delivery, p50=p50), **changes)  # type: ignore[arg-type]
        for p50 in p50s
    )
    return Series(command="abec run sse", order_seed=1, runs=8, results=results)


@pytest.fixture
def judged(abec, tmp_path: Path) -> Callable[..., object]:
    def judge(old: Series, new: Series, *options: str) -> object:
        schema.save(old, tmp_path / "old.json")
        schema.save(new, tmp_path / "new.json")
        return abec("compare", "old.json", "new.json", *options)

    return judge


@pytest.mark.slow
def test_verdicts_and_their_exit_codes(real: Result, judged, tmp_path: Path) -> None:
    plain = series(real)
    slower = judged(plain, series(real, 1.5))
    assert slower.returncode == Exit.ANSWER_IS_NO
    assert re.search(r"sse p50 .* slower", slower.stdout)
    assert judged(series(real, 1.5), plain).returncode == Exit.MEASURED
    assert judged(plain, plain).returncode == Exit.MEASURED
    assert not (tmp_path / "results").exists()


@pytest.mark.slow
def test_nothing_comparable_is_no_verdict(real: Result, judged) -> None:
    elsewhere = replace(real.context.machine, cpu="another CPU")
    moved = series(real, context=replace(real.context, machine=elsewhere))
    assert judged(series(real), moved).returncode == Exit.NOT_MEASURED
    few = replace(series(real), results=series(real).results[:3])
    assert judged(few, few).returncode == Exit.NOT_MEASURED


@pytest.mark.slow
def test_verdicts_as_json(real: Result, judged) -> None:
    done = judged(series(real), series(real, 1.5), "--json")
    assert done.returncode == Exit.ANSWER_IS_NO
    told = json.loads(done.stdout)
    assert told["same_machine"] is True
    p50 = next(v for v in told["verdicts"] if v["metric"] == "p50")
    assert (p50["pattern"], p50["outcome"]) == ("sse", "higher")
    assert p50["change"]["value"] == pytest.approx(1.5, rel=0.1)


@pytest.mark.slow
def test_memory_slope_is_what_each_connection_adds(real: Result) -> None:
    def holding(size: int) -> Result:
        server = replace(
            real.server,
            pss_before=30_000_000,
            pss=31_000_000 + 4096 * size,
            kernel_before=5_000_000,
            kernel=5_000_000 + 8192 * size,
        )
        return replace(real, workload=replace(real.workload, subscribers=size), server=server)

    measured = replace(series(real), results=tuple(map(holding, MEMORY_SIZES)))
    slope = memory_slopes(measured)["sse"]
    assert slope.process == pytest.approx(4096)
    assert slope.kernel == pytest.approx(8192)
    assert memory_slopes(replace(measured, results=measured.results[:1])) == {}


@pytest.mark.slow
def test_measures_saves_and_tells(abec, tmp_path: Path) -> None:
    done = abec("compare", "sse", "--runs", "1", "--no-memory", *QUICK)
    assert done.returncode in (Exit.MEASURED, Exit.NOT_MEASURED)
    assert re.match(r"about \d+ s · latency of 2 · saturation of 2 · network of 2\n", done.stderr)
    saved = sorted((tmp_path / "results" / "runs").iterdir())
    parts = ["latency.json", "network.json", "saturation.json"]
    assert [path.name.rpartition("-")[2] for path in saved] == parts
    for path in saved:
        assert {result.pattern for result in schema.load(path).results} == {"floor", "sse"}
        assert path.name in done.stdout
    assert "Edge delivery" in done.stdout
    assert "Throughput at saturation" in done.stdout
    assert "With a network in between" in done.stdout
    assert "What this does not tell you" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


@pytest.mark.slow
def test_json_holds_the_files_own_schema(abec, tmp_path: Path) -> None:
    done = abec("compare", "floor", "--runs", "1", *ALONE, "--json", *QUICK)
    parts = json.loads(done.stdout)
    for path in (tmp_path / "results" / "runs").iterdir():
        part = path.stem.rpartition("-")[2]
        assert schema.from_json(json.dumps(parts[part]), part) == schema.load(path)


@pytest.mark.slow
def test_csv_is_one_table(abec) -> None:
    done = abec("compare", "floor", "--runs", "1", *ALONE, "--csv", *QUICK)
    heading, *rows = done.stdout.splitlines()
    assert len(rows) == 2
    assert all(row.count(",") == heading.count(",") for row in rows if '"' not in row)


@pytest.mark.alone
@pytest.mark.slow
def test_interrupted_it_keeps_what_was_measured(tmp_path: Path, environment, still_running) -> None:
    process = subprocess.Popen(
        (sys.executable, "-m", "harness", "compare", "floor", "--runs", "50", *QUICK),
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not (kept := list(tmp_path.glob("results/runs/*.json"))):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        assert process.wait(3) == Exit.NOT_MEASURED
        assert still_running(children) == []
    finally:
        process.kill()
        told = process.communicate()[1]
    assert f"kept {kept[0].relative_to(tmp_path)}\n" in told
    assert told.endswith("abec: interrupted; every process that was started has ended\n")
    assert schema.load(kept[0]).results
