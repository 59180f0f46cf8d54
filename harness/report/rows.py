"""One line a run, for spreadsheets and data frames: plain numbers in seconds and bytes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from harness.result import Latency, Result, Series


def csv_rows(series: Series) -> Iterator[str]:
    """Give a heading and one line for each run, without line ends.

    Columns are the fields of ``Result`` and its parts, joined by dots. ``inf`` is infinite;
    what was not measured is empty.
    """
    rows = [dict(_flat(result)) for result in series.results]
    if rows:
        yield _line(list(rows[0]))
    for row in rows:
        yield _line([_text(value) for value in row.values()])


def _flat(result: Result) -> Iterator[tuple[str, object]]:
    yield "valid", result.valid
    yield from _fields("", result)


def _fields(prefix: str, part: Any) -> Iterator[tuple[str, object]]:
    for name in (field.name for field in fields(part)):
        value = getattr(part, name)
        if name == "histogram":
            continue
        if name == "doubts":
            yield name, "; ".join(doubt.rule for doubt in value)
        elif name == "machine":
            yield f"{prefix}{name}", value.fingerprint
        elif is_dataclass(value):
            yield from _fields(f"{prefix}{name}.", value)
        elif isinstance(part, Latency) and value is None and part.lost:
            yield f"{prefix}{name}", "inf"
        else:
            yield f"{prefix}{name}", value


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {number}" for name, number in value.items())
    if isinstance(value, tuple):
        return "; ".join(map(str, value))
    return str(value)


def _line(cells: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(cells)
    return buffer.getvalue()
