"""One line a run."""

import csv
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.report.rows import csv_rows
from harness.result import Doubt, Series

Make = Callable[..., Any]


def read(series: Series) -> list[dict[str, str]]:
    return list(csv.DictReader(csv_rows(series)))


def test_each_run_is_a_line_of_plain_numbers(make_series: Make) -> None:
    rows = read(make_series({"sse": {}, "floor": {}}, runs=3, noise=0.0))

    assert len(rows) == 6
    row = next(row for row in rows if row["pattern"] == "sse")
    assert row["valid"] == "true"
    assert float(row["delivery.p50"]) == 0.0004
    assert row["workload.exchange"] == "broadcast"
    assert row["workload.concurrency"] == ""
    assert {row["block_index"] for row in rows} == {"0", "1", "2"}
    assert not [name for name in row if "histogram" in name]


def test_infinite_unmeasured_and_doubted(make_series: Make, make_latency: Make) -> None:
    doubts = tuple(Doubt(rule=rule, reason="r", remedy="m") for rule in ("machine", "offered"))
    lossy = make_latency(0.1, None, messages=5000, lost=100)
    (made,) = make_series({"sse": {"cpu": None, "doubts": doubts}}, runs=1).results
    audit = replace(made.audit, causes={"evicted": 3, "disconnected": 1})
    run = replace(made, delivery=lossy, audit=audit, remarks=("a, b", "c"))

    (row,) = read(Series(command="", order_seed=1, runs=1, results=(run,)))

    assert (row["delivery.p99"], row["delivery.mean"]) == ("inf", "inf")
    assert row["server.cpu_per_message"] == ""
    assert (row["valid"], row["doubts"]) == ("false", "machine; offered")
    assert row["audit.causes"] == "evicted 3; disconnected 1"
    assert row["remarks"] == "a, b; c"


def test_nothing_measured_is_no_line() -> None:
    assert list(csv_rows(Series(command="", order_seed=1, runs=1, results=()))) == []
