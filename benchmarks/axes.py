"""The axes of a question: what it turns, and the patterns that are asked.

The profile decides what stands on them. A question that the profile leaves out has empty axes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TypeVar

from benchmarks.patterns import PATTERNS, pattern_names, with_others
from benchmarks.settings import Profile, profile, scenario_file
from harness.registry import load, require_exchange
from harness.scenario import BUILT_IN, Scenario, read_scenarios
from harness.workload import Exchange, Workload

WINDOWS_S: Mapping[Profile, tuple[float, float]] = {
    Profile.QUICK: (0.2, 2.2),
    Profile.FULL: (0.5, 3.0),
}
"""Warm-up and window. At 1,000/s the shorter window holds enough messages for a p99, whatever the
schedule's seed, and at 100/s the longer one for a p90."""

_Value = TypeVar("_Value", int, float, str)


def built_in(name: str) -> Mapping[str, Scenario]:
    """Give a built-in scenario for the profile's patterns, and the user's of its kind, by name."""
    scenario = BUILT_IN[name]
    patterns = pattern_names(scenario.workload.exchange)
    asked = replace(scenario, workload=windowed(scenario.workload), patterns=tuple(patterns))
    return with_own(asked)


def with_own(asked: Scenario) -> Mapping[str, Scenario]:
    """Give ``asked`` and those of the user's scenarios that are of its kind, by name.

    Of one kind are scenarios with the same exchange, and either all open or all closed loop:
    figures of different kinds never share a table. ``ABEC_SCENARIOS`` names the user's file.
    In quick, whatever ``asked`` is, only the open loops of this suite are asked.

    Raises:
        BadInput: the file cannot be used, or names a pattern that cannot carry its scenario.
    """
    own = [one for one in own_scenarios().values() if _kind(one) == _kind(asked)]
    left_out = profile() is Profile.QUICK and not asked.workload.open_loop
    return {one.name: one for one in (*(() if left_out else (asked,)), *own)}


def windowed(workload: Workload) -> Workload:
    """Give a workload of this suite's own the window of the profile.

    A user's own scenarios keep theirs: they say how long is measured.
    """
    warmup, duration = WINDOWS_S[profile()]
    return replace(workload, warmup=warmup, duration=duration)


def scenario_axes(asked: Mapping[str, Scenario]) -> tuple[list[str], list[str]]:
    """Give asv's ``params``: scenarios, and the patterns that any of them is meant for."""
    patterns = dict.fromkeys(
        pattern
        for scenario in asked.values()
        for pattern in scenario.patterns or pattern_names(scenario.workload.exchange)
    )
    return list(asked), list(patterns)


def turned(
    values: Iterable[_Value], workload: Callable[[_Value], Workload]
) -> Mapping[_Value, Scenario]:
    """Give the workload of each value that a question turns; a question of full, not of quick."""
    if profile() is Profile.QUICK:
        return {}
    return {value: Scenario(name=f"{value}", workload=workload(value)) for value in values}


def turned_axes(
    asked: Mapping[_Value, Scenario], patterns: Sequence[str]
) -> tuple[list[_Value], list[str]]:
    """Give asv's ``params``: the values, and these patterns beside those of other packages."""
    exchanges = {scenario.workload.exchange for scenario in asked.values()}
    return list(asked), [name for exchange in exchanges for name in with_others(patterns, exchange)]


@cache
def own_scenarios() -> Mapping[str, Scenario]:
    """Give the scenarios of the user's file, by name; none without ``ABEC_SCENARIOS``.

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
            if name not in PATTERNS[Profile.FULL][exchange]:
                require_exchange(load(name), exchange)
    return own


def _kind(scenario: Scenario) -> tuple[Exchange, bool]:
    return scenario.workload.exchange, scenario.workload.open_loop
