"""``abec bench``: one quick profile of every exchange, for a first look at a machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click

from harness.cli.answer import Answer, width
from harness.cli.options import with_floors
from harness.cli.progress import ProgressLine
from harness.cli.run import RUNS_DIR, exit_code, typed_command
from harness.errors import Exit
from harness.registry import load
from harness.report.text import run_report
from harness.result import Series
from harness.scenario import BUILT_IN
from harness.series import cells_of, measure

ASKED: Mapping[str, tuple[str, ...]] = {
    "jobs": ("redis_queue",),
    "ticker": ("long_polling", "redis_pubsub", "rest_polling", "sse", "websocket"),
    "rpc": ("rest", "websocket"),
}
"""Scenarios with their patterns; named, so that a pattern more does not cost everybody's time."""
_RUNS = 7
"""The fewest whose order-statistic interval reaches 98 %."""
_RERUN_SHARE = 0.05
"""A first look is to be over in five minutes, on a busy machine too."""
_WARMUP_S = 0.2
_WINDOW_S = 2.1
"""At 1,000 msg/s just enough that 20 messages lie beyond p99."""


@click.command(context_settings={"max_content_width": 100})
@click.option("--runs", type=click.IntRange(1), default=_RUNS, help="runs of each pattern [7]")
def command(runs: int) -> int:
    """Measure a quick profile of every exchange; `make bench` calls this.

    \b
    Examples:
      abec bench
      abec bench --runs 1

    One table for each of the scenarios jobs, ticker and rpc, printed when it is measured.
    Results are saved to results/runs/bench/, where `make bench` lets asv read them.
    """
    answer, code = Answer(), Exit.MEASURED
    for number, name in enumerate(ASKED):
        series, path = _measure(name, number, runs)
        answer.give(f"{name}\n{run_report(series, str(path), width())}\n", str(path))
        code = max(code, exit_code(series))
    return code


def _measure(name: str, number: int, runs: int) -> tuple[Series, Path]:
    workload = replace(BUILT_IN[name].workload, warmup=_WARMUP_S, duration=_WINDOW_S)
    patterns = [load(pattern) for pattern in ASKED[name]]
    cells = cells_of(with_floors(patterns, workload), workload)
    path: Path = RUNS_DIR / "bench" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with ProgressLine(f"{name} ({number + 1} of {len(ASKED)})") as progress:
        series = measure(
            cells,
            runs=runs,
            command=typed_command(),
            on_progress=progress,
            save_to=path,
            rerun_share=_RERUN_SHARE,
        )
    return series, path
