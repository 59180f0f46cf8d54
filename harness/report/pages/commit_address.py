"""Where a commit can be read: asv's ``show_commit_url``, from the file that records are made by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asv.util import UserError, load_json

from harness.errors import BadInput

_OPTION = "show_commit_url"
_UNSET = "#"
"""asv's own default."""


def commit_address(folder: Path) -> str:
    """Give what a commit's hash is put behind; empty where nobody said.

    The asv configuration that counts is the one, in a folder above, whose ``results_dir`` is
    ``folder``. One that cannot be read is for asv to complain about.

    Raises:
        BadInput: what it names is no address of a page.
    """
    records = folder.resolve()
    for above in records.parents:
        for path in sorted(above.glob("asv*.conf.json")):
            configured = _read(path)
            own = above / str(configured.get("results_dir", "results"))
            if configured and own.resolve() == records:
                return _address(path, str(configured.get(_OPTION, _UNSET)))
    return ""


def _read(path: Path) -> dict[str, Any]:
    try:
        configured = load_json(str(path), js_comments=True)
    except (UserError, ValueError, OSError):
        return {}
    return configured if isinstance(configured, dict) else {}


def _address(path: Path, address: str) -> str:
    if address == _UNSET:
        return ""
    if not address.startswith(("https://", "http://")):
        raise BadInput(
            f"{path.name}, {_OPTION}",
            address,
            "must begin with https://; for example https://github.com/you/repository/commit/",
        )
    return address
