"""One run of one cell by the ``abec`` of one side: its public command, in a fresh process."""

from __future__ import annotations

import json
import subprocess
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path

from harness import schema
from harness.errors import BadInput, Exit, NotMeasured
from harness.measure.verdict import differing
from harness.process.child import Child, log_file
from harness.process.watch import KEPT_LOGS
from harness.regress.gate import GateCell, shown
from harness.regress.sides import Built
from harness.result import SCHEMA_VERSION, Result
from harness.scenario import flag
from harness.workload import Workload

_ASK_S = 60.0
_LONGEST_RUN = 5.0
"""A run that takes so many times what it should has hung; the harness's own limits are shorter."""
_STOP_S = 4.0
"""For an ``abec`` that is interrupted to end its servers, which get a second and a half."""
_LEAN = ("--no-floor", "--reruns")
"""Options without which a run measures the floor too, and repeats itself as it sees fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """How the commands of both sides are called."""

    scratch: Path
    """Where they run, and what they leave there goes with it."""
    lean: bool
    """Whether both sides know ``--no-floor`` and ``--reruns``."""

    def run(self, built: Built, cell: GateCell, reruns: int) -> Result:
        """Measure ``cell`` once on one side; ``reruns`` at most if the machine disturbs it.

        Raises:
            NotMeasured: it failed there; says why.
        """
        options = ("--no-floor", "--reruns", str(reruns)) if self.lean else ()
        arguments = ("run", cell.pattern, *workload_arguments(cell.workload), *options)
        limit_s = _ASK_S + _LONGEST_RUN * (1 + reruns) * cell.expected_s
        code, text, log = _call(built, built.abec, (*arguments, "--json"), self.scratch, limit_s)
        if not text.strip() or code not in (Exit.MEASURED, Exit.NOT_MEASURED):
            raise NotMeasured(_told(log) or f"abec run ended with {code}, and said nothing")
        return _result(text, built, cell)


def prepare(sides: Sequence[Built], cells: Sequence[GateCell], scratch: Path) -> Command:
    """Ask both sides what they can do.

    Raises:
        NotMeasured: one has no such command, lacks a pattern, or writes results that cannot be
            read here.
    """
    _keep_logs(scratch)
    lean = True
    for built in sides:
        _require_schema(built, scratch)
        known = _patterns(built, scratch)
        missing = [cell.pattern for cell in cells if cell.pattern not in known]
        if missing:
            raise NotMeasured(
                f"{built.label} has no pattern {missing[0]}; leave it out of "
                "the gate (--scenario FILE), or compare with one that has it"
            )
        options = _asked(built, scratch, "run", "--help")
        lean = lean and all(option in options for option in _LEAN)
    return Command(scratch=scratch, lean=lean)


def _require_schema(built: Built, scratch: Path) -> None:
    """Refuse, before minutes of measuring, a side whose results this one cannot read."""
    if not built.python.exists():
        return
    arguments = ("-c", "from harness.result import SCHEMA_VERSION; print(SCHEMA_VERSION)")
    code, said, _ = _call(built, built.python, arguments, scratch, _ASK_S)
    written = said.strip()
    # One that does not say is asked for more, and that names what is wrong.
    if code == Exit.MEASURED and written != str(SCHEMA_VERSION):
        raise NotMeasured(
            f"{built.label} writes results of schema {written}, and {SCHEMA_VERSION} is read here; "
            f"compare with {_first_of_schema()}"
        )


def _first_of_schema() -> str:
    """Name the commit that brought the schema, as far as this checkout's git knows it."""
    needle = f"SCHEMA_VERSION = {SCHEMA_VERSION}"
    git = ("git", "log", "--max-count=1", "--format=%h", "-S", needle, "--", "harness/result.py")
    with suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(
            git,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_ASK_S,
            check=False,
        )
        if done.stdout.strip():
            return f"a commit from {done.stdout.strip()} on"
    return "a later commit"


def _keep_logs(scratch: Path) -> None:
    """Have logs of what failed outlive the scratch, named as in the checkout."""
    keep, link = Path.cwd() / KEPT_LOGS, scratch / KEPT_LOGS
    keep.mkdir(parents=True, exist_ok=True)
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.exists():
        link.symlink_to(keep)


def _patterns(built: Built, scratch: Path) -> set[str]:
    said = _asked(built, scratch, "patterns", "--json")
    try:
        return {pattern["name"] for pattern in json.loads(said)}
    except (ValueError, TypeError, KeyError):
        raise NotMeasured(
            f"{built.label}: abec patterns --json lists no patterns there; "
            "compare with a later commit"
        ) from None


def workload_arguments(workload: Workload) -> Iterator[str]:
    """Give a workload as options of ``abec run``: what is not the default, and the exchange."""
    plain = Workload()
    for field in fields(Workload):
        value = getattr(workload, field.name)
        if value is None or (value == getattr(plain, field.name) and field.name != "exchange"):
            continue
        yield flag(field.name)
        if value is not True:
            yield str(value)


def _result(text: str, built: Built, cell: GateCell) -> Result:
    try:
        series = schema.from_json(text, f"the result of {built.label}")
    except BadInput as error:
        raise NotMeasured(str(error)) from error
    if cell.pattern in series.refused:
        raise NotMeasured(series.refused[cell.pattern])
    result = next((run for run in series.results if run.pattern == cell.pattern), None)
    if result is None:
        raise NotMeasured(f"gave no result for {cell.pattern}")
    # Not every commit leaves the password out itself, and these runs are saved.
    result, asked = replace(result, workload=shown(result.workload)), shown(cell.workload)
    if result.workload != asked:
        others = ", ".join(differing(asked, result.workload))
        raise NotMeasured(f"measures another workload than was asked for: {others}")
    machine = replace(result.context.machine, commit=built.wanted.commit.sha, dirty=False)
    return replace(result, context=replace(result.context, machine=machine))


def _asked(built: Built, scratch: Path, *arguments: str) -> str:
    code, text, log = _call(built, built.abec, arguments, scratch, _ASK_S)
    if code not in (Exit.MEASURED, Exit.NOT_MEASURED) or not text.strip():
        raise NotMeasured(
            f"{built.label}: abec {' '.join(arguments)} does not work there "
            f"(exit {code}): {_told(log) or 'it says nothing'}"
        )
    return text


def _call(
    built: Built, program: Path, arguments: Sequence[str], scratch: Path, limit_s: float
) -> tuple[int | None, str, str]:
    """Run a program of an environment; give its exit code, its stdout and its stderr."""
    if not program.exists():
        raise NotMeasured(
            f"{built.label} has no command {program.name}; compare with a later commit"
        )
    log, output = log_file(scratch, str(built.side)), log_file(scratch, "output")
    try:
        started = Child.spawn(
            (str(program), *arguments),
            name=f"{program.name} of {built.side}",
            log_path=log,
            stdout_path=output,
            env={**built.env, "TMPDIR": str(scratch), "COLUMNS": "100"},
            cwd=scratch,
        )
    except OSError as error:
        raise NotMeasured(f"{built.label}: {program.name} could not be started: {error}") from error
    with _ended(started) as child:
        if not child.wait(limit_s):
            raise NotMeasured(f"{program.name} {arguments[0]} did not end within {limit_s:.0f} s")
        code = child.exit_code
    told = output.read_text(encoding="utf-8", errors="replace")
    said = log.read_text(encoding="utf-8", errors="replace")
    log.unlink()
    output.unlink()
    return code, told, said


@contextmanager
def _ended(child: Child) -> Iterator[Child]:
    try:
        yield child
    finally:
        child.stop(_STOP_S)


def _told(log: str) -> str:
    """Give what the command said of its failure, without its name."""
    lines = log.strip().removeprefix("abec: ").splitlines()
    return "\n".join([*lines[:1], *(textwrap.indent(line, " ") for line in lines[1:])])
