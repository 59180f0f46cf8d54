"""Pages as files: written whole or not at all, and linked from asv's own page."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

PATTERNS, METHOD, REGRESSIONS = "patterns.html", "method.html", "regressions.html"
ASV = "index.html"
"""The pages of a site."""
_MENU_END = re.compile(r'[ \t]*<li id="nav-li-graphdisplay">')
"""What follows the entries of asv's menu."""
_OURS = f'        <li id="nav-li-abec"><a href="{PATTERNS}">Patterns</a></li>\n'


def write(path: Path, text: str) -> None:
    """Write ``text`` to ``path``; a file of that name is replaced at once by the whole new one.

    Raises:
        OSError: it could not be written; nothing half-written is left.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_site(folder: Path, pages: Mapping[str, str]) -> None:
    """Write pages by name into ``folder``, and link asv's page, where there is one, to the first.

    Raises:
        OSError: one could not be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        write(folder / name, text)
    index = folder / ASV
    if index.is_file():
        write(index, linked(index.read_text(encoding="utf-8")))


def linked(index: str) -> str:
    """Give asv's page with an entry for ours in its menu, once however often asked.

    A page without that menu, as a newer asv's may be, is given back as it is.
    """
    return _MENU_END.sub(lambda found: _OURS + found[0], index.replace(_OURS, ""), count=1)
