"""asv's published pages without private names: asv calls machines by host, interpreters by path."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from harness.errors import BadInput

INDEX = "index.json"
_GRAPHS = "graphs"
_UNSAFE = re.compile(r'[<>:"/\\^|?*\x00-\x1f]')
"""What asv replaces by ``_`` in the names of folders, in Python and in its pages' script."""
_PYTHON = "python"
_AGAIN = "run asv publish again"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """New names by old ones, for each of the parameters that asv builds folders of."""

    by_parameter: Mapping[str, Mapping[str, str]]
    clean: Callable[[str], str]

    def of(self, parameter: str, value: Any) -> Any:
        """Give the new name of a value, or of each in a list."""
        known = self.by_parameter.get(parameter, {})
        if isinstance(value, list):
            return [known.get(one, one) if isinstance(one, str) else one for one in value]
        return known.get(value, value) if isinstance(value, str) else value

    @property
    def folders(self) -> dict[str, str]:
        """New folder names by old ones."""
        return {
            _UNSAFE.sub("_", f"{parameter}-{old}"): _UNSAFE.sub("_", f"{parameter}-{new}")
            for parameter, known in self.by_parameter.items()
            for old, new in known.items()
        }


def anonymise(folder: Path, machine: str, clean: Callable[[str], str]) -> None:
    """Rename machines and interpreters in asv's pages, in their data and in their folders.

    ``machine`` names the only machine there is; empty, or with several, they are called by CPU
    and cores. ``clean`` is for the sentences in the data. Nothing happens without asv's pages, or
    when it was done before.

    Raises:
        BadInput: a file of asv's is damaged; nothing is changed yet.
        OSError: a file could not be written.
    """
    index = folder / INDEX
    if not index.is_file():
        return
    documents = {path: _read(path) for path in folder.glob("*.json")}
    try:
        names = _names(documents[index], machine, clean)
    except (AttributeError, KeyError, TypeError) as error:
        raise BadInput(str(index), "", f"is not as asv writes it; {_AGAIN}") from error
    for path, document in documents.items():
        path.write_text(json.dumps(_renamed(document, "", names)), encoding="utf-8")
    for path in folder.glob("*.xml"):
        path.write_text(_in_feed(path.read_text(encoding="utf-8"), names), encoding="utf-8")
    folders = names.folders
    deepest_first = sorted((folder / _GRAPHS).rglob("*"), key=lambda path: -len(path.parts))
    for path in deepest_first:
        if path.is_dir() and folders.get(path.name, path.name) != path.name:
            path.rename(path.with_name(folders[path.name]))


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(str(path), "", f"is no JSON ({error}); {_AGAIN}") from error


def _names(index: Mapping[str, Any], machine: str, clean: Callable[[str], str]) -> _Names:
    machines: dict[str, str] = {}
    for old, facts in index["machines"].items():
        alone = len(index["machines"]) == 1
        new = machine if machine and alone else _told(old, facts)
        machines[old] = _distinct(_UNSAFE.sub("-", new), machines.values())
    pythons: dict[str, str] = {}
    for old in index["params"].get(_PYTHON, ()):
        if isinstance(old, str) and "/" in old:
            pythons[old] = _distinct(_PYTHON, [*index["params"][_PYTHON], *pythons.values()])
    return _Names(by_parameter={"machine": machines, _PYTHON: pythons}, clean=clean)


def _told(machine: str, facts: Mapping[str, Any]) -> str:
    if "cpu" not in facts:
        raise BadInput(
            "machine", machine, f"has no cpu in asv's records; add it to machine.json and {_AGAIN}"
        )
    return f"{facts['cpu']}, {facts.get('num_cpu', '?')} cores"


def _distinct(name: str, taken: Iterable[str]) -> str:
    """Give ``name``, or with a number where others have it."""
    used = set(taken)
    number = 2
    found = name
    while found in used:
        found = f"{name} {number}"
        number += 1
    return found


def _renamed(value: Any, key: str, names: _Names) -> Any:
    """Rename in any of asv's documents: by key, and in what is a path of folders."""
    if key in names.by_parameter:
        return names.of(key, value)
    if isinstance(value, dict):
        if key == "machines":
            value = {names.of("machine", old): facts for old, facts in value.items()}
        return {name: _renamed(part, name, names) for name, part in value.items()}
    if isinstance(value, list):
        return [_renamed(part, "", names) for part in value]
    if not isinstance(value, str):
        return value
    if value.startswith(f"{_GRAPHS}/"):
        return "/".join(names.folders.get(part, part) for part in value.split("/"))
    return names.clean(value) if key == "reason" else value


def _in_feed(text: str, names: _Names) -> str:
    """Rename in the feed of regressions, whose links carry parameters."""
    new_by_old = {
        f"{parameter}={quote_plus(old)}": f"{parameter}={quote_plus(new)}"
        for parameter, known in names.by_parameter.items()
        for old, new in known.items()
    }
    if not new_by_old:
        return text
    # In one pass and as whole names: one may begin another, or be the new name of another.
    olds = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, new_by_old))})(?![\w.~+%-])")
    return olds.sub(lambda found: new_by_old[found[0]], text)
