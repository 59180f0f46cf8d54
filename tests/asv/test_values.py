"""From runs to what asv stores."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asv_runner.statistics import compute_stats

from benchmarks import metrics, validity
from benchmarks.connections import Connections, holding, memory_per_connection
from benchmarks.cost_per_message import CostOfBroadcast
from benchmarks.delivery import Delivery
from benchmarks.saturation import SaturationBroadcast, saturating
from benchmarks.values import NotApplicable, latency, lost_per_million, measured, samples
from harness.errors import NotMeasured
from harness.measure import validity as harness_validity
from harness.result import Doubt, Result, Series
from harness.scenario import Scenario
from harness.workload import Exchange, Workload
from tests.unit.conftest import latency as make_latency
from tests.unit.conftest import result, series

LAG = Doubt(rule="receiver lag", reason="the generator was late", remedy="try --rate 500")
STEAL = Doubt(rule="machine", reason="5 % were stolen", remedy="another machine")
EIGHT = [0.001 * number for number in range(1, 9)]


@pytest.fixture
def of_runs(monkeypatch: pytest.MonkeyPatch, in_directory: object) -> Callable[..., None]:
    """Give what lets metrics read the runs that the test made."""

    def use(runs: Sequence[Result], refused: dict[str, str] | None = None) -> None:
        made = Series(
            command="", order_seed=1, runs=len(runs), results=tuple(runs), refused=refused or {}
        )
        monkeypatch.setattr(metrics, "runs_of", lambda *_: made)

    return use


def test_a_sample_is_one_run() -> None:
    runs = [result(p50=value) for value in EIGHT]
    assert latency(runs, "delivery", "p50") == {"samples": EIGHT, "number": 1}


def test_values_have_four_digits() -> None:
    given = {"samples": [0.0012350], "number": 1}
    assert samples([0.00123496]) == measured([0.00123504]) == given


def test_a_percentile_needs_twenty_messages_beyond_it() -> None:
    slow = Workload(rate=100.0)
    runs = [result(workload=slow)] * 8
    assert isinstance(latency(runs, "delivery", "p90"), dict)
    with pytest.raises(NotApplicable, match="p99 of 500 messages"):
        latency(runs, "delivery", "p99")


@pytest.mark.parametrize("count", [1, 5, 7, 8])
def test_runs_that_lost_too_much_count_as_infinite_while_a_median_is_left(count: int) -> None:
    finite = [*range(1, count + 1)]
    for infinite in range(1, count + 1):
        values = [*finite[infinite:], *[None] * infinite]
        try:
            given = samples(values)
        except NotMeasured:
            assert 2 * infinite >= count - 1
        else:
            assert isinstance(given, dict)
            assert math.isfinite(compute_stats(given["samples"], 1)[0])


def test_a_cost_that_was_not_measured_is_left_out() -> None:
    assert measured([1.0, None, 2.0]) == {"samples": [1.0, 2.0], "number": 1}
    with pytest.raises(NotApplicable):
        measured([None, None])


def test_invalid_runs_are_left_out(of_runs: Callable[..., None]) -> None:
    of_runs([result(p50=value) for value in EIGHT[:5]] + [result(p50=1.0, doubts=(STEAL,))] * 3)
    assert Delivery().track_p50("ticker", "sse") == {"samples": EIGHT[:5], "number": 1}


def test_with_fewer_than_five_valid_runs_there_is_none(
    of_runs: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    of_runs([result()] * 4 + [result(doubts=(LAG,))] * 4)
    value = Delivery().track_p50("ticker", "sse")
    assert isinstance(value, float)
    assert math.isnan(value)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == ("n/a: 4 of 8 runs are invalid: the generator was late; try --rate 500\n")


def test_what_was_refused_has_failed(of_runs: Callable[..., None]) -> None:
    of_runs([], {"sse": "server sse died (exit 1)"})
    with pytest.raises(NotMeasured, match="server sse died"):
        Delivery().track_p50("ticker", "sse")


def test_reading_saved_series_never_fails(
    of_runs: Callable[..., None], in_directory: Callable[..., None]
) -> None:
    in_directory("ABEC_SERIES", "saved.json")
    of_runs([result(p50=None)] * 8)
    value = Delivery().track_p50("ticker", "sse")
    assert isinstance(value, float)
    assert math.isnan(value)


def test_costs_are_those_of_a_delivery(of_runs: Callable[..., None]) -> None:
    chat = Workload(subscribers=64, rate=100.0)
    of_runs([result(cpu=12e-6, workload=chat)] * 8)
    question = CostOfBroadcast()
    cpu = question.track_server_cpu("ticker", "sse")
    assert cpu == {"samples": [1.875e-07] * 8, "number": 1}
    switches = question.track_context_switches("ticker", "sse")
    assert switches == {"samples": [0.007812] * 8, "number": 1}
    payload = question.track_tcp_payload("ticker", "sse")
    assert payload == {"samples": [262.1] * 8, "number": 1}


def test_what_a_strangers_server_cost_is_not_known(
    of_runs: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    of_runs([result(cpu=None)] * 8)
    assert not isinstance(CostOfBroadcast().track_context_switches("ticker", "sse"), dict)
    assert capsys.readouterr().err == "n/a: was not measured\n"


def test_losses_are_of_a_million_over_all_runs(of_runs: Callable[..., None]) -> None:
    clean = result()
    lossy = replace(clean, audit=replace(clean.audit, lost=3, delivered=clean.audit.owed - 3))
    of_runs([clean] * 7 + [lossy])
    assert clean.audit.owed == 5000
    assert CostOfBroadcast().track_lost("ticker", "sse") == 75.0
    nothing = replace(clean, audit=replace(clean.audit, owed=0))
    with pytest.raises(NotApplicable, match="nothing was sent"):
        lost_per_million([nothing])


@pytest.mark.parametrize(("doubt", "believed"), [(LAG, True), (STEAL, False)])
def test_losses_and_bytes_do_not_depend_on_when_messages_came(
    of_runs: Callable[..., None], doubt: Doubt, believed: bool
) -> None:
    of_runs([result(doubts=(doubt,))] * 8)
    question = CostOfBroadcast()
    assert isinstance(question.track_tcp_payload("ticker", "sse"), dict) is believed
    lost = question.track_lost("ticker", "sse")
    assert isinstance(lost, float)
    assert math.isnan(lost) is not believed
    assert not isinstance(question.track_server_cpu("ticker", "sse"), dict)


def test_saturation_is_gated_as_time_and_shown_as_rate(
    of_runs: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = saturating(Exchange.BROADCAST, "sse")
    name = asked.name
    monkeypatch.setattr(SaturationBroadcast, "scenarios", {name: asked})
    of_runs([result(achieved_rate=12_345.6)] * 7 + [result(achieved_rate=0.0)])
    question = SaturationBroadcast()
    time = question.track_time_per_message(name, "sse")
    assert time == {"samples": [8.1e-05] * 7 + [math.inf], "number": 1}
    rate = question.track_throughput(name, "sse")
    assert rate == {"samples": [12_350.0] * 7 + [0.0], "number": 1}


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Connections:
    """Ask what the full profile asks, and of fewer connections."""
    asked = {size: Scenario(name=f"{size}", workload=holding(size)) for size in (10, 100, 1000)}
    monkeypatch.setattr(Connections, "scenarios", asked)
    return Connections()


def test_connections(of_runs: Callable[..., None], connections: Connections) -> None:
    run = result(p50=0.01, workload=holding(1000))
    run = replace(
        run,
        setup=make_latency(0.002, 0.009, 1000),
        server=replace(run.server, pss_before=30_000_000, pss=50_000_000),
    )
    of_runs([run] * 8)
    assert connections.track_setup_p99(1000, "sse") == {"samples": [0.009] * 8, "number": 1}
    memory = connections.track_memory_per_connection(1000, "sse")
    assert memory == {"samples": [20_000.0] * 8, "number": 1}
    spread = connections.track_spread(1000, "sse")
    assert isinstance(spread, dict)
    assert spread["samples"] == pytest.approx([0.003] * 8)


@pytest.mark.parametrize(("doubt", "believed"), [(LAG, True), (STEAL, False)])
def test_set_up_does_not_depend_on_when_messages_came(
    of_runs: Callable[..., None], connections: Connections, doubt: Doubt, believed: bool
) -> None:
    of_runs([result(workload=holding(100), doubts=(doubt,))] * 8)
    assert isinstance(connections.track_setup_p99(100, "sse"), dict) is believed
    assert isinstance(connections.track_memory_per_connection(100, "sse"), dict) is believed
    assert not isinstance(connections.track_spread(100, "sse"), dict)


def test_few_connections_have_no_memory_of_their_own(
    of_runs: Callable[..., None], connections: Connections
) -> None:
    of_runs([result(workload=holding(10))] * 8)
    assert not isinstance(connections.track_memory_per_connection(10, "sse"), dict)


def test_servers_that_cannot_be_seen_have_no_memory(
    of_runs: Callable[..., None], connections: Connections
) -> None:
    run = result(workload=holding(1000))
    unseen = replace(run, server=replace(run.server, pss_before=0, pss=0))
    of_runs([unseen] * 8)
    assert math.isnan(connections.track_memory_per_connection(1000, "sse"))
    with pytest.raises(NotApplicable, match="was not measured"):
        memory_per_connection([unseen] * 8)


def test_saved_runs_are_found_by_what_was_asked(
    in_directory: Callable[..., None], tmp_path: Path
) -> None:
    from harness.schema import save

    asked = Delivery.scenarios["ticker"].workload
    shorter = replace(asked, warmup=0.3, duration=2.5, seed=7, ramp=100.0)
    for number, workload in enumerate([shorter, replace(asked, poll_interval=0.08)]):
        made = series({"sse": {}, "websocket": {}}, runs=7, workload=workload)
        save(made, tmp_path / f"{number}.json")
    in_directory("ABEC_SERIES", f"{tmp_path}/0.json:{tmp_path}/1.json")

    def found(name: str, pattern: str) -> Any:
        return Delivery().track_p50(name, pattern)

    assert len(found("ticker", "sse")["samples"]) == 7
    assert math.isnan(found("ticker", "floor"))
    in_directory("ABEC_SERIES", f"{tmp_path}/1.json")
    assert math.isnan(found("ticker", "sse"))


def test_a_refusal_under_another_workload_hides_no_runs(
    in_directory: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from harness.schema import save

    made = series({"sse": {}}, runs=7, workload=Delivery.scenarios["ticker"].workload)
    refused = {"sse": "connections: server died", "websocket": "prices: server died"}
    save(replace(made, refused=refused), tmp_path / "gate.json")
    in_directory("ABEC_SERIES", f"{tmp_path}/gate.json")
    shown = Delivery().track_p50("ticker", "sse")
    assert isinstance(shown, dict)
    assert len(shown["samples"]) == 7
    assert math.isnan(Delivery().track_p50("ticker", "websocket"))
    assert "prices: server died" in capsys.readouterr().err


def test_what_is_about_times_is_so_for_the_pages_too() -> None:
    assert validity.ABOUT_TIMES == harness_validity.ABOUT_TIMES
