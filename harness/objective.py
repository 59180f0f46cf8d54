"""What somebody promised: ``p99<5ms``, ``lost==0``; an upper limit on one metric of a pattern."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from harness.errors import BadInput
from harness.quantities import parse_bytes, parse_seconds

_FORM = re.compile(r"\s*([a-z0-9.]+)\s*(<=|<|==|=|>=|>)\s*(\S.*?)\s*")
_EXAMPLES = 'for example "p99<5ms" or "lost==0"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One upper limit."""

    metric: str
    """One of ``METRICS``."""
    comparison: str
    """``<``, ``<=``, or ``==`` for counts."""
    limit: float
    """Seconds, bytes, or a count."""
    text: str
    """As it was written, without spaces."""

    def met_by(self, value: float | None) -> bool:
        """Whether ``value`` keeps to it; None is infinite."""
        found = math.inf if value is None else value
        if self.comparison == "<":
            return found < self.limit
        return found <= self.limit if self.comparison == "<=" else found == self.limit


def parse_objective(text: str, field: str = "--assert") -> Objective:
    """Read an objective.

    Raises:
        BadInput: it has another form, an unknown metric, or a limit without its unit.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise BadInput(field, text, f"is no METRIC<LIMIT; {_EXAMPLES}")
    metric, comparison, limit = match.groups()
    if metric not in METRICS:
        near = get_close_matches(metric, METRICS, 1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(METRICS)}"
        raise BadInput(field, text, f'no such metric "{metric}"; {hint}')
    counted = METRICS[metric] is _count
    if comparison not in (("<", "<=", "==") if counted else ("<", "<=")):
        right = "<, <= or ==" if counted else "< or <="
        raise BadInput(field, text, f"{comparison} cannot be asked of {metric}; use {right}")
    return Objective(
        metric=metric,
        comparison=comparison,
        limit=METRICS[metric](limit, field, text),
        text=f"{metric}{comparison}{limit}",
    )


def _time(limit: str, field: str, text: str) -> float:
    plain = limit.replace("µ", "u").replace("μ", "u")
    if plain[-1].isdigit():
        raise BadInput(field, text, f"{limit} of what? give a unit; for example 5ms or 20us")
    try:
        return parse_seconds(plain, field)
    except BadInput:
        raise BadInput(field, text, f"{limit} is no time; for example 5ms or 20us") from None


def _size(limit: str, field: str, text: str) -> float:
    if limit[-1].isdigit():
        raise BadInput(field, text, f"{limit} of what? give a unit; for example 300B or 64KiB")
    try:
        return parse_bytes(limit, field)
    except BadInput:
        raise BadInput(field, text, f"{limit} is no size; for example 300B or 64KiB") from None


def _count(limit: str, field: str, text: str) -> float:
    if not limit.isdecimal():
        raise BadInput(field, text, f"{limit} is no whole number of messages; for example 0")
    return int(limit)


METRICS: Mapping[str, Callable[[str, str, str], float]] = {
    "p50": _time,
    "p90": _time,
    "p99": _time,
    "p99.9": _time,
    "max": _time,
    "cpu": _time,
    "bytes": _size,
    "memory": _size,
    "lost": _count,
}
"""What can be promised: delivery latencies; server CPU and TCP payload per delivered message;
memory per connection; lost deliveries, over all runs together. By name, how a limit is read."""
