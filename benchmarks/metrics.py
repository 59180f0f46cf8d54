"""What all questions share, and how a method becomes a metric that asv tracks."""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable, Collection, Mapping
from typing import Any

from benchmarks.measured import runs_of
from benchmarks.settings import saved_series
from benchmarks.validity import valid_runs
from benchmarks.values import NotApplicable, Value
from harness.errors import NotMeasured
from harness.registry import names
from harness.result import Result
from harness.scenario import Scenario

NOT_APPLICABLE = "n/a: "
"""Begins the line on stderr that says why a combination has no number."""


Of = Callable[[Any, tuple[Result, ...]], Value]
Track = Callable[[Any, Any, str], Value]


class Question:
    """What all questions share. The common ``setup_cache`` gives them one working directory."""

    params: tuple[list[Any], list[str]]
    """What the first parameter turns, and the patterns; empty where the profile asks nothing."""
    scenarios: Mapping[Any, Scenario]
    """What is measured, by the name that the first parameter knows it by."""
    param_names: tuple[str, str] = ("scenario", "pattern")
    timeout = 7200.0
    """Seconds of silence after which asv kills the process; the instrument's own are shorter."""

    def __init_subclass__(cls) -> None:
        """Hide a question that the profile does not ask: asv's check fails on empty axes."""
        if "params" in vars(cls) and not all(cls.params):
            for name in dir(cls):
                if name.startswith("track_"):
                    setattr(cls, name, _hidden(getattr(cls, name)))

    def setup_cache(self) -> None:
        """Keep nothing: that it is there lets one measurement feed several metrics."""

    def setup(self, name: Any, pattern: str) -> None:
        """Leave out what a scenario of the user's is not meant for, or a commit does not have."""
        patterns = self.scenarios[name].patterns
        if pattern not in names():
            reason = f"pattern {pattern} is not installed"
        elif patterns and pattern not in patterns:
            reason = f"scenario {name} is for {', '.join(patterns)}"
        else:
            return
        _say_why(reason)
        raise NotImplementedError(reason)


def tracked(unit: str, *, version: str, despite: Collection[str] = ()) -> Callable[[Of], Track]:
    """Make a metric of a method that reads its value from the valid runs of a combination.

    ``version`` is raised by hand when a metric's meaning changes: asv's own default hashes the
    method alone, and not the instrument behind it. ``despite`` names rules of validity that have
    no bearing on the metric.
    """

    def decorate(of: Of) -> Track:
        @functools.wraps(of)
        def track(self: Question, name: Any, pattern: str) -> Value:
            asked_by = f"{type(self).__name__}.{of.__name__}"
            try:
                series = runs_of(pattern, self.scenarios[name].workload, asked_by)
                return of(self, valid_runs(series, pattern, despite))
            except (NotApplicable, NotMeasured) as error:
                # What was not measured has failed, unless that was somebody else's task.
                if isinstance(error, NotMeasured) and not saved_series():
                    raise
                _say_why(str(error))
                return math.nan

        vars(track).update(unit=unit, version=version)
        return track

    return decorate


def _hidden(method: Track) -> Track:
    """Give a metric that asv passes over; methods are shared with classes that are asked."""

    @functools.wraps(method)
    def track(self: Question, name: Any, pattern: str) -> Value:
        return method(self, name, pattern)

    vars(track).update(skip_benchmark=True)
    return track


def _say_why(reason: str) -> None:
    """Tell asv's parent process, which keeps what stands behind the mark beside its results."""
    sys.stderr.write(f"{NOT_APPLICABLE}{reason}\n")
