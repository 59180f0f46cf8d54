"""Objectives: read with their units, refused with a remedy, and what keeps to them."""

import pytest

from harness.errors import BadInput
from harness.objective import METRICS, parse_objective


@pytest.mark.parametrize(
    ("text", "metric", "comparison", "limit"),
    [
        ("p99<5ms", "p99", "<", 0.005),
        (" p99.9 <= 20 ms ", "p99.9", "<=", 0.02),
        ("max<1s", "max", "<", 1.0),
        ("cpu<20us", "cpu", "<", 20e-6),
        ("cpu<20µs", "cpu", "<", 20e-6),
        ("bytes<=300B", "bytes", "<=", 300),
        ("memory<64KiB", "memory", "<", 65536),
        ("lost==0", "lost", "==", 0),
        ("lost<3", "lost", "<", 3),
    ],
)
def test_objectives_are_read_with_units(
    text: str, metric: str, comparison: str, limit: float
) -> None:
    read = parse_objective(text)
    assert (read.metric, read.comparison) == (metric, comparison)
    assert read.limit == pytest.approx(limit)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("p99", '--assert p99: is no METRIC<LIMIT; for example "p99<5ms" or "lost==0"'),
        ("", "is no METRIC<LIMIT"),
        ("p98<5ms", 'no such metric "p98"; did you mean p9'),
        ("throughput<5", 'no such metric "throughput"; known are p50'),
        ("p99<5", "5 of what? give a unit; for example 5ms or 20us"),
        ("p99<5KiB", "5KiB is no time"),
        ("memory<64", "64 of what? give a unit"),
        ("memory<5ms", "5ms is no size"),
        ("p99>5ms", "> cannot be asked of p99; use < or <="),
        ("p99==5ms", "== cannot be asked of p99; use < or <="),
        ("lost>=0", ">= cannot be asked of lost; use <, <= or =="),
        ("lost==0.5", "0.5 is no whole number of messages; for example 0"),
    ],
)
def test_what_cannot_be_promised_is_refused(text: str, line: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_objective(text)
    assert line in str(refused.value)


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_refuses_a_limit_that_is_none(metric: str) -> None:
    with pytest.raises(BadInput):
        parse_objective(f"{metric}<soon")


def test_limits_are_kept_to_the_letter() -> None:
    below, at_most = parse_objective("p99<5ms"), parse_objective("p99<=5ms")
    assert (below.met_by(0.004), below.met_by(0.005)) == (True, False)
    assert (at_most.met_by(0.005), at_most.met_by(0.0051)) == (True, False)
    assert not at_most.met_by(None)
    exactly = parse_objective("lost==0")
    assert (exactly.met_by(0), exactly.met_by(1)) == (True, False)
