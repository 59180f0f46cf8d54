"""What is told of a network: the line about the relay, and latency with and without."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.measure.compare import Comparison
from harness.measure.configuration import configurations
from harness.report.comparison import compare_report
from harness.report.network import network_section, relay_line
from harness.report.text import run_report
from harness.result import Doubt, NetworkUse
from harness.workload import Workload

Make = Callable[..., Any]
FAR = Workload(rtt=0.05)
USE = NetworkUse(chunks=9_000, late_p50=20e-6, late_p99=210e-6, late_max=0.004, cpu=0.123)
NEAR_ROWS = {"floor": {"p50": 200e-6}, "sse": {"p50": 400e-6}}
FAR_ROWS = {
    "floor": {"p50": 0.0252, "network": USE},
    "sse": {"p50": 0.0254, "network": replace(USE, late_p99=250e-6)},
    "long_polling": {"p50": 0.05, "network": USE},
}


def told(text: str, row: str) -> list[str]:
    (line,) = [line for line in text.split("\n") if line.strip().startswith(row)]
    return line.split()


def test_without_a_relay_nothing_is_said_of_one(make_series: Make) -> None:
    rows = configurations(make_series(NEAR_ROWS))
    assert relay_line(rows) == ""
    assert "relay" not in run_report(make_series(NEAR_ROWS))


def test_the_worst_that_the_relay_did_is_told(make_series: Make) -> None:
    series = make_series(FAR_ROWS, workload=FAR)
    line = relay_line(configurations(series))
    assert "20.0 µs at p50 and 250 µs at p99" in line
    assert "12 %" in line
    assert "network of 50 ms round trip" in run_report(series)


def test_with_and_without_stand_beside_each_other_in_round_trips(make_series: Make) -> None:
    near = make_series(NEAR_ROWS, noise=0)
    far = make_series(FAR_ROWS, runs=3, noise=0, workload=FAR)
    (text,) = network_section(near, far)
    assert text.startswith("With a network in between\n")
    row = told(text, "sse")
    assert row[:3] == ["sse", "400", "µs"]
    assert row[-3:] == ["25.0", "ms", "0.50"]
    # What was not measured without has nothing to be held against.
    row = told(text, "long_polling")
    assert row[1] == "–"
    assert row[-2:] == ["–", "–"]
    assert text.index("floor") < text.index("sse") < text.index("long_polling")


def test_a_row_that_is_saturated_far_away_is_marked(make_series: Make) -> None:
    far = make_series(
        {"sse": {"p50": 0.0254, "network": USE, "saturated": True}}, runs=3, workload=FAR
    )
    (text,) = network_section(make_series({"sse": {"p50": 400e-6}}), far)
    assert told(text, "~ sse  ")[:2] == ["~", "sse"]


def test_what_was_asked_of_more_receivers_is_no_comparison(make_series: Make) -> None:
    near = make_series({"sse": {"p50": 400e-6}}, workload=Workload(subscribers=64))
    far = make_series({"sse": {"p50": 0.0254, "network": USE}}, runs=3, workload=FAR)
    (text,) = network_section(near, far)
    assert told(text, "sse")[-1] == "–"


def test_where_fewer_stand_behind_the_relay_they_are_held_against_themselves(
    make_series: Make,
) -> None:
    """All 64 take 1 ms; the 8 of this table 0.4 ms, and 25.4 ms over the network."""
    doubt = Doubt(rule="machine", reason="steal", remedy="quieten it")
    whole = make_series({"sse": {"p50": 0.001}}, noise=0, workload=Workload(subscribers=64))
    near = make_series(
        {"sse": {"p50": 400e-6}, "websocket": {"p50": 400e-6, "doubts": (doubt,)}},
        runs=3,
        noise=0,
        workload=Workload(subscribers=8),
    )
    far = make_series(
        {"sse": {"p50": 0.0254, "network": USE}, "websocket": {"p50": 0.0254, "network": USE}},
        runs=3,
        noise=0,
        workload=Workload(subscribers=8, rtt=0.05),
    )
    both = replace(near, results=(*near.results, *far.results))
    (text,) = network_section(whole, both)
    assert "→ 8 subscribers" in text
    row = told(text, "sse")
    assert row[:3] == ["sse", "400", "µs"]
    assert row[-1] == "0.50"
    assert told(text, "! websocket  ")[:2] == ["!", "websocket"]
    assert "websocket without a network is invalid" in text
    assert (
        "8 of the 64 receive each message here, with the network and without: beside"
        in " ".join(text.split())
    )


def test_a_comparison_has_it_as_a_part_of_its_own(make_series: Make) -> None:
    compared = Comparison(
        latency=make_series(NEAR_ROWS),
        network=make_series(FAR_ROWS, runs=3, workload=FAR),
    )
    told = compare_report(compared)
    assert "\n\nWith a network in between\n" in told
    assert "where a network is named, it only delays;" in " ".join(told.split())
    assert "With a network in between" not in compare_report(replace(compared, network=None))


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_wider_than_asked(make_series: Make, width: int) -> None:
    far = make_series(FAR_ROWS, runs=3, workload=FAR)
    (text,) = network_section(make_series(NEAR_ROWS), far, width)
    assert max(map(len, text.split("\n"))) <= width
