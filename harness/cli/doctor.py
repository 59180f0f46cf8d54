"""``abec doctor``: whether this machine's figures can be trusted, and what would help."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from functools import partial

import click
from rich.console import Console

from harness.cli.answer import width
from harness.doctor import host, software, timing, truth
from harness.doctor.check import Check, Examination, Verdict, fail
from harness.errors import Exit, NotMeasured
from harness.machine import Machine, raise_open_files, read_machine
from harness.measure.set_up import SET_UP_RULES
from harness.measure.validity import FIGURE_RULES, MACHINE_RULES, RULES
from harness.process.redis import resolve
from harness.report.columns import WIDTH, Column, paragraph, table


@click.command(context_settings={"max_content_width": 100})
@click.option("--redis", default="", metavar="URL|FILE", help="which Redis [the bundled one]")
@click.option("--rules", is_flag=True, help="print when a run counts as invalid, check nothing")
@click.option("--json", "as_json", is_flag=True, help="print checks (or rules) as JSON")
def command(redis: str, rules: bool, as_json: bool) -> int:
    """Check this machine and the instrument itself, in about 20 s.

    \b
    Examples:
      abec doctor
      abec doctor --rules

    Each line is ok, warn or FAIL, with what was seen and what would help. The truth test
    measures a server whose delay and dropped messages are known. Exit code 1 if anything fails.
    """
    if rules:
        click.echo(_rules_json() if as_json else _rules_table(width()))
        return Exit.MEASURED
    if redis:
        resolve(redis)
    machine = read_machine()
    checks = _examine(_examinations(machine, redis), told=not as_json)
    if as_json:
        shown = {"checks": [asdict(check) for check in checks], "machine": asdict(machine)}
        click.echo(json.dumps(shown, indent=1, ensure_ascii=False))
    else:
        click.echo(summary(checks, host.connections(machine)))
    failed = any(check.verdict is Verdict.FAIL for check in checks)
    return Exit.ANSWER_IS_NO if failed else Exit.MEASURED


def line(check: Check, columns: int = WIDTH) -> str:
    """Set one check as a paragraph behind its verdict."""
    return paragraph(str(check), f"{check.verdict:<6}", " " * 6, columns)


def summary(checks: Sequence[Check], connections: int) -> str:
    """Count failures and warnings, and say what can be trusted."""
    failures = [check for check in checks if check.verdict is Verdict.FAIL]
    warnings = sum(check.verdict is Verdict.WARN for check in checks)
    counted = f"{_plural(len(failures), 'failure')}, {_plural(warnings, 'warning')}."
    if not all(check.only_size for check in failures):
        return f"{counted} Mend what failed before you trust figures of this machine."
    return f"{counted} Runs of up to {connections:,} connections can be trusted here."


def _examinations(machine: Machine, redis: str) -> tuple[Examination, ...]:
    """List the checks in the order in which a reader wants them: cheap first, truth last."""
    on_machine = (
        ("what is installed", software.installed),
        ("cores", host.cores),
        ("clock", host.clock),
        ("open files", host.open_files),
        ("ports", host.ports),
        ("memory", host.memory),
        ("what else runs here", host.neighbours),
        ("timer lateness", timing.pacing),
        ("wake-up cost over loopback", timing.wake_ups),
        ("a server whose faults are known", truth.truth),
    )
    examinations = [
        Examination(title=title, examine=partial(examine, machine)) for title, examine in on_machine
    ]
    examinations.insert(1, Examination(title="Redis", examine=partial(software.redis, redis)))
    return tuple(examinations)


def _examine(examinations: Sequence[Examination], *, told: bool) -> list[Check]:
    """Make the checks one after another, each printed as soon as it is made if ``told``."""
    raise_open_files()
    checks = []
    for number, examination in enumerate(examinations, 1):
        with _progress(f"{number} of {len(examinations)}: {examination.title}"):
            check = _made(examination)
        if told:
            click.echo(line(check, width()))
        checks.append(check)
    return checks


def _made(examination: Examination) -> Check:
    """Make one check; what could not even be run has failed."""
    try:
        return examination.examine()
    except NotMeasured as error:
        return fail(f"{examination.title}: {error}")


def _progress(text: str) -> AbstractContextManager[object]:
    return Console(stderr=True).status(text) if sys.stderr.isatty() else nullcontext()


def _rules_table(columns: int) -> str:
    bars = (Column("rule"), Column("invalid when", words=True))
    hides = (Column("rule"), Column("a figure is hidden, and the run stays valid", words=True))
    connects = (Column("rule"), Column("connections per second (abec tls) are n/a", words=True))
    return "\n\n".join(
        (
            table(bars, [(rule.name, rule.limit) for rule in RULES], columns),
            table(hides, [(rule.name, rule.limit) for rule in FIGURE_RULES], columns),
            table(connects, [(rule.name, rule.limit) for rule in SET_UP_RULES], columns),
            paragraph(
                "An invalid run says why and what to try; its figures take part in no verdict. "
                f"Doubtful runs that {' or '.join(sorted(MACHINE_RULES))} disturbed are repeated, "
                "twice at most, and the count is printed.",
                width=columns,
            ),
        )
    )


def _rules_json() -> str:
    rules = [
        {"name": rule.name, "limit": rule.limit, "hides": hides}
        for group, hides in (
            (RULES, "run"),
            (FIGURE_RULES, "figure"),
            (SET_UP_RULES, "connections per second"),
        )
        for rule in group
    ]
    return json.dumps(rules, indent=1, ensure_ascii=False)


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
