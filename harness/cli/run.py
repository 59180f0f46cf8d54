"""``abec run``: measure patterns under one workload, and save what was found."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import sys
import time
from collections.abc import Sequence
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
from harness.measure.configuration import Configuration, configurations
from harness.measure.objectives import Kept, Standing, kept, refused
from harness.objective import Objective, parse_objective
from harness.process.redis import without_password
from harness.report.objectives import objectives_report
from harness.report.rows import csv_rows
from harness.report.text import run_report
from harness.result import Series
from harness.schema import to_json
from harness.series import MOST_RERUNS, cells_of, measure

RUNS_DIR = Path("results/runs")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://.*", re.IGNORECASE | re.DOTALL)
"""To the end of its word: a password may hold anything."""


@click.command(context_settings={"max_content_width": 100})
@click.argument("patterns", nargs=-1, shell_complete=complete_pattern)
@workload_options
@click.option("--runs", metavar="N", default="1", help="independent runs of each pattern [1]")
@click.option(
    "--assert",
    "asserted",
    metavar="OBJECTIVE",
    multiple=True,
    help="what each pattern has to keep, p99<5ms or lost==0; may be given again [nothing]",
)
@click.option("--no-floor", is_flag=True, help="leave the floor out [off]")
@click.option(
    "--reruns",
    metavar="N",
    default=str(MOST_RERUNS),
    help=f"how often a run that the machine disturbs is repeated at most [{MOST_RERUNS}]",
)
@click.option(
    "--stamps",
    is_flag=True,
    help="also save every stamp, about 12 B a message and 7 B a delivery; see abec verify [off]",
)
@click.option("--json", "as_json", is_flag=True, help="print the result file instead of a table")
@click.option("--csv", "as_csv", is_flag=True, help="print one line a run instead of a table")
def command(
    patterns: tuple[str, ...], runs: str, as_json: bool, as_csv: bool, **options: Any
) -> int:
    """Measure PATTERNS and save the result.

    \b
    Examples:
      abec run websocket sse --rate 2k --subscribers 50 --payload 1KiB --runs 8
      abec run sse --rate 500 --runs 8 --assert "p99<5ms" --assert "lost==0"

    Each run starts fresh servers and clients. The floor (raw TCP) is measured beside the
    patterns. Results are saved to results/runs/; `abec compare OLD NEW` judges two of them. If
    the reader of stdout leaves (`| head`), the scenarios that are left are measured and saved.

    Objectives (p50 p90 p99 p99.9 max cpu bytes memory lost, with units) are held against the
    median over valid runs, of losses against the sum: exit code 1 if one is missed, 3 if one
    could not be judged.
    """
    if not patterns and options.get("scenario") is None:
        raise BadInput("PATTERN", "", "name one or more, or a --scenario; abec patterns lists them")
    if as_json and as_csv:
        raise BadInput("--json --csv", "", "give one of them")
    objectives = tuple(map(parse_objective, options.pop("asserted")))
    floor, reruns = not options.pop("no_floor"), _count_of_reruns(options.pop("reruns"))
    stamps = options.pop("stamps")
    questions = asked(patterns, options)
    for line in without_effect(questions, options):
        click.echo(line, err=True)
    answer, code = Answer(), Exit.MEASURED
    for question in questions:
        path = new_result_path()
        series = _measure(
            question, count_of_runs(runs), path, floor=floor, reruns=reruns, stamps=stamps
        )
        judged = _judged(question, series, (*objectives, *question.scenario.objectives))
        if as_json:
            text = to_json(series)
        elif as_csv:
            text = "\n".join(csv_rows(series))
        else:
            text = run_report(series, str(path), width())
        if judged and (as_json or as_csv):
            click.echo(objectives_report(judged, width()), err=True)
        elif judged:
            text += f"\n\n{objectives_report(judged, width())}"
        answer.give(text, str(path))
        code = _worse(code, _exit_of(judged) if judged else exit_code(series))
    return code


def count_of_runs(text: str) -> int:
    """Read ``--runs``."""
    if not text.isdigit() or not 1 <= int(text) <= 1000:
        raise BadInput("--runs", text, "must be a whole number from 1 to 1,000; for example 8")
    return int(text)


def _count_of_reruns(text: str) -> int:
    if not text.isdigit() or int(text) > 10:
        raise BadInput("--reruns", text, "must be a whole number from 0 to 10; for example 2")
    return int(text)


def _measure(
    question: Asked, runs: int, path: Path, *, floor: bool, reruns: int, stamps: bool
) -> Series:
    """Measure one scenario, and save it to ``path``."""
    workload = question.scenario.workload
    names = tuple(pattern.name for pattern in question.patterns)
    if floor:
        names = with_floors(question.patterns, workload)
    with ProgressLine(question.scenario.name) as progress:
        return measure(
            cells_of(names, workload),
            runs=runs,
            order_seed=workload.seed,
            command=typed_command(),
            on_progress=progress,
            save_to=path,
            most_reruns=reruns,
            keep_stamps=stamps,
        )


def _judged(question: Asked, series: Series, objectives: Sequence[Objective]) -> list[Kept]:
    """Hold each objective against each pattern that was asked for; floors promise nothing."""
    rows = {row.pattern: row for row in configurations(series)}
    return [
        _held(objective, pattern.name, rows.get(pattern.name), series.refused.get(pattern.name, ""))
        for pattern in question.patterns
        for objective in objectives
    ]


def _held(objective: Objective, pattern: str, row: Configuration | None, failed: str) -> Kept:
    """Judge one objective; where the pattern ``failed`` in some run, the others only tell a miss.

    A server that died in the last of eight runs has not kept its promise in eight.
    """
    if row is None:
        return refused(objective, pattern, failed)
    judged = kept(objective, row)
    if failed and judged.standing is not Standing.MISSED:
        return refused(objective, pattern, failed)
    return judged


def _exit_of(judged: Sequence[Kept]) -> Exit:
    standings = {one.standing for one in judged}
    if Standing.MISSED in standings:
        return Exit.ANSWER_IS_NO
    return Exit.NOT_MEASURED if Standing.UNKNOWN in standings else Exit.MEASURED


def _worse(one: Exit, other: Exit) -> Exit:
    """Give a no before what is not known, and either before a yes."""
    return Exit.ANSWER_IS_NO if Exit.ANSWER_IS_NO in (one, other) else max(one, other)


def exit_code(series: Series) -> Exit:
    """Give 3 where a row is refused or not valid, otherwise 0.

    Where somebody was killed the question is what became of the messages: counts, which no doubt
    about times concerns.
    """
    rows = configurations(series)
    about_times = () if any(row.killed for row in rows) else rows
    if series.refused or not all(row.valid for row in about_times):
        return Exit.NOT_MEASURED
    return Exit.MEASURED


def new_result_path() -> Path:
    """Name a new result file: by time, so that they sort, and by chance, so that none clash."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    return RUNS_DIR / f"{stamp}-{secrets.token_hex(2)}.json"


def typed_command() -> str:
    """Give the command line as it can be typed again, but for passwords: it is stored."""
    program = os.path.basename(sys.argv[0])  # noqa: PTH119
    words = [_URL.sub(_without_password, word) for word in sys.argv[1:]]
    return shlex.join([program, *words])


def _without_password(url: re.Match[str]) -> str:
    return without_password(url[0], instead=":PASSWORD@")
