"""The arithmetic of the proof; what it measures is measured by ``make prove``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from harness.comparison import Part
from harness.machine import Machine
from harness.queueing import Persistence
from harness.result import Doubt, Result
from harness.scaling import Backplane, Balancer
from harness.workload import Workload
from tests.prove.compared import asked_of, whole
from tests.prove.gate_alike import GATES, Compared, judged, read, upper_bound
from tests.prove.gate_checkout import ROOT
from tests.prove.gate_planted import Planted, changes
from tests.prove.kills import Outcome as KillsOutcome
from tests.prove.kills import redis_claim
from tests.prove.scaled import added
from tests.unit.conftest import result


def compared(*alarms: str) -> Compared:
    return Compared(
        commit="1a2b3c4",
        path_length=31,
        exit=1 if alarms else 0,
        alarms=alarms,
        told=19,
        comparisons=19,
        looks=1,
        minutes=4.8,
    )


def test_nothing_seen_bounds_a_rate_from_above() -> None:
    # 0 of n: (1 - p)^n = 0.05.
    assert upper_bound(0, 20) == pytest.approx(1 - 0.05 ** (1 / 20))
    assert upper_bound(0, 1) == pytest.approx(0.95)
    assert upper_bound(20, 20) == 1.0


def test_one_alarm_in_twenty_gates_passes_and_two_do_not() -> None:
    silent = [compared()] * (GATES - 1)
    assert judged([*silent, compared("sse p50")]).ok
    assert not judged([*silent[1:], compared("sse p50"), compared("rest p50")]).ok
    assert not judged(silent).ok


def test_the_log_is_read_as_it_was_written(tmp_path: Path) -> None:
    log = tmp_path / "alike.jsonl"
    assert read(log) == ()
    done = (compared(), compared("sse p50", "sse server CPU per delivery"))
    log.write_text("".join(json.dumps(asdict(one)) + "\n" for one in done))
    assert read(log) == done


@pytest.mark.parametrize("planted", changes(1e-3, 1e-4), ids=lambda planted: planted.found)
def test_each_change_has_its_place_in_the_server_it_is_planted_in(planted: Planted) -> None:
    source = (ROOT / planted.file).read_text()
    assert source.count(planted.old) == 1
    compile(source.replace(planted.old, planted.new), planted.file, "exec")


ALONE = Workload(gateways=1, backplane=Backplane.NONE, balancer=Balancer.NONE)
JOINED = replace(ALONE, backplane=Backplane.PUBSUB)
BEHIND = replace(ALONE, balancer=Balancer.CADDY)
BOTH = replace(JOINED, balancer=Balancer.CADDY)
DOUBT = Doubt(rule="machine", reason="others used 30 %", remedy="end them")


def of_gateways(workload: Workload, p50: float, valid: int, invalid: int = 0) -> list[Result]:
    """Give runs of which the invalid ones took a second."""
    sound = [result("websocket_scaled", p50=p50, workload=workload) for _ in range(valid)]
    doubted = result("websocket_scaled", p50=1.0, workload=workload, doubts=(DOUBT,))
    return sound + [doubted] * invalid


def test_what_balancer_and_backplane_add_is_told_by_valid_runs_alone() -> None:
    runs = [*of_gateways(ALONE, 1e-3, 6, 2), *of_gateways(JOINED, 3e-3, 5, 3)]
    runs += [*of_gateways(BEHIND, 2e-3, 8), *of_gateways(BOTH, 3.5e-3, 8)]
    figures = [(claim.figure, claim.ok) for claim in added(runs)]
    assert figures == [
        ("p50 1 ms", True),
        ("p50 3 ms, adds 2 ms", True),
        ("p50 2 ms, adds 1 ms", True),
        ("p50 3.5 ms, adds 0.5 ms", True),
    ]


def test_what_has_too_few_valid_runs_on_either_side_adds_nothing_that_is_known() -> None:
    runs = [*of_gateways(ALONE, 1e-3, 0, 8), *of_gateways(JOINED, 3e-3, 4, 4)]
    runs += [*of_gateways(BEHIND, 2e-3, 8), *of_gateways(BOTH, 3.5e-3, 8)]
    claims = list(added(runs))
    assert [(claim.figure, claim.ok) for claim in claims] == [
        ("p50 n/a", False),
        ("p50 3 ms, adds n/a", False),
        ("p50 2 ms, adds n/a", False),
        ("p50 3.5 ms, adds n/a", False),
    ]
    assert claims[1].what.endswith("4 of 8 runs valid, 0 without")


def of_kills(lost: tuple[int, ...], survived: int = 0) -> KillsOutcome:
    """Build what as many kills of Redis did, each with 10 messages waiting."""
    each = len(lost)
    return KillsOutcome(
        lost=lost,
        repeated=(0,) * each,
        held=(0,) * each,
        accepted=(90,) * each,
        waiting=(10,) * each,
        back=(0.02,) * each,
        latest=(0.5,) * each,
        unsaved=(0.01,) * each,
        survived=(survived, *(0,) * (each - 1)),
    )


@pytest.mark.parametrize(
    ("persistence", "lost", "survived", "kept"),
    [
        (Persistence.NONE, (10, 10), 0, True),
        (Persistence.NONE, (10, 11), 0, False),
        (Persistence.NONE, (10, 9), 0, False),
        (Persistence.RDB, (6, 9), 0, True),
        (Persistence.RDB, (6, 10), 0, False),
        (Persistence.RDB, (6, 0), 0, False),
        (Persistence.RDB, (6, 7), 1, False),
        (Persistence.AOF_EVERYSEC, (0, 2), 0, True),
        (Persistence.AOF_EVERYSEC, (0, 10), 0, False),
        (Persistence.AOF_EVERYSEC, (2, 0), 1, False),
        (Persistence.AOF_ALWAYS, (0, 0), 0, True),
        (Persistence.AOF_ALWAYS, (0, 1), 0, False),
    ],
)
def test_each_persistence_is_held_to_its_promise(
    persistence: Persistence, lost: tuple[int, ...], survived: int, kept: bool
) -> None:
    assert redis_claim("redis_queue", persistence, of_kills(lost, survived)).ok is kept


def test_a_comparison_has_a_row_for_each_way(machine: Machine) -> None:
    judge = asked_of("judge", replace(machine, open_files_hard=1 << 16))
    ways = {f"submit_job_{way}" for way in ("polling", "long_polling", "sse", "websocket", "sync")}
    assert {part: len(patterns) for part, patterns in judge.items()} == {
        Part.LATENCY: 5,
        Part.POLLING: 1,
        Part.NETWORK: 5,
        Part.MEMORY: 5,
    }
    assert judge[Part.LATENCY] == ways
    collab = asked_of("collab", replace(machine, open_files_hard=1 << 16))
    assert {part: len(patterns) for part, patterns in collab.items()} == {
        Part.LATENCY: 4,
        Part.POLLING: 1,
        Part.NETWORK: 4,
        Part.MEMORY: 4,
    }


def test_a_table_is_whole_if_each_row_is_there_and_valid(make_series: Callable[..., Any]) -> None:
    doubt = Doubt(rule="machine", reason="steal", remedy="quieten it")
    series = make_series({"sse": {}, "websocket": {}}, runs=3)
    invalid = make_series({"sse": {}, "websocket": {"doubts": (doubt,)}}, runs=3)
    asked = ("sse", "websocket")

    def found(part: Part, *wanted: str, **given: Any) -> tuple[bool, str]:
        claim = whole("chat", part, wanted, given.get("series", series))
        return claim.ok, claim.figure

    assert found(Part.LATENCY, *asked) == (True, "2 rows, 0 lost")
    assert found(Part.LATENCY, *asked, "floor") == (False, "2 rows, 0 lost, without floor")
    assert found(Part.LATENCY, *asked, series=None)[0] is False
    assert found(Part.LATENCY, *asked, series=invalid)[1].endswith(
        "invalid: websocket (machine in 3 of 3 runs)"
    )
    assert found(Part.MEMORY, *asked, series=invalid)[0]
    refused = replace(series, refused={"sse": "it died"})
    assert found(Part.LATENCY, *asked, series=refused)[1].endswith("not measured: sse: it died")
