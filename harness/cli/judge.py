"""The form ``abec compare OLD.json NEW.json``: judge two saved results, measure nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from harness import schema
from harness.cli.answer import width
from harness.errors import BadInput, Exit
from harness.measure.verdict import Verdict, Verdicts, verdicts
from harness.report.verdicts import verdict_report
from harness.scenario import flag


def judge(names: Sequence[str], as_json: bool, others: Mapping[str, Any]) -> Exit:
    """Print what an old and a new result file say about each other.

    Gives 1 if anything got slower, 3 if nothing could be compared, otherwise 0.

    Raises:
        BadInput: not two result files, or ``others``, options of a measurement, are given too.
    """
    if len(names) != 2 or not all(name.endswith(".json") for name in names):
        raise BadInput(
            "OLD.json NEW.json", " ".join(names), "give exactly two result files, or only patterns"
        )
    for option, value in others.items():
        if value:
            raise BadInput(flag(option), "", "means nothing to saved results; leave it out")
    old, new = (schema.load(Path(name)) for name in names)
    text, code = verdict_report(old, new, width())
    click.echo(_as_json(verdicts(old, new)) if as_json else text)
    return code


def _as_json(found: Verdicts) -> str:
    document = {
        "same_machine": found.same_machine,
        "verdicts": [_record(verdict) for verdict in found.verdicts],
        "unmatched": [asdict(unmatched) for unmatched in found.unmatched],
    }
    return json.dumps(document, indent=1, ensure_ascii=False)


def _record(verdict: Verdict) -> dict[str, Any]:
    finding = verdict.finding
    return {
        "pattern": verdict.pattern,
        "workload": asdict(verdict.workload),
        "metric": finding.contrast.metric.name,
        "outcome": finding.outcome,
        "reason": finding.reason,
        "note": verdict.note,
        "change": None if finding.shift is None else asdict(finding.shift),
        "adjusted_p": finding.adjusted_p,
        "resolution": finding.resolution,
    }
