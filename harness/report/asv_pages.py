"""A plug-in for asv: pages that work without a network, and say why something is n/a.

asv's page names its scripts by the addresses of public servers. This puts copies beside the
page and names those, and adds a script by which the pages compare patterns and show reasons. asv
imports this module for each of its commands, so it imports little.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
from pathlib import Path
from typing import Any

from asv.publishing import OutputPublisher
from asv.results import Results, iter_results
from asv.util import UserError

from harness.report import asv_reasons

_STATIC = Path(__file__).parent / "static"
VENDORED = _STATIC / "asv"
_ADDITIONS = "asv_additions.js"
_REASONS = "reasons.json"
_FOLDER = "vendor"
_EXTERNAL = re.compile(
    r"""<(?P<tag>script|link)\b[^>]*?\b(?:src|href)="https?://(?P<path>[^"]+)"[^>]*>"""
)
_LOCAL_NAMES = {
    "jquery.flot.min.js": "jquery.flot.js",
    "jquery.flot.time.min.js": "jquery.flot.time.js",
    "jquery.flot.selection.min.js": "jquery.flot.selection.js",
    "jquery.flot.categories.min.js": "jquery.flot.categories.js",
}
"""The vendored name of what asv loads by another name."""


def setup() -> None:
    """Have the reasons for n/a kept whenever asv saves results; asv calls this on loading.

    asv has no hook there, and tells the benchmark's process neither machine nor commit: only
    here are they and what the benchmark said in one place.
    """
    save = Results.save
    if hasattr(save, "__wrapped__"):
        return  # a command that runs another one loads its plug-ins again

    @functools.wraps(save)
    def save_with_reasons(self: Any, result_dir: str) -> None:
        save(self, result_dir)
        asv_reasons.keep(self, result_dir)

    Results.save = save_with_reasons


class OfflinePages(OutputPublisher):  # type: ignore[misc] # asv has no type hints
    """Pages that load their scripts and styles from beside them."""

    name = "offline"
    button_label = "Offline"
    description = "Pages that load nothing from other servers"

    @classmethod
    def publish(
        cls, conf: Any, _repo: object, _benchmarks: object, _graphs: object, _revisions: object
    ) -> None:
        """Copy what is vendored into asv's ``html_dir``, and rewrite its ``index.html``.

        Beside it go the reasons for n/a, which the added script fetches.

        Raises:
            UserError: the page loads something that is not vendored, as a newer asv's may.
        """
        pages = Path(conf.html_dir)
        shutil.copytree(VENDORED, pages / _FOLDER, dirs_exist_ok=True)
        index = pages / "index.html"
        page = localise(index.read_text(encoding="utf-8"))
        shutil.copy(_STATIC / _ADDITIONS, pages)
        reasons = json.dumps(asv_reasons.newest(conf.results_dir), ensure_ascii=False)
        (pages / _REASONS).write_text(reasons, encoding="utf-8")
        commits = {result.commit_hash for result in iter_results(conf.results_dir)}
        addition = f'<script src="{_ADDITIONS}" data-commits="{len(commits)}"></script>'
        page = page.replace("</head>", f"{addition}</head>", 1)
        index.write_text(page, encoding="utf-8")


def localise(page: str) -> str:
    """Replace scripts and styles from other servers by those that are vendored.

    Raises:
        UserError: one of them is not vendored.
    """
    return _EXTERNAL.sub(_local_element, page)


def _local_element(found: re.Match[str]) -> str:
    wanted = found["path"].rpartition("/")[2]
    name = _LOCAL_NAMES.get(wanted, wanted)
    if not (VENDORED / name).is_file():
        raise UserError(f"{found['path']} is not among the scripts in {VENDORED}; add it there")
    if found["tag"] == "link":
        return f'<link rel="stylesheet" href="{_FOLDER}/{name}">'
    return f'<script src="{_FOLDER}/{name}">'
