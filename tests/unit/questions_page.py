"""Print docs/questions.md: what asv is asked, from the docstrings of ``benchmarks/``.

.venv/bin/python tests/unit/questions_page.py > docs/questions.md
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[2]
FILES = (
    "delivery",
    "fan_out",
    "request_reply",
    "work_queue",
    "journey",
    "group",
    "redis_commands",
    "scaled",
    "durability",
    "payload",
    "polling_interval",
    "network",
    "connections",
    "tls",
    "cost_per_message",
    "saturation",
)
"""In the order of the page; the test fails if a file of questions is missing."""
HEAD = """\
# The questions that asv is asked

Generated from the docstrings of `benchmarks/` by `.venv/bin/python tests/unit/questions_page.py`.
One file a question, one class for each of its axes, one method for each metric. Every value is
lower-is-better except `track_throughput`, which stays out of gates. A sample is one metric of one
independent run. Rows in *italics* are asked in the profile `full` only; the patterns are those
of `full`, and `quick` has the default implementations, and the floor once.

"""
TABLE = """\
| benchmark | axes | what the figure means | metrics |
|---|---|---|---|
"""


def page() -> str:
    """Write the whole page, for the full profile."""
    return HEAD + "\n".join(f"## {_question(module)}\n\n{_table(module)}" for module in _modules())


def _modules() -> Iterator[ModuleType]:
    for name in FILES:
        yield importlib.import_module(f"benchmarks.{name}")


def _question(module: ModuleType) -> str:
    return (module.__doc__ or "").strip().splitlines()[0]


def _table(module: ModuleType) -> str:
    # In the order of the file, which getmembers would sort.
    classes = [kind for name, kind in vars(module).items() if _asked_here(module, name, kind)]
    return TABLE + "".join(_row(kind) for kind in classes)


def _asked_here(module: ModuleType, name: str, kind: Any) -> bool:
    own = inspect.isclass(kind) and kind.__module__ == module.__name__
    return own and hasattr(kind, "params") and not name.startswith("_")


def _row(kind: Any) -> str:
    from benchmarks.patterns import PATTERNS
    from benchmarks.settings import Profile

    first, patterns = kind.params
    name = f"`{kind.__module__.partition('.')[2]}.{kind.__name__}`"
    exchange = next(iter(kind.scenarios.values())).workload.exchange
    everything = list(PATTERNS[Profile.FULL][exchange])
    whom = "all implementations" if patterns == everything else ", ".join(patterns)
    axes = f"`{kind.param_names[0]}`: {', '.join(map(str, first))}<br>`pattern`: {whom}"
    metrics = "<br>".join(_metrics(kind))
    name = name if _in_quick(kind) else f"*{name}*"
    return f"| {name} | {axes} | {_text(kind)} | {metrics} |\n"


def _in_quick(kind: Any) -> bool:
    """Whether it asks a built-in open-loop scenario, which is what quick has."""
    return kind.param_names[0] == "scenario" and all(
        scenario.workload.open_loop for scenario in kind.scenarios.values()
    )


def _metrics(kind: Any) -> Iterator[str]:
    for name in dir(kind):
        if name.startswith("track_"):
            method = getattr(kind, name)
            yield f"`{name}` ({method.unit}): {_text(method).removeprefix('Give ').rstrip('.')}"


def _text(documented: Any) -> str:
    return " ".join((inspect.getdoc(documented) or "").split()).replace("``", "`")


if __name__ == "__main__":
    os.environ["ABEC_PROFILE"] = "full"
    for variable in ("ABEC_SERIES", "ABEC_SCENARIOS"):
        os.environ.pop(variable, None)
    sys.path.insert(0, str(ROOT))
    sys.stdout.write(page())
