"""The axes of a question: scenarios (built in, and a user's own) and the patterns they fit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from benchmarks.patterns import pattern_names
from benchmarks.settings import scenario_file
from harness.registry import load, require_exchange
from harness.scenario import BUILT_IN, Scenario, read_scenarios
from harness.workload import Exchange


def scenarios(*default: Scenario) -> Mapping[str, Scenario]:
    """Give ``default`` and those of the user's scenarios that are of their kind, by name.

    Of one kind are scenarios with the same exchange, and either all open or all closed loop:
    figures of different kinds never share a table.
    """
    kind = _kind(default[0])
    own = [scenario for scenario in own_scenarios().values() if _kind(scenario) == kind]
    return {scenario.name: scenario for scenario in (*default, *own)}


def built_in(*names: str) -> Mapping[str, Scenario]:
    """Give ``scenarios`` of the built-in ones called ``names``."""
    return scenarios(*(BUILT_IN[name] for name in names))


def axes(asked: Mapping[str, Scenario]) -> tuple[list[str], list[str]]:
    """Give asv's ``params``: the scenarios' names and the patterns that carry their exchange."""
    exchange = next(iter(asked.values())).workload.exchange
    return list(asked), pattern_names(exchange)


@cache
def own_scenarios() -> Mapping[str, Scenario]:
    """Read the file that ``ABEC_SCENARIOS`` names, if it is set.

    Raises:
        BadInput: the file cannot be used, or names a pattern that cannot carry its scenario.
    """
    path = scenario_file()
    if path is None:
        return {}
    own = read_scenarios(str(path))
    for scenario in own.values():
        exchange = scenario.workload.exchange
        for name in scenario.patterns:
            if name not in pattern_names(exchange):
                require_exchange(load(name), exchange)
    return own


def _kind(scenario: Scenario) -> tuple[Exchange, bool]:
    return scenario.workload.exchange, scenario.workload.open_loop
