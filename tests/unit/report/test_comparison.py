"""What `abec compare PATTERN…` prints."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.measure.compare import Comparison, MemoryPerConnection
from harness.report.comparison import compare_report
from harness.result import Series
from harness.workload import Workload

Make = Callable[..., Any]
Nature = Mapping[str, Any]


@pytest.fixture
def everything(make_series: Make, nature: Nature) -> Comparison:
    more = {
        "sse@aiohttp": {"p50": 430e-6},
        "websocket@aiohttp": {"p50": 399e-6},
        "sse@sse-starlette": {"p50": 850e-6, "p99": 4.2e-3, "cpu": 31e-6},
        "floor@no-loop": {"p50": 50e-6},
        "redis_pubsub": {"p50": 120e-6},
    }
    curve: Series = make_series({})
    for interval in (0.01, 0.05, 0.2):
        workload = Workload(rate=50.0, duration=30.0, poll_interval=interval)
        polls = {"rest_polling": {"p50": interval, "analytic_mean": interval / 2}}
        curve = replace(
            curve, results=curve.results + make_series(polls, workload=workload).results
        )
    return Comparison(
        latency=make_series({**nature, **more}, noise=0.001),
        saturation=make_series(nature, workload=Workload(rate=None, concurrency=64)),
        polling=curve,
        memory={"sse": MemoryPerConnection(process=12.3 * 1024, kernel=8.1 * 1024)},
    )


def test_every_question_has_its_part_in_this_order(everything: Comparison) -> None:
    headings = [part.split("\n")[0] for part in compare_report(everything).split("\n\n")]

    wanted = [
        "Edge delivery · default stack: latency",
        "Edge delivery · default stack: cost",
        "Edge delivery · @aiohttp: latency",
        "Broker delivery: latency",
        "Broker delivery: cost",
        "Throughput at saturation",
        "Polling is a curve",
        "What the implementation costs",
        "What these runs support",
    ]
    assert [heading for heading in headings if heading in wanted] == wanted
    assert headings[0].startswith("broadcast 1,000 msg/s → 1 subscriber")


def test_it_ends_with_what_it_does_not_tell(everything: Comparison) -> None:
    text = compare_report(everything, "results/runs/x.json")

    assert text.split("\n\n")[-2].startswith("What this does not tell you: loopback")
    assert text.endswith("\n\nsaved results/runs/x.json")


def test_a_closed_loop_by_itself_has_no_latency_table(make_series: Make) -> None:
    closed = Workload(rate=None, concurrency=64)

    text = compare_report(Comparison(latency=make_series({"sse": {}}, workload=closed)))

    assert "Throughput at saturation" in text
    assert "latency\n" not in text


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_wider_than_asked(everything: Comparison, width: int) -> None:
    text = compare_report(everything, "x" * 50, width)

    assert max(map(len, text.split("\n"))) <= width


def test_on_80_columns_latency_loss_and_floor_stay_in_one_table(everything: Comparison) -> None:
    lines = compare_report(everything, width=80).split("\n")

    heading = lines.index("Edge delivery · default stack: latency")
    assert lines[heading + 1].split() == ["p50", "p99", "×", "floor", "lost"]
    curve = [line for line in lines if line.startswith("  rest_polling every ")]
    assert len(curve) == 6, "each half of the curve names its intervals"


def test_nothing_measured(make_series: Make) -> None:
    refused = replace(make_series({}), refused={"sse": "it died"})

    assert compare_report(Comparison(latency=refused)) == "! sse was not measured: it died"
