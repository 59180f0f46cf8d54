"""Rates, sizes and times as people write them: ``2k/s``, ``4KiB``, ``20ms``."""

from __future__ import annotations

import re

from harness.errors import BadInput

_QUANTITY = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([A-Za-z/]*)\s*")
_RATE_UNITS = {"": 1, "/s": 1, "k": 1_000, "k/s": 1_000, "m": 1_000_000}
_BYTE_UNITS = {"": 1, "b": 1, "kb": 1_000, "kib": 1 << 10, "k": 1 << 10, "mib": 1 << 20}
_BYTE_UNITS |= {"mb": 1_000_000, "m": 1 << 20}
_BANDWIDTH_UNITS = {
    **{f"{unit}/s": size for unit, size in _BYTE_UNITS.items() if unit},
    "kbit/s": 125,
    "mbit/s": 125_000,
    "gbit/s": 125_000_000,
}
_SECOND_UNITS = {"": 1.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0, "m": 60.0, "h": 3600.0}


def parse_rate(text: str, field: str = "--rate") -> float:
    """Read messages (or connections) per second: ``500``, ``2k``, ``2k/s``."""
    return _parse(text, _RATE_UNITS, field, "is no rate; for example 500 or 2k")


def parse_bytes(text: str, field: str = "--payload") -> int:
    """Read a size: ``256``, ``256B``, ``4KiB``, ``1MiB``."""
    size = _parse(text, _BYTE_UNITS, field, "is no size; for example 256B or 4KiB")
    if size != int(size):
        raise BadInput(field, text, "is no whole number of bytes")
    return int(size)


def parse_bandwidth(text: str, field: str = "--bandwidth") -> float:
    """Read bytes per second: ``10MB/s``, ``1MiB/s``, ``100Mbit/s``."""
    problem = "is no bandwidth; for example 10MB/s or 100Mbit/s"
    bandwidth = _parse(text, _BANDWIDTH_UNITS, field, problem)
    if not bandwidth:
        raise BadInput(field, text, "lets nothing through; leave it out to have no limit")
    return bandwidth


def parse_seconds(text: str, field: str = "--duration") -> float:
    """Read a time: ``5``, ``5s``, ``20ms``, ``2min``."""
    return _parse(text, _SECOND_UNITS, field, "is no time; for example 5s or 20ms")


def _parse(text: str, units: dict[str, float] | dict[str, int], field: str, problem: str) -> float:
    match = _QUANTITY.fullmatch(text)
    if match is None or match[2].lower() not in units:
        raise BadInput(field, text, problem)
    return float(match[1]) * units[match[2].lower()]
