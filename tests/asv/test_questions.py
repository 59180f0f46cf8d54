"""What asv finds: names, axes, units, versions, and what it takes to find them."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
from asv.benchmarks import Benchmarks
from asv.config import Config
from asv_runner.check import _check
from asv_runner.discovery import list_benchmarks
from packaging.requirements import Requirement

from benchmarks import metrics, patterns
from benchmarks.connections import Connections
from benchmarks.delivery import Delivery
from benchmarks.patterns import pattern_names
from benchmarks.settings import quickened
from benchmarks.validity import ABOUT_TIMES, FEWEST_RUNS
from benchmarks.values import DISTINCT_BEYOND, QUANTILES
from harness.measure import statistics, validity
from harness.registry import load, names
from harness.scenario import BUILT_IN, Scenario
from harness.workload import Exchange

ROOT = Path(__file__).parents[2]
QUESTIONS = {
    "connections.Connections": {
        "track_setup_p99": "seconds",
        "track_memory_per_connection": "bytes",
        "track_spread": "seconds",
    },
    "delivery.Delivery": {
        "track_p50": "seconds",
        "track_p90": "seconds",
        "track_p99": "seconds",
    },
    "lost_messages.LostMessagesBroadcast": {"track_lost": "messages"},
    "lost_messages.LostMessagesRequestReply": {"track_lost": "messages"},
    "lost_messages.LostMessagesWorkQueue": {"track_lost": "messages"},
    "request_reply.RequestReply": {"track_p50": "seconds", "track_p99": "seconds"},
    "saturation.SaturationBroadcast": {
        "track_time_per_message": "seconds",
        "track_throughput": "messages/s",
    },
    "saturation.SaturationRequestReply": {
        "track_time_per_message": "seconds",
        "track_throughput": "messages/s",
    },
    "saturation.SaturationWorkQueue": {
        "track_time_per_message": "seconds",
        "track_throughput": "messages/s",
    },
    "server_cpu.ServerCpuBroadcast": {"track_per_message": "seconds"},
    "server_cpu.ServerCpuRequestReply": {"track_per_message": "seconds"},
    "server_cpu.ServerCpuWorkQueue": {"track_per_message": "seconds"},
    "work_queue.QueueDelivery": {"track_p50": "seconds", "track_p99": "seconds"},
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Discover benchmarks as asv does."""
    path = tmp_path_factory.mktemp("discovered") / "benchmarks.json"
    with path.open("w") as file:
        list_benchmarks(str(ROOT / "benchmarks"), file)
    discovered: list[dict[str, Any]] = json.loads(path.read_text())
    return discovered


def test_each_metric_of_each_question_is_found_with_its_unit(found: list[dict[str, Any]]) -> None:
    expected = {
        f"{question}.{metric}": unit
        for question, metrics in QUESTIONS.items()
        for metric, unit in metrics.items()
    }
    assert {benchmark["name"]: benchmark["unit"] for benchmark in found} == expected


def test_versions_are_set_by_hand(found: list[dict[str, Any]]) -> None:
    assert all(benchmark["version"].isdigit() for benchmark in found)


def test_all_metrics_share_one_working_directory(found: list[dict[str, Any]]) -> None:
    assert len({benchmark["setup_cache_key"] for benchmark in found}) == 1
    assert found[0]["setup_cache_key"]


def test_axes_hold_the_patterns_that_carry_the_exchange(found: list[dict[str, Any]]) -> None:
    params = {benchmark["name"]: benchmark["params"] for benchmark in found}
    carrying = {
        exchange: [repr(name) for name in names() if exchange in load(name).exchanges]
        for exchange in Exchange
    }
    assert params["delivery.Delivery.track_p50"] == [
        ["'ticker'", "'chat'"],
        carrying[Exchange.BROADCAST],
    ]
    assert params["work_queue.QueueDelivery.track_p50"][1] == carrying[Exchange.WORK_QUEUE]
    assert params["request_reply.RequestReply.track_p50"][1] == carrying[Exchange.REQUEST_REPLY]
    assert params["connections.Connections.track_spread"] == [
        ["1", "10", "100", "1000"],
        carrying[Exchange.BROADCAST],
    ]
    assert all(
        benchmark["param_names"] in (["scenario", "pattern"], ["connections", "pattern"])
        for benchmark in found
    )


def test_axes_do_not_depend_on_what_a_commit_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """asv hands over a combination by its number."""
    before = {exchange: pattern_names(exchange) for exchange in Exchange}
    fewer = tuple(name for name in names() if not name.startswith("sse"))
    monkeypatch.setattr(patterns, "names", lambda: fewer)
    monkeypatch.setattr(metrics, "names", lambda: fewer)
    pattern_names.cache_clear()
    assert {exchange: pattern_names(exchange) for exchange in Exchange} == before
    with pytest.raises(NotImplementedError, match="pattern sse is not installed"):
        Delivery().setup("ticker", "sse")
    Delivery().setup("ticker", "websocket")


def test_the_readmes_expression_selects_one_pattern(found: list[dict[str, Any]]) -> None:
    chosen = Benchmarks(Config(), found, regex="Delivery.*websocket")
    assert set(chosen) == {f"delivery.Delivery.track_{name}" for name in ("p50", "p90", "p99")}
    _, patterns = chosen["delivery.Delivery.track_p50"]["params"]
    picked = {
        patterns[index % len(patterns)]
        for index in chosen.benchmark_selection["delivery.Delivery.track_p50"]
    }
    assert picked == {name for name in patterns if name.startswith("'websocket")}


def test_throughput_is_the_one_metric_that_gates_leave_out(found: list[dict[str, Any]]) -> None:
    gated = Benchmarks(Config(), found, regex="^(?!.*throughput)")
    assert set(gated) == {b["name"] for b in found if "track_throughput" not in b["name"]}


def test_asv_finds_no_fault_with_the_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        _check((str(ROOT / "benchmarks"),))
    assert exited.value.code == 0, capsys.readouterr().out


def test_finding_them_needs_neither_scipy_nor_the_instrument() -> None:
    """asv imports them in a process for each combination of each metric."""
    heavy = ("scipy", "harness.series", "harness.run", "rich")
    modules = sorted(path.stem for path in (ROOT / "benchmarks").glob("[a-z]*.py"))
    code = (
        f"import sys, {', '.join(f'benchmarks.{name}' for name in modules)}\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
    assert done.stderr == ""


def test_what_may_be_shown_is_what_tables_show() -> None:
    assert statistics.FEWEST_RUNS == FEWEST_RUNS
    assert validity.MESSAGES_BEYOND == DISTINCT_BEYOND
    assert set(ABOUT_TIMES) < {rule.name for rule in validity.RULES}


@pytest.mark.parametrize(
    ("scenario", "quantile"),
    [
        (BUILT_IN["ticker"], "p99"),
        (BUILT_IN["jobs"], "p99"),
        (BUILT_IN["rpc"], "p99"),
        (BUILT_IN["chat"], "p90"),
        (Connections.scenarios[1000], "p50"),
    ],
)
@pytest.mark.parametrize("quick", ["", "1"])
def test_windows_hold_enough_messages(
    scenario: Scenario, quantile: str, quick: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABEC_QUICK", quick)
    workload = quickened(scenario.workload)
    assert workload.rate is not None
    expected = workload.rate * workload.duration
    fewest = expected - 3.5 * expected**0.5
    assert fewest * (1 - QUANTILES[quantile]) >= DISTINCT_BEYOND


def test_environments_pin_what_the_project_needs() -> None:
    """All that its dependencies need in turn, in a version that they allow; not what builds."""
    pinned = {
        name.removeprefix("pip+").replace("_", "-").lower(): versions
        for name, versions in Config.load(str(ROOT / "asv.conf.json")).matrix["req"].items()
    }
    for requirement in _needed("abec-bench", {"setuptools"}):
        name = requirement.name.replace("_", "-").lower()
        assert all(requirement.specifier.contains(version) for version in pinned[name]), name


def _needed(name: str, seen: set[str]) -> list[Requirement]:
    needed = []
    for text in requires(name) or ():
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        if requirement.name not in seen:
            seen.add(requirement.name)
            needed += [requirement, *_needed(requirement.name, seen)]
    return needed
