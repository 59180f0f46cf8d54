"""``abec versions``: releases of one library in a row, and where a figure first changes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import click

from harness.cli.answer import Answer, width
from harness.cli.progress import ProgressLine
from harness.cli.run import new_result_path
from harness.errors import BadInput, NotMeasured
from harness.machine import read_machine
from harness.measure import history as histories
from harness.measure.history import History
from harness.process.scratch import private_directory
from harness.regress.library import GATES
from harness.regress.sides import Commit, Side, resolve
from harness.regress.sole import ENVIRONMENTS, sole_use
from harness.report.releases import exit_code, history_report
from harness.versions.asked import DEFAULT_RUNS, Question, question
from harness.versions.measuring import build_all, commands, expected_s, measure
from harness.versions.record import record
from harness.versions.telling import history

DIRECTORY = Path("results/versions")


@click.command(context_settings={"max_content_width": 100})
@click.argument("numbers", nargs=-1, metavar="VERSION...")
@click.option("--lib", "library", metavar="NAME", help=f"which: {', '.join(GATES)}")
@click.option(
    "--checkout", metavar="PATH[@REF]", help="a local checkout of it, as the last release"
)
@click.option("--runs", default=str(DEFAULT_RUNS), metavar="N", help=f"of each [{DEFAULT_RUNS}]")
@click.option("--json", "to_file", metavar="FILE", help="where the answer is saved, too")
def command(
    numbers: tuple[str, ...],
    library: str | None,
    checkout: str | None,
    runs: str,
    to_file: str | None,
) -> int:
    """Measure releases of a library where it acts, and say where a figure first differs.

    \b
    Examples:
      abec versions --lib websockets 13.1 14.2 15.0.1 16.0
      abec versions --lib redis 7.4.0 --checkout ../redis-py@my-branch

    Each release is installed in an environment of its own, beside the same pinned versions of all
    else; runs alternate in random order. One error rate of 1 % holds over all figures of all
    neighbours. Exit codes: 0 measured, 1 the last release is worse than the one before it, 2 bad
    input, 3 something could not be measured.
    """
    asked = _asked(library, numbers, checkout, runs)
    _require_place(to_file)
    machine = read_machine()
    asked.gate.require_possible(machine)
    commit = resolve(Side.HEAD, "HEAD")
    if machine.dirty:
        click.echo("note: changes that are not committed are not measured", err=True)
    with sole_use(ENVIRONMENTS), private_directory() as directory:
        scratch = Path(directory)
        found = _measure(asked, commit, scratch)
        path = DIRECTORY / new_result_path().name
        places = [path] if to_file is None else [path, Path(to_file)]
        # Files first: they are written whoever reads stdout, and for how long.
        saved = [str(place) for place in places if _save(found, place)]
        Answer().give(history_report(found, saved, width()), ", ".join(saved))
        if str(path) in saved:
            _record(path, scratch)
    return exit_code(found)


def _asked(
    library: str | None, numbers: tuple[str, ...], checkout: str | None, runs: str
) -> Question:
    if library is None:
        raise BadInput("--lib", "", f"name a library: {', '.join(GATES)}")
    if not runs.isdigit():
        raise BadInput("--runs", runs, f"must be a whole number; for example {DEFAULT_RUNS}")
    return question(library, numbers, checkout, int(runs))


def _require_place(path: str | None) -> None:
    """Refuse, before minutes of measuring, what cannot be written afterwards."""
    if path is None:
        return
    if not Path(path).absolute().parent.is_dir():
        raise BadInput("--json", path, "its directory does not exist")
    if Path(path).is_dir():
        raise BadInput("--json", path, f"is a directory; for example {Path(path, 'answer.json')}")


def _save(found: History, place: Path) -> bool:
    """Save the answer; that it could not be saved takes back nothing of it."""
    try:
        histories.save(found, place)
    except NotMeasured as error:
        _complain(error)
        return False
    return True


def _complain(error: NotMeasured) -> None:
    # The reader of both streams may have gone.
    with suppress(BrokenPipeError):
        click.echo(f"abec: {error}", err=True)


def _measure(asked: Question, commit: Commit, scratch: Path) -> History:
    minutes = round(expected_s(asked) / 60)
    total = len(asked.releases) * len(asked.gate.cells) * asked.runs
    click.echo(f"note: {total} runs take about {minutes} min, environments apart", err=True)
    with ProgressLine() as progress:
        progress.say("building an environment for each release (the first time takes minutes)")
        ready = build_all(asked, commit, scratch)
        ready, run_once = commands(ready, asked.gate.cells, scratch)
    paths = _series_paths(asked)
    try:
        with ProgressLine(asked.gate.name) as progress:
            measured = measure(
                asked,
                ready,
                run_once,
                order_seed=secrets.randbelow(1 << 31),
                save_to=paths,
                on_progress=progress,
            )
    except KeyboardInterrupt:
        kept = ", ".join(str(path) for path in paths.values() if path.exists())
        click.echo(f"kept {kept}" if kept else "nothing was measured yet", err=True)
        raise
    return history(asked, measured, commit.sha)


def _series_paths(asked: Question) -> Mapping[str, Path]:
    """Name the files of the runs themselves: one for each release."""
    path = new_result_path()
    return {
        name: path.with_name(f"{path.stem}-{asked.library}-{name.replace('/', '_')}.json")
        for name in asked.releases
    }


def _record(path: Path, scratch: Path) -> None:
    """Let asv have the same samples; that it could not changes no answer."""
    with ProgressLine() as progress:
        progress.say("recording for asv")
        try:
            record(path, scratch)
        except NotMeasured as error:
            _complain(error)
