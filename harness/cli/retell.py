"""``abec retell``: one run with stops, and what others would have reported of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from harness import schema, stamps_file
from harness.cli.answer import utc_now
from harness.cli.progress import ProgressLine
from harness.cli.run import exit_code, new_result_path, typed_command
from harness.errors import BadInput
from harness.freeze import Freezer, evenly, servers
from harness.machine import read_machine
from harness.measure import retold
from harness.measure.configuration import configurations
from harness.measure.ledger import ledger
from harness.observe import Observation
from harness.registry import load
from harness.report.pages.page import MachineFacts, Retold
from harness.report.pages.parts import Source
from harness.report.pages.patterns_page import patterns_page
from harness.report.pages.private import own_names, published
from harness.report.pages.render import Frame, retold_html
from harness.report.pages.retold_page import retold_page
from harness.report.question import question
from harness.result import Result, Series, Stamps
from harness.series import run_undisturbed
from harness.whole_file import write_whole
from harness.workload import Workload

STOPS, LENGTH_S = 3, 0.5
WORKLOAD = Workload(rate=500, warmup=1, duration=10)
_DEFAULT = "retold.html"


@click.command(context_settings={"max_content_width": 100})
@click.argument("file", required=False)
@click.option("-o", "--output", metavar="FILE", help=f"the page [{_DEFAULT}]")
@click.option("--save", metavar="FILE", help="of the run that is made [results/runs/TIME.json]")
@click.option("--pattern", metavar="NAME", default="sse", help="of the run that is made [sse]")
def command(file: str | None, output: str | None, save: str | None, pattern: str) -> int:
    """Show what a closed loop, a millisecond clock, best of five and others would have told.

    \b
    Examples:
      abec retell -o retold.html
      abec retell results/runs/20260714-101500-7f3a.json -o retold.html

    Without FILE, one run of 500 msg/s over 10 s is made, whose server is stopped 3 times for
    500 ms, and saved with its stamps. A page puts beside the truth what other ways of telling
    would have reported, each computed from the stamps of that run.
    """
    target = Path(output or _DEFAULT)
    if target.suffix not in {".html", ".htm"}:
        raise BadInput("-o", target, f"must end in .html; for example {target.stem}.html")
    if file and save:
        raise BadInput("--save", save, "is for a run that is made; leave it out, or leave FILE out")
    source = Path(file) if file else _made(pattern, Path(save) if save else new_result_path())
    page = retold_of(source)
    try:
        write_whole(target, retold_html(page, Frame(built=utc_now())))
    except OSError as error:
        raise BadInput(
            "-o", target, f"cannot be written ({error.strerror}); name another one"
        ) from error
    click.echo(f"wrote {target}: one run, told in {len(page.tellers)} ways")
    summary = page.summary
    heads = ["", *(column.name for column in summary.columns[1:])]
    for name, *figures, _ in (heads, *([cell.text for cell in row.cells] for row in summary.rows)):
        click.echo("  ".join((f"  {name:<20}", *(f"{figure:>8}" for figure in figures))))
    click.echo(f"the run: {source}")
    series = schema.load(source)
    for doubt in series.results[0].doubts:
        click.echo(f"! the run is invalid, {doubt.rule}: {doubt.reason}. Try: {doubt.remedy}.")
    return exit_code(series)


def retold_of(source: Path) -> Retold:
    """Make the page of a saved run that has stamps, and whose server was stopped.

    Raises:
        BadInput: it is no such run; says what it lacks.
    """
    series = schema.load(source)
    result = series.results[0] if len(series.results) == 1 else None
    if result is None or result.stamps is None:
        raise BadInput(str(source), "", "is not one run with its stamps; abec retell makes one")
    seen = _read(result.stamps, source)
    if not seen.stalls:
        raise BadInput(str(source), "", "no server was stopped in it; abec retell makes such a run")
    try:
        course = retold.course(ledger(seen.recording, result.workload, *seen.window_ns))
    except ValueError as error:
        raise BadInput(str(source), "", f"cannot be retold: {error}") from error
    stalls = [(stall.begin_ns, stall.end_ns) for stall in seen.stalls]
    return retold_page(course, stalls, _asked(result, series), _machine(source, series))


def _read(stamps: Stamps, source: Path) -> Observation:
    path = source.parent / stamps.file
    try:
        kept = stamps_file.unchanged(stamps, source)
    except OSError as error:
        raise BadInput(str(path), "", f"cannot be read ({error.strerror})") from error
    if not kept:
        raise BadInput(str(path), "", "is not the file that was kept with the result (SHA-256)")
    return stamps_file.read(path)


def _clean(text: str) -> str:
    return published(" ".join(text.split()), own_names())


def _asked(result: Result, series: Series) -> tuple[str, ...]:
    """Restate the run, what makes it doubtful included."""
    doubts = (f"! invalid, {doubt.rule}: {doubt.reason}" for doubt in result.doubts)
    lines = (
        f"{result.pattern}: {question(configurations(series), series)}",
        f"measured {result.context.started_at[:16].replace('T', ' ')} UTC by: {series.command}",
        *result.remarks,
        *doubts,
    )
    return tuple(_clean(line.replace("\n", " · ")) for line in lines)


def _machine(source: Path, series: Series) -> MachineFacts:
    page = patterns_page([Source(name=str(source), series=series)], _clean)
    return page.machines[0]


def _made(name: str, path: Path) -> Path:
    """Make the run, and save it with its stamps."""
    pattern = load(name)
    offsets_s = evenly(STOPS, WORKLOAD.duration, WORKLOAD.warmup, LENGTH_S)
    freezer = Freezer(servers, offsets_s, LENGTH_S)
    with ProgressLine() as progress:
        progress.say(f"{name}, {WORKLOAD.duration:g} s, its server stopped {STOPS} times")
        result, seen = run_undisturbed(pattern, WORKLOAD, read_machine(), freezer=freezer)
    schema.save(_kept(result, seen, path), path)
    return path


def _kept(result: Result, seen: Observation, path: Path) -> Series:
    stamps = stamps_file.keep(seen, path, stamps_file.beside(path, 0, result.pattern))
    return Series(
        command=typed_command(),
        order_seed=WORKLOAD.seed,
        runs=1,
        results=(replace(result, stamps=stamps),),
    )
