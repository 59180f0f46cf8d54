"""The arithmetic of the proof; what it measures is measured by ``make prove``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.prove.gate_alike import GATES, Compared, judged, read, upper_bound
from tests.prove.gate_checkout import ROOT
from tests.prove.gate_planted import Planted, changes


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
