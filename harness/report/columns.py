"""Text in aligned columns: no boxes, no colour, never wider than asked."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 100
"""No line of a report is wider, whatever the terminal."""
_GAP = "  "
_NARROWEST_WORDS = 18
"""What a last column of words is left with before the table is split instead."""
_UNIT = re.compile(r"(?<=\d) (?=%|[µnm]?s\b|[KMG]?i?B\b|msg/s|in \d|of \d)")
"""Between a figure and its unit no line may end."""
_NO_BREAK = "\u00a0"
_INTERVAL = re.compile(r" (?=[±\[])")


@dataclass(frozen=True, slots=True)
class Column:
    """A heading (a line break makes it two rows high) and how its cells are set."""

    heading: str
    words: bool = False
    """Set left, and wrapped where it is the last column; figures are set right."""


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int = WIDTH) -> str:
    """Align ``rows`` under ``columns``; the first column and words to the left, others right.

    A column that is empty in every row is left out. A table wider than ``width`` is continued
    in a second one below it, which repeats the first column.
    """
    kept = [i for i in range(len(columns)) if i == 0 or any(row[i].strip() for row in rows)]
    height = max(columns[i].heading.count("\n") for i in kept) + 1
    body = [
        _set(columns[i], height, [row[i] for row in rows], left=i == 0 or columns[i].words)
        for i in kept
    ]
    wraps = columns[kept[-1]].words
    parts = _split([len(cells[0]) for cells in body], wraps, width)
    return "\n\n".join(_lines([body[i] for i in part], width) for part in parts)


def paragraph(text: str, indent: str = "", hanging: str = "", width: int = WIDTH) -> str:
    """Wrap one paragraph: its first line behind ``indent``, the others behind ``hanging``."""
    filled = textwrap.fill(
        _UNIT.sub(_NO_BREAK, text),
        width,
        initial_indent=indent,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return filled.replace(_NO_BREAK, " ")


def joined(parts: Sequence[str], width: int = WIDTH) -> str:
    """Join parts by `` · ``, with line breaks only between parts."""
    lines: list[str] = []
    for part in filter(None, parts):
        if lines and len(f"{lines[-1]} · {part}") <= width:
            lines[-1] += f" · {part}"
        else:
            lines.append(part)
    return "\n".join(lines)


def listed(parts: Sequence[str]) -> str:
    """Enumerate: ``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _set(column: Column, height: int, cells: Sequence[str], *, left: bool) -> list[str]:
    """Pad heading and cells to one width, intervals below one another."""
    heading = column.heading.split("\n")
    heading = [""] * (height - len(heading)) + heading
    if not left:
        tails = [len(cell) - len(_INTERVAL.split(cell, maxsplit=1)[0]) for cell in cells]
        cells = [cell + " " * (max(tails) - tail) for cell, tail in zip(cells, tails, strict=True)]
    width = max(map(len, (*heading, *cells)))
    return [text.ljust(width) if left else text.rjust(width) for text in (*heading, *cells)]


def _split(widths: Sequence[int], wraps: bool, width: int) -> list[list[int]]:
    parts = [[0]]
    used = widths[0]
    for i in range(1, len(widths)):
        needed = widths[i]
        if wraps and i == len(widths) - 1:
            needed = min(needed, _NARROWEST_WORDS)
        if used + len(_GAP) + needed > width and parts[-1] != [0]:
            parts.append([0])
            used = widths[0]
        parts[-1].append(i)
        used += len(_GAP) + needed
    return parts


def _lines(columns: Sequence[Sequence[str]], width: int) -> str:
    before = sum(len(cells[0]) + len(_GAP) for cells in columns[:-1])
    lines = []
    for cells in zip(*columns, strict=True):
        line = _GAP.join(cells).rstrip()
        if len(line) > width:
            first, *others = textwrap.wrap(cells[-1].strip(), max(width - before, 8))
            line = "\n".join([line[:before] + first, *(" " * before + more for more in others)])
        lines.append(line)
    return "\n".join(line for line in lines if line)
