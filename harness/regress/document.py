"""The answer as JSON, for programs: one shape, with a version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from harness.errors import NotMeasured
from harness.measure.statistics import ALPHA
from harness.regress.gate import shown
from harness.regress.report import Judgement
from harness.regress.ruling import Ruling
from harness.regress.sides import Side

VERSION = 1
"""Raised whenever a key changes its meaning or goes."""


def to_json(answer: Judgement, commits: Mapping[Side, str]) -> str:
    """Write the answer; ``commits`` are full hashes. Infinite times are ``null``."""
    measured, cells = answer.measured, answer.gate.cells
    document = {
        "schema": VERSION,
        "exit": int(answer.code),
        "regressions": [ruling.name for ruling in answer.alarms],
        "base": {"name": answer.base, "commit": commits[Side.BASE]},
        "head": {"name": answer.head, "commit": commits[Side.HEAD]},
        "gate": answer.gate.name,
        "cells": [asdict(replace(cell, workload=shown(cell.workload))) for cell in cells],
        "looks": measured.looks,
        "took_s": round(measured.took_s, 1),
        "order_seed": measured.order_seed,
        "error_rate": ALPHA,
        "comparisons": [_comparison(ruling) for ruling in answer.rulings],
        "saved": list(answer.saved),
    }
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)


def failure_to_json(
    error: NotMeasured, names: Mapping[Side, str], commits: Mapping[Side, str]
) -> str:
    """Write why nothing was measured; ``exit`` and ``comparisons`` are as in an answer."""
    document = {
        "schema": VERSION,
        "exit": int(error.exit_code),
        "regressions": [],
        **{str(side): {"name": names[side], "commit": commits[side]} for side in Side},
        "reason": str(error),
        "comparisons": [],
    }
    return json.dumps(document, indent=1, ensure_ascii=False)


def _comparison(ruling: Ruling) -> Mapping[str, Any]:
    finding = ruling.finding
    return {
        "cell": ruling.cell.name,
        "metric": ruling.watched.metric.name,
        "unit": ruling.watched.metric.unit,
        "alarm": ruling.alarm,
        "outcome": finding.outcome,
        "reason": finding.reason,
        "base": finding.contrast.first,
        "head": finding.contrast.second,
        "change": None if finding.shift is None else asdict(finding.shift),
        "adjusted_p": finding.adjusted_p,
        "threshold": ruling.watched.threshold,
        "seen_from": ruling.seen_from,
        "look": ruling.look,
    }
