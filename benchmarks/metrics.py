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


class Question:
    """What all questions share. The common ``setup_cache`` gives them one working directory."""

    scenarios: Mapping[Any, Scenario]
    """What is measured, by the name that the first parameter knows it by."""
    param_names: tuple[str, str] = ("scenario", "pattern")
    timeout = 7200.0
    """Seconds of silence after which asv kills the process; the instrument's own are shorter."""

    def setup_cache(self) -> None:
        """Keep nothing: that it is there lets one measurement feed several metrics."""

    def setup(self, name: Any, pattern: str) -> None:
        """Leave out what a scenario of the user's is not meant for, or a commit does not have."""
        if pattern not in names():
            raise NotImplementedError(f"pattern {pattern} is not installed")
        patterns = self.scenarios[name].patterns
        if patterns and pattern not in patterns:
            raise NotImplementedError(f"scenario {name} is for {', '.join(patterns)}")


Of = Callable[[Any, tuple[Result, ...]], Value]
Track = Callable[[Any, Any, str], Value]


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
                sys.stderr.write(f"n/a: {error}\n")
                return math.nan

        vars(track).update(unit=unit, version=version)
        return track

    return decorate
