"""One figure of one row."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.measure.configuration import CPU_PER_MESSAGE, P50, P99, Configuration, configurations
from harness.measure.statistics import estimate
from harness.report import cells, units
from harness.workload import Workload

Make = Callable[..., Any]


def row(series: Any) -> Configuration:
    return configurations(series)[0]


def test_an_interval_needs_five_runs() -> None:
    assert cells.interval(estimate([1e-3] * 4), units.seconds) == "1.00 ms"
    spread = [0.9e-3, 0.95e-3, 1e-3, 1.05e-3, 1.1e-3]
    assert cells.interval(estimate(spread), units.seconds) == "1.00 ms ±10 %"
    assert cells.interval(estimate([*spread[:4], None]), units.seconds) == "1.00 ms ±∞"
    assert cells.interval(estimate([None] * 5), units.seconds) == "∞"


def test_a_percentile_without_enough_messages_is_not_shown(make_series: Make) -> None:
    few = row(make_series({"sse": {}}, workload=Workload(rate=100.0), noise=0.0))

    assert cells.latency(few, P50) == "400 µs ±0 %"
    assert cells.latency(few, P99) == "–"


def test_costs(make_series: Make) -> None:
    assert cells.cost(row(make_series({"sse": {}}, noise=0.0)), CPU_PER_MESSAGE) == "12.0 µs ±0 %"
    assert cells.cost(row(make_series({"sse": {"cpu": None}})), CPU_PER_MESSAGE) == "–"


def test_losses_are_added_up_and_load_is_the_worst(make_series: Make) -> None:
    series = make_series({"sse": {}})
    first, *others = series.results
    audit = replace(first.audit, lost=1200)
    busy = replace(first, audit=audit, generator=replace(first.generator, cpu_peak=0.66))
    found = row(replace(series, results=(busy, *others)))

    assert cells.lost(found) == "1,200"
    assert cells.busiest_load(found) == "66 %"


def test_wire_and_cores(make_series: Make) -> None:
    found = row(make_series({"sse": {}}, noise=0.0))

    assert cells.wire_bytes(found) == "262 + 4"
    uncounted = replace(found.used[0], wire=replace(found.used[0].wire, connections=0))
    by_file = replace(found, used=(uncounted,))
    assert cells.wire_bytes(by_file) == cells.wire_segments(by_file) == "–"
    assert cells.connections(by_file) == "–"
    assert cells.wire_segments(found) == "1.02 + 0.90"
    assert cells.cores(found) == "0.012"
    assert cells.throughput(found) == "1,000 msg/s ±0 %"
    assert (cells.times_floor(None), cells.times_floor(3.729)) == ("–", "3.73")
