"""One measurement feeds several metrics, and a second round measures anew."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks import measured
from benchmarks.measured import runs_of
from benchmarks.settings import Profile, count_of_runs, profile
from harness.errors import BadInput
from harness.result import Series
from harness.workload import Workload
from tests.unit.conftest import series

Asked = list[tuple[str, Workload]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, in_directory: object) -> Asked:
    """Count measurements instead of making them."""
    measurements: Asked = []

    def measure(pattern: str, workload: Workload, runs: int) -> Series:
        measurements.append((pattern, workload))
        return series({pattern: {}}, runs=runs, workload=workload, seed=len(measurements))

    monkeypatch.setattr(measured, "_measure", measure)
    return measurements


def test_what_one_metric_measured_the_others_read(asked: Asked) -> None:
    first = runs_of("sse", Workload(), "Delivery.track_p50")
    assert runs_of("sse", Workload(), "Delivery.track_p99") == first
    assert runs_of("sse", Workload(), "CostOfBroadcast.track_server_cpu") == first
    assert asked == [("sse", Workload())]


def test_other_combinations_are_measured_apart(asked: Asked) -> None:
    chat = Workload(subscribers=64, rate=100.0)
    for pattern in ("sse", "websocket"):
        for workload in (Workload(), chat):
            runs_of(pattern, workload, "Delivery.track_p50")
    assert len(asked) == 4


def test_a_second_round_measures_anew_for_all_metrics(asked: Asked) -> None:
    metrics = ("Delivery.track_p50", "Delivery.track_p99")
    first, again = ([runs_of("sse", Workload(), metric) for metric in metrics] for _ in range(2))
    assert first[0] == first[1]
    assert again[0] == again[1]
    assert first[0] != again[0]
    assert len(asked) == 2


def test_a_metric_that_joins_late_reads_the_first_round(asked: Asked) -> None:
    first = runs_of("sse", Workload(), "Delivery.track_p50")
    runs_of("sse", Workload(), "Delivery.track_p50")
    assert runs_of("sse", Workload(), "Delivery.track_p99") == first


def test_eight_runs_are_measured_as_the_workload_says(
    asked: Asked, in_directory: Callable[..., None]
) -> None:
    assert runs_of("sse", Workload(), "Delivery.track_p50").runs == 8
    in_directory("ABEC_RUNS", "5")
    assert runs_of("websocket", Workload(), "Delivery.track_p50").runs == 5
    assert asked == [("sse", Workload()), ("websocket", Workload())]


def test_the_profile_is_quick_unless_it_is_said_or_nothing_is_measured(
    in_directory: Callable[..., None],
) -> None:
    assert profile() is Profile.QUICK
    in_directory("ABEC_PROFILE", "full")
    assert profile() is Profile.FULL
    in_directory("ABEC_PROFILE", "quick")
    in_directory("ABEC_SERIES", "saved.json")
    assert profile() is Profile.FULL


def test_a_profile_that_there_is_not_is_refused(in_directory: Callable[..., None]) -> None:
    in_directory("ABEC_PROFILE", "slow")
    with pytest.raises(BadInput) as refusal:
        profile()
    assert str(refusal.value) == "ABEC_PROFILE slow: must be quick or full"


@pytest.mark.parametrize("text", ["0", "-1", "many", "2.5"])
def test_a_wrong_number_of_runs_is_refused(text: str, in_directory: Callable[..., None]) -> None:
    in_directory("ABEC_RUNS", text)
    with pytest.raises(BadInput, match="ABEC_RUNS"):
        count_of_runs()
