"""``abec regress``: two commits against each other, for a gate in CI."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import click

from harness.cli.answer import Answer, width
from harness.cli.progress import ProgressLine
from harness.cli.run import new_result_path, typed_command
from harness.errors import BadInput, NotMeasured
from harness.machine import read_machine
from harness.process.scratch import private_directory
from harness.quantities import parse_seconds
from harness.regress.command import prepare
from harness.regress.document import failure_to_json, to_json
from harness.regress.gate import BUILT_IN, Gate, read_gate
from harness.regress.library import GATES, library_gate, read_version, varied_in
from harness.regress.measuring import Measured, first_look_s, measure
from harness.regress.record import record
from harness.regress.report import Judgement, markdown, markdown_of_failure, text
from harness.regress.sides import Built, Side, Wanted, build, resolve
from harness.regress.sole import ENVIRONMENTS, sole_use
from harness.whole_file import write_whole

_BUDGET = "15min"


@click.command(context_settings={"max_content_width": 100})
@click.option("--base", metavar="COMMIT", help="what to compare with; with --lib a version")
@click.option("--head", metavar="COMMIT", help="what is to be judged; with --lib a version [HEAD]")
@click.option(
    "--lib",
    "library",
    metavar="NAME",
    help=f"compare versions of a library instead: {', '.join(GATES)}",
)
@click.option("--scenario", metavar="FILE", help="a gate of your own: scenarios with patterns")
@click.option("--budget", metavar="TIME", default=_BUDGET, help=f"for measuring [{_BUDGET}]")
@click.option("--markdown", "to_markdown", metavar="FILE", help="append the answer as Markdown")
@click.option("--json", "to_file", metavar="FILE", help="write the answer as JSON")
def command(
    base: str | None,
    head: str | None,
    library: str | None,
    scenario: str | None,
    budget: str,
    to_markdown: str | None,
    to_file: str | None,
) -> int:
    """Measure two commits of this checkout against each other, and say whether head is worse.

    \b
    Examples:
      abec regress --base main --markdown "$GITHUB_STEP_SUMMARY"
      abec regress --lib websockets --base 15.0.1 --head ../websockets@my-branch

    Each side is installed in an environment of its own (asv.conf.json), and runs alternate: 8 a
    side at the first look, more where it is open, within the budget. One error rate of 1 % holds
    over all comparisons and looks. With --lib, a side is a version, or a local checkout
    PATH[@REF]. Exit codes: 0 no regression, 1 regression, 2 bad input, 3 could not tell.
    """
    if base is None:
        raise BadInput("--base", "", "name a commit, branch or tag; for example --base main")
    gate = BUILT_IN if library is None else library_gate(library)
    if scenario is not None:
        gate = read_gate(scenario)
        gate = gate if library is None else varied_in(library, gate)
    machine = read_machine()
    gate.require_possible(machine)
    budget_s = _budget_s(budget, gate)
    _require_place("--markdown", to_markdown)
    _require_place("--json", to_file)
    wanted = _commits(base, head) if library is None else _versions(library, base, head)
    if machine.dirty and head is None:
        click.echo("note: changes that are not committed are not measured", err=True)
    names = {side: one.label for side, one in wanted.items()}
    hashes = {side: one.commit.sha for side, one in wanted.items()}
    base_name, head_name = names[Side.BASE], names[Side.HEAD]
    with sole_use(ENVIRONMENTS), private_directory() as directory:
        scratch = Path(directory)
        try:
            with ProgressLine() as progress:
                progress.say("building both environments (the first time takes minutes)")
                sides = build(wanted, scratch)
            measured, paths = _measure(gate, sides, scratch, budget_s)
        except NotMeasured as error:
            said = markdown_of_failure(base_name, head_name, gate, str(error))
            document = failure_to_json(error, names, hashes)
            _write(to_markdown, lambda path: _append(path, said))
            _write(to_file, lambda path: write_whole(path, document + "\n"))
            raise
        answer = Judgement(
            base=base_name,
            head=head_name,
            gate=gate,
            measured=measured,
            saved=tuple(str(path) for path in paths.values() if path.exists()),
        )
        # Files first: they are written whoever reads stdout, and for how long.
        _write(to_markdown, lambda path: _append(path, markdown(answer)))
        _write(to_file, lambda path: write_whole(path, to_json(answer, hashes) + "\n"))
        try:
            if library is None:
                _record(gate, sides, paths, scratch)
        finally:
            # An interrupt while asv records does not take back what was measured.
            Answer().give(text(answer, width()), ", ".join(answer.saved))
    return answer.code


def _commits(base: str, head: str | None) -> Mapping[Side, Wanted]:
    return {
        Side.BASE: Wanted(commit=resolve(Side.BASE, base)),
        Side.HEAD: Wanted(commit=resolve(Side.HEAD, head or "HEAD")),
    }


def _versions(library: str, base: str, head: str | None) -> Mapping[Side, Wanted]:
    if head is None:
        raise BadInput("--head", "", f"name a version of {library}, or a local checkout PATH[@REF]")
    versions = {
        side: read_version(f"--{side}", library, asked)
        for side, asked in ((Side.BASE, base), (Side.HEAD, head))
    }
    commit = resolve(Side.HEAD, "HEAD")
    return {side: Wanted(commit=commit, version=version) for side, version in versions.items()}


def _require_place(option: str, path: str | None) -> None:
    """Refuse, before minutes of measuring, what cannot be written afterwards."""
    if path is None:
        return
    if not Path(path).absolute().parent.is_dir():
        raise BadInput(option, path, "its directory does not exist")
    if Path(path).is_dir():
        raise BadInput(option, path, f"is a directory; for example {Path(path, 'answer')}")


def _budget_s(text: str, gate: Gate) -> float:
    budget_s = parse_seconds(text, "--budget")
    least_s = first_look_s(gate)
    if budget_s < least_s:
        raise BadInput(
            "--budget",
            text,
            f"the first look of this gate takes about {least_s:.0f} s; give more, or fewer cells",
        )
    return budget_s


def _measure(
    gate: Gate, sides: tuple[Built, ...], scratch: Path, budget_s: float
) -> tuple[Measured, Mapping[Side, Path]]:
    path = new_result_path()
    paths = {side: path.with_name(f"{path.stem}-{side}.json") for side in Side}
    called = prepare(sides, gate.cells, scratch)
    if not called.lean:
        click.echo(
            "note: base or head knows no --no-floor, so floors are measured too: twice the time",
            err=True,
        )
    try:
        with ProgressLine(gate.name) as progress:
            measured = measure(
                gate,
                sides,
                called.run,
                budget_s=budget_s,
                order_seed=secrets.randbelow(1 << 31),
                command=typed_command(),
                save_to=paths,
                on_progress=progress,
            )
    except KeyboardInterrupt:
        kept = ", ".join(str(path) for path in paths.values() if path.exists())
        click.echo(f"kept {kept}" if kept else "nothing was measured yet", err=True)
        raise
    return measured, paths


def _write(path: str | None, write: Callable[[Path], None]) -> None:
    """Write one form of the answer; that it could not be written changes no verdict."""
    if path is None:
        return
    try:
        write(Path(path))
    except OSError as error:
        _complain(f"{path}: cannot be written: {error.strerror}")


def _complain(line: str) -> None:
    # The reader of both streams may have gone, which changes no verdict either.
    with suppress(BrokenPipeError):
        click.echo(f"abec: {line}", err=True)


def _append(path: Path, said: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(said)


def _record(
    gate: Gate, sides: tuple[Built, ...], paths: Mapping[Side, Path], scratch: Path
) -> None:
    """Let asv have the same samples; that it could not changes no verdict."""
    with ProgressLine() as progress:
        progress.say("recording for asv")
        try:
            record(gate, sides, paths, scratch)
        except NotMeasured as error:
            _complain(str(error))
