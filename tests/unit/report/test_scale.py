"""What balancer and backplane add, and figures against gateways, from made-up results."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.cli.scale import at_rate, in_flight
from harness.report.question import traffic
from harness.report.scale import scale_report
from harness.result import Doubt, Series
from harness.scaling import Backplane, Balancer
from harness.series import names_of
from harness.workload import Workload

ASKED = Workload(gateways=2)
DOUBT = Doubt(rule="machine", reason="busy", remedy="less")
P50 = {
    (1, Backplane.NONE, Balancer.NONE): 0.001,
    (1, Backplane.PUBSUB, Balancer.NONE): 0.0015,
    (1, Backplane.STREAMS, Balancer.NONE): 0.0018,
    (1, Backplane.SHARDED, Balancer.NONE): 0.0016,
    (1, Backplane.NONE, Balancer.CADDY): 0.003,
    (1, Backplane.PUBSUB, Balancer.CADDY): 0.0045,
    (1, Backplane.STREAMS, Balancer.CADDY): 0.005,
    (1, Backplane.SHARDED, Balancer.CADDY): 0.0048,
    (2, Backplane.PUBSUB, Balancer.CADDY): 0.006,
}


def measured(
    make_series: Callable[..., Series], workloads: list[Workload], **changes: Any
) -> Series:
    series = [
        make_series(
            {
                "websocket_scaled": {
                    "p50": P50[one.gateways, one.backplane, one.balancer],
                    **(changes if one.balancer is Balancer.NONE else {}),
                }
            },
            workload=one,
            runs=1,
            noise=0.0,
        )
        for one in workloads
    ]
    return replace(series[0], results=tuple(run for one in series for run in one.results))


def report(make_series: Callable[..., Series], **changes: Any) -> str:
    latency = measured(make_series, [cell.workload for cell in at_rate(ASKED)], **changes)
    closed = measured(make_series, [cell.workload for cell in in_flight(ASKED)])
    text = scale_report(latency, closed)
    assert max(map(len, text.splitlines())) <= 100
    return text


def figures(text: str, name: str) -> list[str]:
    """Give the cells of the row with this name."""
    (line,) = (line for line in text.splitlines() if line.lstrip(" !").startswith(name))
    return re.split(r"\s{2,}", line.strip())[1:]


def test_each_part_is_held_against_the_row_without_it(
    make_series: Callable[..., Series],
) -> None:
    lines = report(make_series)
    assert figures(lines, "no backplane, no balancer")[0] == "1.00 ms"
    assert figures(lines, "pubsub, no balancer")[:2] == ["1.50 ms", "500 µs"]
    assert figures(lines, "streams, no balancer")[:2] == ["1.80 ms", "800 µs"]
    assert figures(lines, "sharded, no balancer")[:2] == ["1.60 ms", "600 µs"]
    assert figures(lines, "no backplane, behind caddy")[:2] == ["3.00 ms", "2.00 ms"]
    assert figures(lines, "pubsub, behind caddy")[:2] == ["4.50 ms", "3.00 ms"]
    assert figures(lines, "2 gateways")[0] == "6.00 ms"


def test_what_stands_between_is_told_where_it_is_not_the_default() -> None:
    assert traffic(Workload()) == "broadcast 1,000 msg/s → 1 subscriber"
    several = Workload(gateways=2, backplane=Backplane.STREAMS)
    assert traffic(several).endswith("→ 1 subscriber over 2 gateways, streams, behind caddy")


def test_an_invalid_row_is_held_against_nothing(make_series: Callable[..., Series]) -> None:
    text = report(make_series, doubts=(DOUBT,))
    assert figures(text, "no backplane, behind caddy")[:2] == ["3.00 ms", "–"]
    assert figures(text, "pubsub, no balancer")[:2] == ["1.50 ms", "–"]


def test_the_tail_that_is_not_shown_says_what_it_takes(make_series: Callable[..., Series]) -> None:
    def told(asked: Workload) -> str:
        latency = measured(make_series, [cell.workload for cell in at_rate(asked)])
        closed = measured(make_series, [cell.workload for cell in in_flight(asked)])
        return scale_report(latency, closed)

    short = told(replace(ASKED, rate=50.0))
    assert "p90" in short
    assert "p99 needs 20 messages beyond it, 2,000 in the window; here 250; --duration 44s" in (
        " ".join(short.split())
    )
    long = told(replace(ASKED, rate=50.0, duration=44.0))
    assert "p99" in long
    assert "messages beyond it" not in long


def without(series: Series, leave: Callable[[Workload], bool], **refused: str) -> Series:
    """Leave out the runs of some workloads, which were refused for these reasons."""
    kept = tuple(run for run in series.results if not leave(run.workload))
    return replace(series, results=kept, refused=refused)


def test_one_row_that_could_not_be_measured_is_named(make_series: Callable[..., Series]) -> None:
    cells = list(at_rate(ASKED))
    latency = measured(make_series, [cell.workload for cell in cells])
    closed = measured(make_series, [cell.workload for cell in in_flight(ASKED)])
    gone = next(cell for cell in cells if cell.workload.backplane is Backplane.SHARDED)
    reason = "Redis 6.2 knows no SPUBLISH"
    refused = {names_of(cells)[gone]: reason}
    text = scale_report(without(latency, lambda one: one == gone.workload, **refused), closed)
    assert "sharded, no balancer" not in text
    assert (
        "! websocket_scaled --gateways 1 --backplane sharded --balancer none was not measured: "
        f"{reason}" in " ".join(text.split())
    )
    assert figures(text, "pubsub, no balancer")[:2] == ["1.50 ms", "500 µs"]
    assert "in flight" in text


def test_a_closed_loop_that_failed_takes_no_latency_along(
    make_series: Callable[..., Series],
) -> None:
    latency = measured(make_series, [cell.workload for cell in at_rate(ASKED)])
    loop = list(in_flight(ASKED))
    closed = measured(make_series, [cell.workload for cell in loop])
    names = names_of(loop)
    refused = {names[cell]: f"died at {cell.workload.gateways}" for cell in loop}
    text = scale_report(latency, without(closed, lambda _one: True, **refused))
    assert figures(text, "pubsub, behind caddy")[:2] == ["4.50 ms", "3.00 ms"]
    assert figures(text, "2 gateways")[0] == "6.00 ms"
    assert "throughput" not in text
    for gateways in (1, 2):
        assert (
            f"! websocket_scaled --gateways {gateways} was not measured in the closed loop: "
            f"died at {gateways}" in text
        )


def test_a_throughput_stands_without_its_latency(make_series: Callable[..., Series]) -> None:
    latency = measured(make_series, [cell.workload for cell in at_rate(ASKED)])
    closed = measured(make_series, [cell.workload for cell in in_flight(ASKED)])
    text = scale_report(without(latency, lambda one: one.gateways == 2, several="late"), closed)
    assert figures(text, "2 gateways")[:2] == ["–", "–"]
    assert figures(text, "2 gateways")[-1].endswith("msg/s")


def test_without_any_latency_both_series_say_why(make_series: Callable[..., Series]) -> None:
    nothing = measured(make_series, [cell.workload for cell in in_flight(ASKED)])
    text = scale_report(
        without(nothing, lambda _one: True, first="no caddy"),
        without(nothing, lambda _one: True, second="no Redis"),
    )
    assert text.splitlines() == [
        "! first was not measured: no caddy",
        "! second was not measured in the closed loop: no Redis",
    ]


def test_only_one_gateway_goes_without_a_backplane() -> None:
    asked = [cell.workload for cell in at_rate(ASKED)]
    assert len(asked) == len(set(asked)) == 9
    assert {one.gateways for one in asked if one.backplane is Backplane.NONE} == {1}
