"""``abec run``: measure patterns under one workload, and save what was found."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import sys
import time
from pathlib import Path
from typing import Any

import click

from harness.cli.answer import Answer, width
from harness.cli.options import (
    Asked,
    asked,
    complete_pattern,
    with_floors,
    without_effect,
    workload_options,
)
from harness.cli.progress import ProgressLine
from harness.errors import BadInput, Exit
from harness.measure.configuration import configurations
from harness.report.rows import csv_rows
from harness.report.text import run_report
from harness.result import Series
from harness.schema import to_json
from harness.series import cells_of, measure

RUNS_DIR = Path("results/runs")
_PASSWORD = re.compile(r"(?<=:)[^:/@\s]+(?=@)")
"""As it stands in a URL."""


@click.command(context_settings={"max_content_width": 100})
@click.argument("patterns", nargs=-1, shell_complete=complete_pattern)
@workload_options
@click.option("--runs", metavar="N", default="1", help="independent runs of each pattern [1]")
@click.option("--json", "as_json", is_flag=True, help="print the result file instead of a table")
@click.option("--csv", "as_csv", is_flag=True, help="print one line a run instead of a table")
def command(
    patterns: tuple[str, ...], runs: str, as_json: bool, as_csv: bool, **options: Any
) -> int:
    """Measure PATTERNS and save the result.

    \b
    Examples:
      abec run websocket sse --rate 2k --subscribers 50 --payload 1KiB --runs 8
      abec run redis_queue --scenario jobs --client library

    Each run starts fresh servers and clients. The floor (raw TCP) is measured beside the
    patterns. Results are saved to results/runs/; `abec compare OLD NEW` judges two of them. If
    the reader of stdout leaves (`| head`), the scenarios that are left are measured and saved.
    """
    if not patterns and options.get("scenario") is None:
        raise BadInput("PATTERN", "", "name one or more, or a --scenario; abec patterns lists them")
    if as_json and as_csv:
        raise BadInput("--json --csv", "", "give one of them")
    questions = asked(patterns, options)
    for line in without_effect(questions, options):
        click.echo(line, err=True)
    answer, code = Answer(), Exit.MEASURED
    for question in questions:
        series, path = measure_asked(question, count_of_runs(runs))
        if as_json:
            text = to_json(series)
        elif as_csv:
            text = "\n".join(csv_rows(series))
        else:
            text = run_report(series, str(path), width())
        answer.give(text, str(path))
        code = max(code, exit_code(series))
    return code


def count_of_runs(text: str) -> int:
    """Read ``--runs``."""
    if not text.isdigit() or not 1 <= int(text) <= 1000:
        raise BadInput("--runs", text, "must be a whole number from 1 to 1,000; for example 8")
    return int(text)


def measure_asked(question: Asked, runs: int) -> tuple[Series, Path]:
    """Measure one scenario with its floors; give the series and where it was saved."""
    workload = question.scenario.workload
    cells = cells_of(with_floors(question.patterns, workload.exchange), workload)
    path = new_result_path()
    with ProgressLine(question.scenario.name) as progress:
        series = measure(
            cells,
            runs=runs,
            order_seed=workload.seed,
            command=typed_command(),
            on_progress=progress,
            save_to=path,
        )
    return series, path


def exit_code(series: Series) -> Exit:
    """Give 3 where a row is refused or not valid, otherwise 0."""
    if series.refused or not all(row.valid for row in configurations(series)):
        return Exit.NOT_MEASURED
    return Exit.MEASURED


def new_result_path() -> Path:
    """Name a new result file: by time, so that they sort, and by chance, so that none clash."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    return RUNS_DIR / f"{stamp}-{secrets.token_hex(2)}.json"


def typed_command() -> str:
    """Give the command line as it can be typed again, but for passwords: it is stored."""
    program = os.path.basename(sys.argv[0])  # noqa: PTH119
    return shlex.join([program, *(_PASSWORD.sub("PASSWORD", word) for word in sys.argv[1:])])
