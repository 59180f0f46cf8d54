"""A record to compare with: all that a profile asks, interleaved, then made fit to be committed.

``python -m benchmarks.baseline measure [NAME…]|pack``: `make baseline` calls both, asv between.
asv finishes one combination before it begins the next. Here all patterns under one workload
are interleaved, so that pages may compare them; asv then reads the same runs (``ABEC_SERIES``).
What is packed names no host, no user and no folder of the machine, and leaves out the histograms of
our own clients' times.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from inspect import getmembers, isclass
from itertools import product
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

import benchmarks
from benchmarks.metrics import Question
from benchmarks.settings import CHECKOUT, count_of_runs
from harness.errors import AbecError, BadInput
from harness.scenario import Scenario
from harness.whole_file import write_whole

if TYPE_CHECKING:
    from harness.series import Cell

MEASURED = CHECKOUT / "results/runs/baseline"
KEPT = CHECKOUT / "results/baseline"
_HISTOGRAM = "histogram"
"""Its value is base64, in which anything may seem to be a name or a path."""
_EXISTING = re.compile(r"existing-py_[^/]*?(?=\.(?:json|reasons)$|$)")
"""How asv names an environment that was there already: by its interpreter's path."""
_SHOWN = "existing"


def groups() -> Mapping[str, Sequence[Cell]]:
    """Give what the profile asks: by the name of a file, the patterns under one workload."""
    from harness.series import Cell

    found: dict[Any, dict[Cell, None]] = {}
    names: dict[Any, str] = {}
    for question in _questions():
        for value, pattern in product(*question.params):
            scenario: Scenario = question.scenarios[value]
            if scenario.patterns and pattern not in scenario.patterns:
                continue
            asked = scenario.workload
            names.setdefault(asked, re.sub(r"[^\w.]+", "-", f"{question.__name__}-{value}"))
            found.setdefault(asked, {})[Cell(pattern=pattern, workload=asked)] = None
    return {names[asked]: tuple(cells) for asked, cells in found.items()}


def _questions() -> Iterator[type[Question]]:
    for found in iter_modules(benchmarks.__path__):
        if found.name not in {"baseline", "gate"}:
            module = import_module(f"benchmarks.{found.name}")
            for name, kind in getmembers(module, isclass):
                own = kind.__module__ == module.__name__ and not name.startswith("_")
                if own and issubclass(kind, Question) and kind is not Question:
                    yield kind


def measure(folder: Path, only: Sequence[str] = ()) -> None:
    """Measure all groups, a file each; what an earlier call left in ``folder`` goes first.

    ``only`` names groups to measure anew or in addition, and leaves the files of others.

    Raises:
        AbecError: something cannot be asked for, or a file could not be written.
    """
    from harness.series import measure as measured

    asked = groups()
    for name in only:
        if name not in asked:
            raise BadInput("NAME", name, f"not in this profile; name some of {', '.join(asked)}")
    if not only:
        for path in folder.glob("*.json"):
            path.unlink()
    asked = {name: cells for name, cells in asked.items() if not only or name in only}
    for number, (name, cells) in enumerate(asked.items(), 1):
        sys.stderr.write(f"{number} of {len(asked)}: {name}, {len(cells)} patterns\n")
        measured(
            cells, runs=count_of_runs(), command="make baseline", save_to=folder / f"{name}.json"
        )


def pack(source: Path, kept: Path) -> None:
    """Put the series in ``source`` into ``kept/runs``, and clean asv's records in ``kept/asv``.

    Raises:
        BadInput: nothing was measured.
    """
    # Not at the top: asv imports this module in each of its processes.
    from harness.report.pages.private import own_names, published
    from harness.result import OWN_TIMES

    own = own_names()

    def clean(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            if key in OWN_TIMES:  # their histograms are two fifths of all bytes
                value = {**value, _HISTOGRAM: ""}
            return {clean(name): clean(part, name) for name, part in value.items()}
        if isinstance(value, list):
            return [clean(part, key) for part in value]
        if not isinstance(value, str) or key == _HISTOGRAM:
            return value
        return published(_EXISTING.sub(_SHOWN, value), own)

    paths = sorted(source.glob("*.json"))
    if not paths:
        raise BadInput(str(source), "", "holds no series; make baseline measures them")
    runs = kept / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    for path in runs.glob("*.json.gz"):
        path.unlink()
    for path in paths:
        document = clean(json.loads(path.read_text(encoding="utf-8")))
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        # Without the time of packing: what is packed again is the same file.
        (runs / f"{path.name}.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    for path in (kept / "asv").glob("*/*"):
        document = clean(json.loads(path.read_text(encoding="utf-8")))
        path.unlink()
        write_whole(
            path.with_name(_EXISTING.sub(_SHOWN, path.name)),
            json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n",
        )


def main(what: str, *names: str) -> int:
    """Measure or pack; give the exit code."""
    try:
        if what == "measure":
            measure(MEASURED, names)
        else:
            pack(MEASURED, KEPT)
    except AbecError as error:
        sys.stderr.write(f"abec: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
