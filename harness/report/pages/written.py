"""Pages as files: written whole or not at all, and linked from asv's own page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from harness.whole_file import write_whole

PATTERNS, METHOD, REGRESSIONS = "patterns.html", "method.html", "regressions.html"
VERSIONS = "versions.html"
RETOLD = "retold.html"
ASV = "index.html"
"""The pages of a site."""
_MENU_END = re.compile(r'[ \t]*<li id="nav-li-graphdisplay">')
"""What follows the entries of asv's menu."""
_OURS = f'        <li id="nav-li-abec"><a href="{PATTERNS}">Patterns</a></li>\n'


def write_site(folder: Path, pages: Mapping[str, str]) -> None:
    """Write pages by name into ``folder``, and link asv's page, where there is one, to the first.

    Raises:
        OSError: one could not be written.
    """
    for name, text in pages.items():
        write_whole(folder / name, text)
    index = folder / ASV
    if index.is_file():
        write_whole(index, linked(index.read_text(encoding="utf-8")))


def linked(index: str) -> str:
    """Give asv's page with an entry for ours in its menu, once however often asked.

    A page without that menu, as a newer asv's may be, is given back as it is.
    """
    return _MENU_END.sub(lambda found: _OURS + found[0], index.replace(_OURS, ""), count=1)
