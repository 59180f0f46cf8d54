"""``abec patterns``: what can be measured, and what each promises."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import click

from harness.cli.answer import width
from harness.errors import Exit, NotMeasured
from harness.pattern import Pattern
from harness.registry import load, names
from harness.report.columns import Column, paragraph, table

_COLUMNS = (
    Column("pattern"),
    Column("server", words=True),
    Column("clients", words=True),
    Column("exchanges", words=True),
)


@click.command(context_settings={"max_content_width": 100})
@click.option("--json", "as_json", is_flag=True, help="print them as JSON")
def command(as_json: bool) -> int:
    """List patterns: server, clients, exchanges, the path of a message, and what it guarantees.

    \b
    Examples:
      abec patterns
      abec patterns --json

    NAME@STACK is an implementation of NAME beside the default. Patterns of other packages
    appear by themselves (entry points of the group abec.patterns).
    """
    patterns, broken = _registered()
    if as_json:
        click.echo(json.dumps([_record(p) for p in patterns], indent=1, ensure_ascii=False))
    else:
        click.echo(f"{_table(patterns, width())}\n\n{_promises(patterns, width())}")
    for problem in broken:
        click.echo(f"abec: {problem}", err=True)
    return Exit.NOT_MEASURED if broken else Exit.MEASURED


def _registered() -> tuple[list[Pattern], list[str]]:
    """Load all patterns; a package that is broken must not hide the others."""
    patterns, broken = [], []
    for name in names():
        try:
            patterns.append(load(name))
        except NotMeasured as error:
            broken.append(str(error))
    return patterns, broken


def _table(patterns: Sequence[Pattern], columns: int) -> str:
    rows = [
        (p.name, p.stack, ", ".join(sorted(p.clients)), ", ".join(sorted(p.exchanges)))
        for p in patterns
    ]
    return table(_COLUMNS, rows, columns)


def _promises(patterns: Sequence[Pattern], columns: int) -> str:
    """Give path and guarantees, once where all implementations have the same."""
    lines = []
    for family, members in groupby(patterns, lambda pattern: pattern.family):
        said: dict[tuple[str, str], list[str]] = {}
        for pattern in members:
            said.setdefault((pattern.path, pattern.guarantees), []).append(pattern.name)
        for (path, guarantees), members_alike in said.items():
            who = family if family in members_alike else ", ".join(members_alike)
            lines.append(paragraph(f"{who}: {path}", hanging="  ", width=columns))
            lines.append(paragraph(guarantees, "  ", "  ", columns))
    return "\n".join(lines)


def _record(pattern: Pattern) -> dict[str, Any]:
    return {
        "name": pattern.name,
        "block": pattern.block,
        "exchanges": sorted(pattern.exchanges),
        "path": pattern.path,
        "guarantees": pattern.guarantees,
        "server": pattern.stack,
        "clients": sorted(pattern.clients),
        "floor": pattern.floor,
        "compresses": pattern.compresses,
    }
