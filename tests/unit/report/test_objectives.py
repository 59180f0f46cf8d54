"""Lines of objectives: the figure, of how many runs, and each run's."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.measure.configuration import configurations
from harness.measure.objectives import kept, refused
from harness.objective import parse_objective
from harness.report.objectives import objectives_report

Make = Callable[..., Any]


def test_each_objective_has_a_line_with_its_runs(make_series: Make) -> None:
    made = make_series({"sse": {}}, runs=3, noise=0.0)
    row = configurations(made)[0]
    runs = tuple(replace(run, audit=replace(run.audit, lost=2)) for run in row.runs)
    lossy = replace(row, runs=runs, used=runs)
    judged = [
        kept(parse_objective("p99<5ms"), row),
        kept(parse_objective("p50<1us"), row),
        kept(parse_objective("lost==0"), lossy),
        refused(parse_objective("max<1s"), "sse", "server sse died"),
    ]
    assert objectives_report(judged) == (
        "objectives\n"
        "  sse p99<5ms: met: 2.00 ms, the median of 3 runs (2.00 ms, 2.00 ms, 2.00 ms)\n"
        "  sse p50<1us: missed: 400 µs, the median of 3 runs (400 µs, 400 µs, 400 µs)\n"
        "  sse lost==0: missed: 6, in all of 3 runs (2, 2, 2)\n"
        "  sse max<1s: not judged: server sse died"
    )


def test_one_run_is_told_as_one(make_series: Make) -> None:
    row = configurations(make_series({"sse": {}}, runs=1, noise=0.0))[0]
    judged = [kept(parse_objective("cpu<20us"), row)]
    assert objectives_report(judged).endswith("sse cpu<20us: met: 12.0 µs in one run")


def test_no_line_is_wider_than_a_report(make_series: Make) -> None:
    row = configurations(make_series({"sse": {}}, runs=40))[0]
    text = objectives_report([kept(parse_objective("p99.9<5ms"), row)])
    assert all(len(line) <= 100 for line in text.splitlines())
