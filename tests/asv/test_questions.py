"""What asv finds: names, axes, units, versions, and what it takes to find them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import asv.benchmark
import pytest
from asv.benchmarks import Benchmarks
from asv.config import Config
from asv_runner.check import _check
from packaging.requirements import Requirement

from benchmarks import metrics, patterns
from benchmarks.axes import windowed
from benchmarks.connections import FEWEST_CONNECTIONS, holding
from benchmarks.delivery import Delivery
from benchmarks.fan_out import fanned_out
from benchmarks.patterns import pattern_names
from benchmarks.scaled import spread
from benchmarks.validity import ABOUT_TIMES, FEWEST_RUNS
from benchmarks.values import DISTINCT_BEYOND, QUANTILES
from harness.measure import configuration, statistics, validity
from harness.registry import load, names
from harness.regress.watched import WATCHED
from harness.report import asv_reasons
from harness.scenario import BUILT_IN
from harness.workload import Exchange, Workload

ROOT = Path(__file__).parents[2]
COSTS = {
    "track_server_cpu": "seconds",
    "track_tcp_payload": "bytes",
    "track_context_switches": "switches",
    "track_lost": "per million",
}
GATEWAYS = {
    "track_p50": "seconds",
    "track_p90": "seconds",
    "track_last_p50": "seconds",
    "track_server_cpu": "seconds",
}
SATURATION = {"track_time_per_message": "seconds", "track_throughput": "messages/s"}
QUICK: dict[str, dict[str, str]] = {
    "cost_per_message.CostOfBroadcast": COSTS,
    "cost_per_message.CostOfRequestReply": COSTS,
    "cost_per_message.CostOfWorkQueue": COSTS,
    "delivery.Delivery": {
        "track_p50": "seconds",
        "track_p90": "seconds",
        "track_p99": "seconds",
    },
    "journey.WaitForVerdict": {
        "track_notified": "seconds",
        "track_p50": "seconds",
        "track_p90": "seconds",
        "track_requests": "requests",
        "track_server_cpu": "seconds",
    },
    "request_reply.RequestReply": {"track_p50": "seconds", "track_p99": "seconds"},
    "work_queue.QueueDelivery": {"track_p50": "seconds", "track_p99": "seconds"},
}
FULL: dict[str, dict[str, str]] = QUICK | {
    "connections.Connections": {
        "track_setup_p99": "seconds",
        "track_memory_per_connection": "bytes",
        "track_spread": "seconds",
    },
    "delivery.DeliveryByClient": {"track_p50": "seconds", "track_p99": "seconds"},
    "durability.Killed": {
        "track_lost": "messages",
        "track_repeated": "messages",
        "track_back": "seconds",
    },
    "durability.Popped": {"track_p50": "seconds", "track_server_cpu": "seconds"},
    "durability.WrittenDown": {
        "track_server_cpu": "seconds",
        "track_p50": "seconds",
        "track_p99": "seconds",
    },
    "fan_out.FanOut": {
        "track_server_cpu": "seconds",
        "track_context_switches": "switches",
        "track_p50": "seconds",
        "track_last_p50": "seconds",
        "track_p90": "seconds",
    },
    "group.Group": {
        "track_server_cpu": "seconds",
        "track_tcp_payload": "bytes",
        "track_p50": "seconds",
    },
    "payload.Payload": {
        "track_server_cpu": "seconds",
        "track_tcp_payload": "bytes",
        "track_p50": "seconds",
    },
    "polling_interval.PollingInterval": {
        "track_server_cpu": "seconds",
        "track_tcp_payload": "bytes",
        "track_p50": "seconds",
    },
    "redis_commands.RedisCommands": {"track_p50": "seconds", "track_server_cpu": "seconds"},
    "scaled.Scaled": GATEWAYS,
    "scaled.Joined": GATEWAYS,
    "saturation.SaturationBroadcast": SATURATION,
    "saturation.SaturationRequestReply": SATURATION,
    "saturation.SaturationWorkQueue": SATURATION,
    "network.Network": {"track_p50": "seconds", "track_p99": "seconds"},
    "tls.Tls": {
        "track_setup_p50": "seconds",
        "track_memory_per_connection": "bytes",
        "track_p50": "seconds",
    },
}


def discover(profile: str, directory: Path) -> list[dict[str, Any]]:
    """Discover benchmarks as asv does, in a process of its own."""
    found = directory / f"{profile}.json"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ABEC_")}
    done = subprocess.run(
        [sys.executable, asv.benchmark.__file__, "discover", str(ROOT / "benchmarks"), str(found)],
        env={**kept, "ABEC_PROFILE": profile},
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    discovered: list[dict[str, Any]] = json.loads(found.read_text())
    return discovered


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Give what the full profile has."""
    return discover("full", tmp_path_factory.mktemp("full"))


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Give what the quick profile has."""
    return discover("quick", tmp_path_factory.mktemp("quick"))


def names_and_units(questions: dict[str, dict[str, str]]) -> dict[str, str]:
    return {
        f"{question}.{metric}": unit
        for question, metrics in questions.items()
        for metric, unit in metrics.items()
    }


def test_each_metric_of_each_question_is_found_with_its_unit(found: list[dict[str, Any]]) -> None:
    units = {benchmark["name"]: benchmark["unit"] for benchmark in found}
    assert units == names_and_units(FULL)


def test_quick_asks_for_delivery_and_cost_of_each_exchange(quick: list[dict[str, Any]]) -> None:
    assert {benchmark["name"] for benchmark in quick} == set(names_and_units(QUICK))
    assert all(all(benchmark["params"]) for benchmark in quick)


def test_versions_are_set_by_hand(found: list[dict[str, Any]]) -> None:
    assert all(benchmark["version"].isdigit() for benchmark in found)


def test_all_metrics_share_one_working_directory(found: list[dict[str, Any]]) -> None:
    assert len({benchmark["setup_cache_key"] for benchmark in found}) == 1
    assert found[0]["setup_cache_key"]


def test_axes_say_what_a_question_turns(found: list[dict[str, Any]]) -> None:
    axes = {
        benchmark["name"].rpartition(".")[0]: dict(
            zip(benchmark["param_names"], benchmark["params"], strict=True)
        )
        for benchmark in found
    }
    turned = {
        name: {k: v for k, v in axis.items() if k != "pattern"} for name, axis in axes.items()
    }
    assert turned == {
        "connections.Connections": {"connections": ["100", "1000"]},
        "cost_per_message.CostOfBroadcast": {"scenario": ["'ticker'"]},
        "cost_per_message.CostOfRequestReply": {"scenario": ["'rpc'"]},
        "cost_per_message.CostOfWorkQueue": {"scenario": ["'jobs'"]},
        "delivery.Delivery": {"scenario": ["'ticker'"]},
        "delivery.DeliveryByClient": {"client": ["'wire'", "'library'"]},
        "durability.Killed": {
            "killed": ["'consumer of brpop'", "'consumer of lmove'", "'redis with aof-everysec'"]
        },
        "durability.Popped": {"pop": ["'rpop'", "'lmove'"]},
        "durability.WrittenDown": {"persistence": ["'rdb'", "'aof-everysec'", "'aof-always'"]},
        "fan_out.FanOut": {"subscribers": ["8", "64"]},
        "group.Group": {"scenario": ["'collab'"]},
        "journey.WaitForVerdict": {"scenario": ["'short job'"]},
        "redis_commands.RedisCommands": {"command": ["'GET'", "'SET'"]},
        "scaled.Scaled": {"gateways": ["1", "3"]},
        "scaled.Joined": {"backplane": ["'pubsub'", "'streams'", "'sharded'"]},
        "network.Network": {"rtt": ["0.05"]},
        "payload.Payload": {"payload": ["256", "4096", "65536"]},
        "polling_interval.PollingInterval": {"poll_interval": ["0.005", "0.02", "0.08"]},
        "request_reply.RequestReply": {"scenario": ["'rpc'"]},
        "saturation.SaturationBroadcast": {"scenario": ["'64 in flight'"]},
        "saturation.SaturationRequestReply": {"scenario": ["'64 in flight'"]},
        "saturation.SaturationWorkQueue": {"scenario": ["'64 in flight'"]},
        "tls.Tls": {"subscribers": ["200"]},
        "work_queue.QueueDelivery": {"scenario": ["'jobs'"]},
    }
    carrying = {
        exchange: {repr(name) for name in names() if exchange in load(name).exchanges}
        for exchange in Exchange
    }
    broadcasting = carrying[Exchange.BROADCAST] - {"'websocket_scaled'"}
    assert set(axes["delivery.Delivery"]["pattern"]) == broadcasting
    assert set(axes["work_queue.QueueDelivery"]["pattern"]) == carrying[Exchange.WORK_QUEUE]
    assert set(axes["journey.WaitForVerdict"]["pattern"]) == carrying[Exchange.JOURNEY]
    replying = set(axes["request_reply.RequestReply"]["pattern"])
    by_name = {"'floor@no-loop'", "'redis_command'", "'graphql@mutation'"}
    assert replying == carrying[Exchange.REQUEST_REPLY] - by_name


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
    assert {f"delivery.Delivery.track_{name}" for name in ("p50", "p90", "p99")} < set(chosen)
    assert all(name.startswith("delivery.Delivery") for name in chosen)
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
    assert configuration.FEWEST_CONNECTIONS == FEWEST_CONNECTIONS
    assert asv_reasons.NOT_APPLICABLE == metrics.NOT_APPLICABLE
    assert validity.MESSAGES_BEYOND == DISTINCT_BEYOND
    assert set(ABOUT_TIMES) < {rule.name for rule in validity.RULES}
    assert {one.despite for one in WATCHED if one.despite} == {frozenset(ABOUT_TIMES)}


def _scenario(name: str) -> Workload:
    return windowed(BUILT_IN[name].workload)


@pytest.mark.parametrize(
    ("profile", "workload", "quantile"),
    [
        *(
            (profile, partial(_scenario, name), "p99")
            for profile in ("quick", "full")
            for name in ("ticker", "jobs", "rpc")
        ),
        ("full", partial(fanned_out, 64), "p90"),
        ("full", partial(spread, 3), "p90"),
        ("full", partial(holding, 1000), "p50"),
    ],
)
def test_windows_hold_enough_messages(
    profile: str,
    workload: Callable[[], Workload],
    quantile: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever the schedule's seed."""
    monkeypatch.setenv("ABEC_PROFILE", profile)
    asked = workload()
    assert asked.rate is not None
    expected = asked.rate * asked.duration
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
