"""The one number formatter: every figure that a person reads passes through here.

Three significant digits, units always, ``∞`` for what never came and ``–`` for what is not
shown.
"""

from __future__ import annotations

import math

INFINITE = "∞"
ABSENT = "–"
MINUS = "−"

_TIME_STEPS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_BYTE_STEPS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def significant(value: float, digits: int = 3) -> str:
    """Write ``value`` with ``digits`` significant digits: ``0.0123``, ``1.23``, ``1,230``."""
    if math.isinf(value):
        return INFINITE if value > 0 else MINUS + INFINITE
    rounded = _round(value, digits)
    if rounded == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    return f"{rounded:,.{decimals}f}".replace("-", MINUS)


def seconds(value: float | None) -> str:
    """Write a time given in seconds: ``412 µs``, ``6.10 ms``, ``1.50 s``; None is infinite."""
    if value is None or math.isinf(value):
        return INFINITE
    if value == 0:
        return "0 s"
    magnitude = abs(_round(value, 3))
    scale, unit = next((step for step in _TIME_STEPS if magnitude >= step[0]), _TIME_STEPS[-1])
    return f"{significant(value / scale)} {unit}"


def span(value: float) -> str:
    """Write a time that somebody chose, in seconds, without added digits: ``20 ms``, ``1.5 s``."""
    scale, unit = next((step for step in _TIME_STEPS if value >= step[0]), _TIME_STEPS[0])
    return f"{value / scale:,.6g} {unit}"


def size(value: float | None) -> str:
    """Write bytes: ``256 B``, ``4.00 KiB``; a power of two steps is written whole."""
    if value is None:
        return ABSENT
    for scale, unit in _BYTE_STEPS:
        if abs(_round(value, 3)) >= scale:
            steps = value / scale
            return f"{steps:,.0f} {unit}" if steps == int(steps) else f"{significant(steps)} {unit}"
    return f"{count(value) if value == int(value) else significant(value)} B"


def count(value: float | None) -> str:
    """Write a whole number with thousands separators."""
    return ABSENT if value is None else f"{value:,.0f}".replace("-", MINUS)


def rate(value: float | None, unit: str = "msg/s") -> str:
    """Write events per second: ``2,000 msg/s``, ``12.5 msg/s``."""
    if value is None:
        return ABSENT
    return f"{count(value) if value == int(value) else significant(value)} {unit}"


def percent(share: float | None) -> str:
    """Write a share of 1, below one percent with a decimal: ``3 %`` is 0.03, ``0.4 %`` 0.004."""
    if share is None:
        return ABSENT
    value = 100 * share
    if abs(value) < 0.05:
        return "0 %"
    return f"{value:,.{1 if abs(value) < 0.95 else 0}f} %".replace("-", MINUS)


def level(coverage: float) -> str:
    """Write the level of an interval, rounded down if at all: ``93.75 %``, ``99.2 %``."""
    value = 100 * coverage
    return f"{value:g} %" if value == round(value, 2) else f"{math.floor(10 * value) / 10:g} %"


def change(factor: float | None) -> str:
    """Write new / old as a signed change, and from five times on as a factor: ``+40 %``."""
    if factor is None:
        return INFINITE
    if factor >= 5:
        return f"{significant(factor)}×"
    if factor <= 0.2:
        return f"1/{significant(1 / factor)}" if factor else "to 0"
    text = percent(factor - 1)
    return text if text == "0 %" or factor < 1 else f"+{text}"


def change_interval(factor: float | None, low: float | None, high: float | None) -> str:
    """Write a change with its interval: ``+40 % [+28, +55]``, or ``7.20× [6.10×, 8.00×]``."""
    value, *ends = (change(part) for part in (factor, low, high))
    if all(text.endswith(" %") for text in (value, *ends)):
        ends = [text.removesuffix(" %") for text in ends]
    return f"{value} [{', '.join(ends)}]"


def figure(value: float | None, unit: str) -> str:
    """Write a figure in the unit of its metric: ``412 µs``, ``4.00 KiB``, and ``1.20`` without."""
    if unit == "s":
        return seconds(value)
    if value is None:
        return INFINITE
    return size(value) if unit == "B" else f"{significant(value)} {unit}".rstrip()


def times(factor: float | None) -> str:
    """Write a ratio: ``1.04``, ``12.3``."""
    return INFINITE if factor is None else significant(factor)


def _round(value: float, digits: int) -> float:
    return float(f"{value:.{digits - 1}e}")
