"""Why a combination of a benchmark is n/a: kept beside asv's results, which have no room for it.

A benchmark says why on stderr, which asv captures and forgets. As asv saves the results of a
machine, commit and environment, the reasons go into a file beside them, ``….reasons`` where
theirs is ``….json``: asv takes every .json file in that folder, and in folders below it, for
results. Published files name no folder, no address and no host, so neither do these: what is
private is known best where it was measured.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from asv.results import get_filename, iter_results

from harness.report.pages.private import own_names, published
from harness.whole_file import write_whole

NOT_APPLICABLE = "n/a: "
"""Begins the line on stderr by which a benchmark says why."""
_SHOWN_HASH = 8
_BLOCK = re.compile(r"^For parameters: ", re.MULTILINE)

Combination = tuple[str, ...]
"""One value for each parameter, as asv writes it: ``("'ticker'", "'sse'")``."""
Reasons = Mapping[str, Mapping[Combination, str]]
"""By benchmark and combination."""


def reasons_in(said: str, params: Iterable[Iterable[str]]) -> Mapping[Combination, str]:
    """Find the reasons in what asv captured of one benchmark's stderr.

    asv writes ``For parameters: 'ticker', 'sse'`` before what one combination said.
    """
    own = own_names()
    combinations = {", ".join(combination): combination for combination in product(*params)}
    found = {}
    for block in _BLOCK.split(said)[1:]:
        names, *lines = block.splitlines()
        whys = [line for line in lines if line.startswith(NOT_APPLICABLE)]
        if whys and names in combinations:
            found[combinations[names]] = published(whys[-1].removeprefix(NOT_APPLICABLE), own)
    return found


def keep(results: Any, results_dir: str) -> None:
    """Save why combinations are n/a, beside ``results`` as asv has just saved them.

    What was measured before and not now keeps its reason as long as it has no value.

    Raises:
        OSError: the file could not be written; the former one is still there.
    """
    path = _path(results, results_dir)
    kept = {name: dict(told) for name, told in read(path).items()}
    for name, said in results.stderr.items():
        told = reasons_in(said or "", results.get_result_params(name))
        kept[name] = {**kept.get(name, {}), **told}
    still = {name: _still(results, name, told) for name, told in kept.items()}
    _write(path, {name: told for name, told in still.items() if told})


def read(path: Path) -> Reasons:
    """Read what ``keep`` saved; nothing where there is no such file."""
    if not path.exists():
        return {}
    stored = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: {tuple(one["params"]): one["reason"] for one in told} for name, told in stored.items()
    }


def newest(results_dir: str) -> Mapping[str, list[dict[str, Any]]]:
    """Give, by benchmark, why combinations are n/a at the newest commit of each machine.

    One entry a machine and reason: ``machine``, ``commit``, ``reason`` and ``combinations``,
    the values without quotes.
    """
    latest: dict[tuple[str, str, str], Any] = {}
    for result in sorted(iter_results(results_dir), key=lambda one: int(one.date)):
        for name in result.get_all_result_keys():
            latest[name, result.params["machine"], result.env_name] = result
    grouped: dict[tuple[str, str, str, str], dict[Combination, None]] = {}
    for (name, machine, _), result in latest.items():
        told = read(_path(result, results_dir)).get(name, {})
        for combination, reason in _still(result, name, told).items():
            group = (name, machine, result.commit_hash[:_SHOWN_HASH], reason)
            grouped.setdefault(group, {})[tuple(value.strip("'") for value in combination)] = None
    by_name: dict[str, list[dict[str, Any]]] = {}
    for group in sorted(grouped):
        name, machine, commit, reason = group
        entry = {"machine": machine, "commit": commit, "reason": reason}
        by_name.setdefault(name, []).append({**entry, "combinations": list(grouped[group])})
    return by_name


def _path(results: Any, results_dir: str) -> Path:
    name: str = get_filename(results.params["machine"], results.commit_hash, results.env_name)
    return (Path(results_dir) / name).with_suffix(".reasons")


def _still(results: Any, name: str, told: Mapping[Combination, str]) -> Mapping[Combination, str]:
    """Leave those combinations that are still n/a: a later run may have measured them."""
    if name not in results.get_all_result_keys():
        return {}
    params = results.get_result_params(name)
    values = dict(zip(product(*params), results.get_result_value(name, params), strict=True))
    return {
        combination: reason
        for combination, reason in told.items()
        if _is_na(values.get(combination))
    }


def _is_na(value: object) -> bool:
    """Whether asv has n/a there, which is NaN; None stands for a benchmark that failed."""
    return isinstance(value, float) and math.isnan(value)


def _write(path: Path, reasons: Reasons) -> None:
    if not reasons:
        path.unlink(missing_ok=True)
        return
    stored = {
        name: [{"params": combination, "reason": reason} for combination, reason in told.items()]
        for name, told in sorted(reasons.items())
    }
    write_whole(path, json.dumps(stored, indent=1, ensure_ascii=False) + "\n")
