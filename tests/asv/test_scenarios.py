"""One file of scenarios, and the same workload wherever it is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import asv.benchmark
import pytest

from benchmarks.patterns import PATTERNS
from benchmarks.settings import Profile
from harness.cli.options import asked
from harness.schema import from_json, load
from harness.workload import Exchange, Workload

ROOT = Path(__file__).parents[2]
PRICES = """
[scenario.prices]
subscribers = 2
rate = "50"
payload = "1KiB"
warmup = "100ms"
duration = "600ms"
seed = 5
patterns = ["floor", "sse@aiohttp"]
"""
FILE = f"""{PRICES}
[scenario.orders]
exchange = "work_queue"
subscribers = 3

[scenario.flood]
concurrency = 10
"""
LIST_AXES = """
import json
from benchmarks.delivery import Delivery
from benchmarks.saturation import SaturationBroadcast
from benchmarks.work_queue import QueueDelivery
print(json.dumps([list(q.scenarios) for q in (Delivery, QueueDelivery, SaturationBroadcast)]))
print(repr(Delivery.scenarios["prices"].workload))
print(json.dumps(Delivery.params[1]))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "scenarios.toml"
    path.write_text(FILE)
    return path


@pytest.fixture
def env(file: Path) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ABEC_")}
    return {**kept, "ABEC_SCENARIOS": str(file), "ABEC_RUNS": "1"}


def test_scenarios_stand_on_the_axis_of_their_kind(file: Path, env: Mapping[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIST_AXES],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    axes, workload, asked_patterns = done.stdout.splitlines()
    delivery, queue, saturation = json.loads(axes)
    assert delivery == ["ticker", "prices"]
    assert queue == ["jobs", "orders"]
    assert saturation == ["flood"]
    (prices, orders, flood) = asked([], {"scenario": str(file)})
    assert workload == repr(prices.scenario.workload)
    assert [pattern.name for pattern in prices.patterns] == ["floor", "sse@aiohttp"]
    assert json.loads(asked_patterns) == [
        *PATTERNS[Profile.QUICK][Exchange.BROADCAST],
        "sse@aiohttp",
    ]
    assert orders.scenario.workload == Workload(exchange=Exchange.WORK_QUEUE, subscribers=3)
    assert flood.scenario.workload == Workload(rate=None, concurrency=10)


def test_a_pattern_that_cannot_carry_its_scenario_is_refused_by_name(
    file: Path, env: Mapping[str, str]
) -> None:
    file.write_text('[scenario.wrong]\nexchange = "work_queue"\npatterns = ["sse"]\n')
    done = subprocess.run(
        [sys.executable, "-c", "import benchmarks.delivery"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "sse with exchange work_queue" in done.stderr.splitlines()[-1]


@pytest.mark.slow
def test_the_command_line_and_asv_measure_the_same_workload(
    file: Path, env: Mapping[str, str], tmp_path: Path
) -> None:
    file.write_text(PRICES)
    _run_as_asv_does("delivery.Delivery.track_p50", "'prices', 'sse@aiohttp'", env, tmp_path)
    (path,) = tmp_path.glob("series-*.json")
    by_asv = load(path)
    done = subprocess.run(
        [sys.executable, "-m", "harness", "run", "sse@aiohttp", "--scenario", str(file), "--json"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 3), done.stderr
    by_command = from_json(done.stdout, "abec run")
    workload = by_asv.results[0].workload
    assert {result.pattern for result in by_command.results} == {"floor", "sse@aiohttp"}
    assert all(result.workload == workload for result in by_command.results)
    assert (workload.subscribers, workload.payload, workload.seed) == (2, 1024, 5)


def _run_as_asv_does(name: str, params: str, env: Mapping[str, str], directory: Path) -> None:
    """Discover, prepare and run one combination with the commands that asv uses."""
    script = asv.benchmark.__file__

    def call(*arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, script, *arguments],
            cwd=directory,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    benchmarks = str(ROOT / "benchmarks")
    found = directory / "benchmarks.json"
    call("discover", benchmarks, str(found))
    (benchmark,) = (b for b in json.loads(found.read_text()) if b["name"] == name)
    scenarios, patterns = benchmark["params"]
    scenario, pattern = params.split(", ")
    index = scenarios.index(scenario) * len(patterns) + patterns.index(pattern)
    call("setup_cache", benchmarks, name, "{}")
    call("run", benchmarks, f"{name}-{index}", "{}", "None", str(directory / "result.json"))
