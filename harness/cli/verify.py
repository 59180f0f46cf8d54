"""``abec verify``: are a result's figures what its raw data give?"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from harness import schema, stamps_file
from harness.cli.answer import width
from harness.errors import BadInput, Exit, NotMeasured
from harness.measure.agreement import Agreement, recomputed, unchecked, within_itself
from harness.observe import Observation
from harness.registry import load
from harness.report import units
from harness.result import Result, Stamps
from harness.run import conclude

_MOST_SHOWN = 12
"""Differences of one run that are listed: one wrong stamp can change a hundred figures."""


@click.command(context_settings={"max_content_width": 100})
@click.argument("file")
def command(file: str) -> int:
    """Compute every figure of a result FILE again from its raw data, and say which agree.

    \b
    Examples:
      abec verify results/runs/20260714-101500-7f3a.json
      abec verify results/runs/20260714-101500-7f3a.json && echo nobody changed a figure

    Of runs whose stamps were kept (`abec run --stamps`), every figure is computed by the code
    that computed it first. Of others, counts and quantiles are held against the histograms, the
    audit and the timeline in FILE; what cannot be checked that way is named.

    Exit codes: 0 all figures agree; 1 one differs, or the stamps are not those that were kept;
    2 FILE is no result; 3 nothing differs, but the stamps of a run are missing.
    """
    path = Path(file)
    series = schema.load(path)
    if not series.results:
        raise BadInput(file, "", "holds no run; measure again")
    codes = [_verified(number, run, path) for number, run in enumerate(series.results, 1)]
    counted = (
        (codes.count(Exit.MEASURED), "agree"),
        (codes.count(Exit.ANSWER_IS_NO), "differ"),
        (codes.count(Exit.NOT_MEASURED), "could be checked in part only"),
    )
    told = "; ".join(f"{count} {what}" for count, what in counted if count)
    click.echo(f"{len(codes)} run{'s' * (len(codes) != 1)}: {told}")
    return Exit.ANSWER_IS_NO if Exit.ANSWER_IS_NO in codes else max(codes)


def _verified(number: int, result: Result, series: Path) -> Exit:
    """Verify one run, say what was found, and give its exit code."""
    about = f"run {number}, {result.pattern}"
    if result.stamps is None:
        return _in_part(about, result, "no stamps were kept (abec run --stamps keeps them)")
    try:
        kept = stamps_file.unchanged(result.stamps, series)
    except OSError as error:
        why = f"its stamps {result.stamps.file} cannot be read ({error.strerror})"
        return _in_part(about, result, why)
    if not kept:
        _say("FAIL", f"{about}: {result.stamps.file} is not the file that was kept (SHA-256)")
    return _in_full(about, result, result.stamps, series, kept=kept)


def _in_full(about: str, result: Result, stamps: Stamps, series: Path, *, kept: bool) -> Exit:
    """Compute the figures of a run again, from stamps that were ``kept`` or from changed ones."""
    try:
        seen = stamps_file.read(series.parent / stamps.file)
    except BadInput:
        if kept:
            raise
        return Exit.ANSWER_IS_NO
    try:
        found = recomputed(result, _again(result, seen))
    except (ValueError, NotMeasured) as error:
        _say("FAIL", f"{about}: the stamps contradict themselves: {error}")
        return Exit.ANSWER_IS_NO
    if found.differences:
        _say("FAIL", f"{about}: {_count(found)} not what the stamps give")
        _list(found, "the stamps")
    elif kept:
        messages = units.count(len(seen.recording.published.due_ns))
        deliveries = units.count(len(seen.recording.delivered.received_ns))
        _say(
            "ok",
            f"{about}: all {found.figures} figures are what its stamps give "
            f"({messages} messages, {deliveries} arrivals)",
        )
        if result.journey is not None:
            _say("", "not checked: the parts of the journey, which its servers noted")
    return Exit.MEASURED if kept and not found.differences else Exit.ANSWER_IS_NO


def _again(result: Result, seen: Observation) -> Result:
    """Conclude once more, by the code of a run."""
    pattern, context = load(result.pattern), result.context
    again = conclude(
        pattern, result.workload, context.machine, context.plan, seen, result.block_index
    )
    # What the servers of a journey noted is not among the stamps.
    return replace(again, journey=result.journey)


def _in_part(about: str, result: Result, why: str) -> Exit:
    """Hold a run against its own histograms, and say what that leaves out."""
    found = within_itself(result)
    if found.differences:
        _say("FAIL", f"{about}: {why}; {_count(found)} not what the rest of the file gives")
        _list(found, "the rest")
        return Exit.ANSWER_IS_NO
    _say("part", f"{about}: {why}; {found.figures} figures fit its histograms and counts")
    _say("", f"not checked: {unchecked(result)}")
    return Exit.NOT_MEASURED


def _count(found: Agreement) -> str:
    wrong = len(found.differences)
    return f"{wrong} of {found.figures} figures {'is' if wrong == 1 else 'are'}"


def _list(found: Agreement, source: str) -> None:
    for one in found.differences[:_MOST_SHOWN]:
        _say("", f"{one.figure}: the file says {one.stored}, {source} {one.found}")
    more: Sequence[object] = found.differences[_MOST_SHOWN:]
    if more:
        _say("", f"and {len(more)} more")


def _say(mark: str, text: str) -> None:
    """Print one finding; what belongs to it has no mark."""
    indent = "" if mark else "  "
    click.echo(
        textwrap.fill(
            text,
            width(),
            initial_indent=f"{mark:<6}{indent}",
            subsequent_indent=" " * 8,
            break_long_words=False,
            break_on_hyphens=False,
        )
    )
