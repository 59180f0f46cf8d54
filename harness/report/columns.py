"""Text in aligned columns: no boxes, no colour, never wider than asked."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WIDTH = 100
"""No line of a report is wider; a narrower terminal is laid out for what it has."""
_GAP = "  "
_NARROWEST_WORDS = 18
"""What a last column of words is left with before the table is split instead."""
_WIDEST_NAME = 32
"""What a first column is left with before the table is split: our longest pattern and its mark."""
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
    aside: int = 0
    """Where the table is too wide: 0 stays, columns with the highest number go below it first."""


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int = WIDTH) -> str:
    """Align ``rows`` under ``columns``; the first column and words to the left, others right.

    A column that is empty in every row is left out. Where the rest is wider than ``width``, long
    names of the first column are wrapped, and what is then still too wide is continued in a
    second table below, which repeats the first column: the columns that are needed least
    (``Column.aside``), or else the last ones.
    """
    kept = [i for i in range(len(columns)) if i == 0 or any(row[i].strip() for row in rows)]
    body = _set_all([columns[i] for i in kept], [[row[i] for i in kept] for row in rows])
    words = columns[kept[-1]].words
    if _width(_least(body, words)) > width:
        named = [part for row in rows for part in _name_wrapped(row)]
        body = _set_all([columns[i] for i in kept], [[row[i] for i in kept] for row in named])
    parts = _divided([columns[i].aside for i in kept], _least(body, words), width)
    return "\n\n".join(_lines([body[i] for i in part], width) for part in parts)


def bound(text: str) -> str:
    """Keep each figure and its unit on one line."""
    return _UNIT.sub(_NO_BREAK, text)


def paragraph(text: str, indent: str = "", hanging: str = "", width: int = WIDTH) -> str:
    """Wrap one paragraph: its first line behind ``indent``, the others behind ``hanging``."""
    filled = textwrap.fill(
        bound(text),
        width,
        initial_indent=indent,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return filled.replace(_NO_BREAK, " ")


def joined(parts: Sequence[str], width: int = WIDTH) -> str:
    """Join parts by `` · ``, with line breaks between parts, and within one that is too wide."""
    lines: list[str] = []
    for part in filter(None, parts):
        if lines and len(f"{lines[-1]} · {part}") <= width:
            lines[-1] += f" · {part}"
        else:
            lines += paragraph(part, hanging=_GAP, width=width).split("\n")
    return "\n".join(lines)


def listed(parts: Sequence[str]) -> str:
    """Enumerate: ``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _name_wrapped(row: Sequence[str]) -> Iterator[list[str]]:
    """Give the row, and a row of its own for each further line of its name."""
    name, *cells = row
    first, *others = textwrap.wrap(
        name, _WIDEST_NAME, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    ) or [name]
    yield [first, *cells]
    for line in others:
        yield [line, *("" for _ in cells)]


def _set_all(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Set each column, the first and words to the left, others to the right."""
    height = max(column.heading.count("\n") for column in columns) + 1
    return [
        _set(column, height, [row[i] for row in rows], left=i == 0 or column.words)
        for i, column in enumerate(columns)
    ]


def _set(column: Column, height: int, cells: Sequence[str], *, left: bool) -> list[str]:
    """Pad heading and cells to one width, intervals below one another."""
    heading = column.heading.split("\n")
    heading = [""] * (height - len(heading)) + heading
    if not left:
        tails = [len(cell) - len(_INTERVAL.split(cell, maxsplit=1)[0]) for cell in cells]
        cells = [cell + " " * (max(tails) - tail) for cell, tail in zip(cells, tails, strict=True)]
    width = max(map(len, (*heading, *cells)))
    return [text.ljust(width) if left else text.rjust(width) for text in (*heading, *cells)]


def _least(body: Sequence[Sequence[str]], words: bool) -> list[int]:
    """Give the width that each column needs; a last one of ``words`` can be wrapped."""
    widths = [len(cells[0]) for cells in body]
    if words:
        widths[-1] = min(widths[-1], _NARROWEST_WORDS)
    return widths


def _divided(asides: Sequence[int], widths: Sequence[int], width: int) -> list[list[int]]:
    """Divide columns into tables that are narrow enough, each beginning with the first column.

    What is needed most stands in the first table, as many columns of it as fit.
    """

    def fit(columns: Sequence[int]) -> bool:
        return _width([widths[i] for i in columns]) <= width

    first = [0]
    for rank in sorted(set(asides)):
        group = [i for i in range(1, len(widths)) if asides[i] == rank]
        if fit([*first, *group]):
            first = sorted([*first, *group])
        elif rank == 0:
            fitting = [n for n in range(1, len(group)) if fit([0, *group[:n]])]
            first += group[: max(fitting, default=1)]
            break
    parts = [first]
    for i in (i for i in range(1, len(widths)) if i not in first):
        if parts[-1] is first or not fit([*parts[-1], i]):
            parts.append([0])
        parts[-1].append(i)
    return parts


def _width(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


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
