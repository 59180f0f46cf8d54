"""Throughput at saturation, and polling as a curve."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.report.sweeps import polling_curve, saturation_tables
from harness.workload import Workload

Make = Callable[..., Any]
CLOSED = Workload(rate=None, concurrency=64)


def test_throughput_is_ranked_and_labelled_within_blocks(make_series: Make) -> None:
    rows = {
        "floor": {"achieved_rate": 60e3},
        "sse": {"achieved_rate": 21e3},
        "websocket": {"achieved_rate": 23e3},
        "redis_pubsub": {"achieved_rate": 90e3},
    }
    section, refused = saturation_tables(
        replace(make_series(rows, workload=CLOSED), refused={"sse@x": "it died"})
    )

    lines = section.split("\n")
    assert lines[0] == "Throughput at saturation"
    assert lines[1].startswith("broadcast, closed loop: at most 64 in flight → 1 subscriber")
    order = [line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "]
    assert order == ["floor", "websocket", "sse", "redis_pubsub"]
    assert "" in lines[lines.index(next(line for line in lines if " sse " in line)) :]
    assert "closed loop: not comparable with open-loop figures" in lines
    assert refused == "! sse@x was not measured: it died"


def test_a_fan_out_counts_deliveries_too(make_series: Make) -> None:
    wide = replace(CLOSED, subscribers=64)

    section = saturation_tables(make_series({"sse": {}}, workload=wide))[0]

    assert "deliveries" in section
    assert "1,280,000/s" in section


def test_polling_is_drawn_over_its_intervals(make_series: Make) -> None:
    curve = make_series({})
    for interval in (0.2, 0.01, 0.05):
        workload = Workload(rate=50.0, duration=30.0, poll_interval=interval)
        polls = {
            "floor": {},
            "rest_polling": {"p50": interval / 2 / 0.6, "analytic_mean": interval / 2},
        }
        part = make_series(polls, workload=workload, noise=0.0)
        curve = replace(curve, results=curve.results + part.results)

    (text,) = polling_curve(curve)

    lines = text.split("\n")
    assert "polls every 10 ms, 50 ms, 200 ms" in lines[1]
    assert [line.split()[:10] for line in lines if line.startswith("  rest_polling")] == [
        ["rest_polling", "every", "10", "ms", "5.00", "ms", "5.00", "ms", "±0", "%"],
        ["rest_polling", "every", "50", "ms", "25.0", "ms", "25.0", "ms", "±0", "%"],
        ["rest_polling", "every", "200", "ms", "100", "ms", "100", "ms", "±0", "%"],
    ]
    assert "floor" not in text


def test_no_polling_is_no_curve(make_series: Make) -> None:
    refused = replace(make_series({"sse": {}}), refused={"rest_polling": "it died"})

    assert polling_curve(refused) == ["! rest_polling was not measured: it died"]
