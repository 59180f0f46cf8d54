"""``abec compare``: measure patterns against each other, or judge two saved results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import click

from harness import schema
from harness.cli.answer import Answer, width
from harness.cli.judge import judge
from harness.cli.options import (
    Asked,
    asked,
    complete_pattern,
    with_floors,
    without_effect,
    workload_options,
)
from harness.cli.parts import part_path, part_paths
from harness.cli.progress import ProgressLine
from harness.cli.run import count_of_runs, exit_code, new_result_path, typed_command
from harness.comparison import MEMORY_SIZES, Part, Step, comparison_steps, memory_slopes, shortened
from harness.errors import BadInput, Exit
from harness.machine import read_machine
from harness.measure.compare import Comparison
from harness.pattern import Pattern
from harness.registry import all_patterns
from harness.report.columns import joined
from harness.report.comparison import compare_report
from harness.report.rows import csv_rows
from harness.result import Series
from harness.series import Watcher, measure

_RUNS, _QUICK_RUNS = 8, 7
"""The fewest whose order-statistic interval reaches 99 %, and 98 %."""
_QUICK_SIZES = (1, 500)
_CONCURRENCY = 64


@click.command(context_settings={"max_content_width": 100})
@click.argument("patterns", nargs=-1, shell_complete=complete_pattern)
@workload_options
@click.option("--runs", metavar="N", help="independent runs of each pattern [8, quick 7]")
@click.option("--saturation-concurrency", metavar="N", help="of the closed loop [64]")
@click.option("--no-memory", is_flag=True, help="leave memory per connection out")
@click.option("--no-network", is_flag=True, help="leave the network in between out")
@click.option("--quick", is_flag=True, help="shorter, without implementations")
@click.option("--json", "as_json", is_flag=True, help="print what was measured as JSON")
@click.option("--csv", "as_csv", is_flag=True, help="print one line a run instead of tables")
def command(patterns: tuple[str, ...], as_json: bool, as_csv: bool, **options: Any) -> int:
    """Measure PATTERNS against each other, or judge two result files OLD.json NEW.json.

    \b
    Examples:
      abec compare sse websocket --scenario chat
      abec compare results/runs/old.json results/runs/new.json

    Measured are latency at the rate, throughput at saturation, the polling curve (a quarter of
    the poll interval, the interval, four times it), latency with a network of 50 ms in between
    (unless --rtt puts one before all, or no relay can stand before what --url or --redis names)
    and memory per connection, each saved to a file of its own in results/runs/ as it grows. With
    --kill it is latency and losses alone. Without names: all patterns that carry the exchange,
    and their implementations, but for those with a question of their own. Two files are judged
    without measuring: exit code 1 if anything got worse, 3 if nothing could be compared. If the
    reader of stdout leaves (`| head`), the scenarios that are left are measured and saved.
    """
    if any(name.endswith(".json") for name in patterns):
        return judge(patterns, as_json, {**options, "csv": as_csv})
    questions = _questions(patterns, options)
    planned = [
        (question, _steps(question, options, named=bool(patterns))) for question in questions
    ]
    for line in without_effect(questions, options):
        click.echo(line, err=True)
    answer, code = Answer(), Exit.MEASURED
    for question, steps in planned:
        base = new_result_path()
        measured = _measure(question, steps, base)
        saved = part_paths(base, measured)
        if as_json:
            text = _series_json(measured)
        elif as_csv:
            text = _csv(measured)
        else:
            text = compare_report(_comparison(measured), saved, width())
        answer.give(text, saved)
        code = max(code, _code(measured))
    return code


def _questions(names: tuple[str, ...], options: Mapping[str, Any]) -> list[Asked]:
    """Give what is asked; without any names, with all implementations (unless it is quick)."""
    questions = asked(names, options)
    if options["quick"]:
        return [
            replace(q, scenario=replace(q.scenario, workload=shortened(q.scenario.workload)))
            for q in questions
        ]
    return [
        question
        if names or question.scenario.patterns
        else replace(question, patterns=_with_implementations(question))
        for question in questions
    ]


def _with_implementations(question: Asked) -> tuple[Pattern, ...]:
    exchange = question.scenario.workload.exchange
    families = {pattern.family for pattern in question.patterns}
    return tuple(p for p in all_patterns() if p.family in families and exchange in p.exchanges)


def _steps(question: Asked, options: Mapping[str, Any], *, named: bool) -> tuple[Step, ...]:
    quickly = options["quick"]
    sizes: Sequence[int] = () if options["no_memory"] else _QUICK_SIZES if quickly else MEMORY_SIZES
    workload = question.scenario.workload
    return comparison_steps(
        with_floors(question.patterns, workload),
        workload,
        read_machine(),
        runs=count_of_runs(options["runs"] or str(_QUICK_RUNS if quickly else _RUNS)),
        saturation_concurrency=_concurrency(options["saturation_concurrency"]),
        memory_sizes=sizes,
        saturate_implementations=named or bool(question.scenario.patterns),
        with_network=not options["no_network"],
    )


def _concurrency(text: str | None) -> int:
    if text is None:
        return _CONCURRENCY
    if not text.isdigit() or int(text) < 1:
        raise BadInput("--saturation-concurrency", text, "must be 1 or more; for example 64")
    return int(text)


def _measure(question: Asked, steps: Sequence[Step], base: Path) -> dict[Part, Series]:
    """Measure all steps, each saved to a file of its own beside ``base`` as it grows."""
    left_s = sum(step.expected_s for step in steps)
    name = f"{question.scenario.name}: " if question.scenario.name else ""
    click.echo(joined([f"{name}about {_minutes(left_s)}", *map(_told, steps)], width()), err=True)
    measured: dict[Part, Series] = {}
    for number, step in enumerate(steps, 1):
        left_s -= step.expected_s
        path = part_path(base, step.part)
        try:
            with ProgressLine(f"{name}{step.part} ({number} of {len(steps)})") as progress:
                measured[step.part] = measure(
                    step.cells,
                    runs=step.runs,
                    order_seed=question.scenario.workload.seed,
                    command=typed_command(),
                    on_progress=_with_later(progress, left_s),
                    save_to=path,
                    most_reruns=step.most_reruns,
                )
        except KeyboardInterrupt:
            paths = [part_path(base, part) for part in (*measured, step.part)]
            kept = ", ".join(str(path) for path in paths if path.exists())
            click.echo(f"kept {kept}" if kept else "nothing was measured yet", err=True)
            raise
    return measured


def _with_later(watcher: Watcher, later_s: float) -> Watcher:
    """Tell ``watcher`` also of the time that later steps take."""
    return lambda progress: watcher(replace(progress, remaining_s=progress.remaining_s + later_s))


def _comparison(measured: Mapping[Part, Series]) -> Comparison:
    memory = measured.get(Part.MEMORY)
    return Comparison(
        latency=measured[Part.LATENCY],
        saturation=measured.get(Part.SATURATION),
        polling=measured.get(Part.POLLING),
        network=measured.get(Part.NETWORK),
        memory={} if memory is None else memory_slopes(memory),
    )


def _code(measured: Mapping[Part, Series]) -> Exit:
    """Give 3 where anything was not or not validly measured; of memory runs, only the former."""
    codes = [exit_code(series) for part, series in measured.items() if part is not Part.MEMORY]
    if Part.MEMORY in measured and measured[Part.MEMORY].refused:
        return Exit.NOT_MEASURED
    return max(codes)


def _csv(measured: Mapping[Part, Series]) -> str:
    """Give one line a run under one heading."""
    tables = [list(csv_rows(series)) for series in measured.values() if series.results]
    return "\n".join([*chain(*tables[:1]), *chain(*(table[1:] for table in tables[1:]))])


def _series_json(measured: Mapping[Part, Series]) -> str:
    parts = [f'"{part}": {schema.to_json(series)}' for part, series in measured.items()]
    return "{" + ",\n".join(parts) + "}"


def _told(step: Step) -> str:
    times = f" × {step.runs} runs" if step.runs > 1 else ""
    return f"{step.part} of {len(step.cells)}{times}"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
