"""``abec listen``: what a server of the user's sends by itself, without any latency."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, TypeVar

import click

from harness.cli.answer import width
from harness.errors import BadInput, Exit, LoadFailed
from harness.first_contact import PATIENCE_S, refusing_strangers
from harness.given_server import roles
from harness.load.listen import Listened, listen
from harness.machine import read_machine
from harness.measure.arrivals import heard
from harness.measure.validity import GENERATOR_PEAK, PAUSE_S
from harness.pattern import Pattern
from harness.plan import plan
from harness.registry import load
from harness.report import units
from harness.report.columns import paragraph
from harness.report.listen import listen_report
from harness.scenario import flag, override
from harness.workload import Workload

_OPTIONS: Mapping[str, tuple[str, str]] = {
    "url": ("URL", "where it is: ws://localhost:8080/, http://localhost:8080/events"),
    "subscribers": ("N", "how many listen [1]"),
    "warmup": ("TIME", "listened to but not counted [1s]"),
    "duration": ("TIME", "how long is counted [5s]"),
    "ramp": ("CONN/S", "new connections per second [500]"),
    "client": ("NAME", "wire or library [wire]"),
    "poll_interval": ("TIME", "between the polls of one subscriber [20ms]"),
    "ca": ("FILE", "certificates to trust at wss:// or https:// [the system's]"),
}
_Command = TypeVar("_Command", bound=Callable[..., Any])


def _with_options(command: _Command) -> _Command:
    made = (
        click.option(flag(field), field, metavar=metavar, help=text)
        for field, (metavar, text) in reversed(tuple(_OPTIONS.items()))
    )
    return reduce(lambda decorated, option: option(decorated), made, command)


@click.command(context_settings={"max_content_width": 100})
@click.argument("pattern")
@_with_options
@click.option("--json", "as_json", is_flag=True, help="print figures as JSON instead of a table")
def command(pattern: str, as_json: bool, **options: Any) -> int:
    """Listen to what the server at --url sends to subscribers of PATTERN, and count it.

    \b
    Examples:
      abec listen sse --url http://localhost:8080/events --subscribers 10
      abec listen websocket --url wss://localhost:8443/prices --ca mine.pem --duration 30s

    For servers that do not relay what abec publishes. Nothing is published, so there is no
    latency and no audit, and nothing is saved beside results that have them. Exit code 3 if
    nothing came, a connection ended, or listening took too much of a core.
    """
    if not options["url"]:
        raise BadInput("--url", "", "name the server; for example ws://localhost:8080/")
    asked = {field: value for field, value in options.items() if value is not None}
    workload = override(Workload(), asked)
    if not workload.elsewhere:
        raise BadInput("--url", "", "a Redis is measured by abec run; give ws:// or http://")
    listener = load(pattern)
    plan(listener, workload, read_machine())
    found = _listened(listener, workload)
    subscribers = [
        heard(at_ns, sizes, *found.window_ns)
        for at_ns, sizes in zip(found.at_ns, found.sizes, strict=True)
    ]
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(one) for one in subscribers], indent=1))
    else:
        click.echo(listen_report(pattern, workload, subscribers, width()))
    problems = _problems(found, sum(one.messages for one in subscribers))
    for problem in problems:
        click.echo(paragraph(f"! {problem}", hanging="  ", width=width()), err=as_json)
    return Exit.NOT_MEASURED if problems else Exit.MEASURED


def _listened(pattern: Pattern, workload: Workload) -> Listened:
    with refusing_strangers(pattern, workload.url, PATIENCE_S):
        try:
            return listen(pattern, workload, roles(workload.url, ""))
        except LoadFailed as error:
            if isinstance(error.__cause__, Exception):
                raise error.__cause__ from error
            raise


def _problems(found: Listened, messages: int) -> list[str]:
    """Say what makes the figures void."""
    problems = [
        f"{cause}: {count:,} times; what follows is missing" for cause, count in found.notes.items()
    ]
    if not messages:
        problems.append("nothing came; is anything published there? give a longer --duration")
    if found.pause > PAUSE_S:
        problems.append(
            f"this machine kept the listener waiting for {units.seconds(found.pause)} (limit "
            f"{units.seconds(PAUSE_S)}): gaps may be our own; end other programs and try again"
        )
    if found.cpu > GENERATOR_PEAK:
        problems.append(
            f"listening took {units.percent(found.cpu)} of a core "
            f"(limit {units.percent(GENERATOR_PEAK)}): gaps are our own; lower --subscribers"
        )
    return problems
