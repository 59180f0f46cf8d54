"""From runs to what asv stores: samples of independent runs, so that asv can test differences."""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from benchmarks.measured import NotApplicable, runs_of
from benchmarks.settings import saved_series
from harness.errors import NotMeasured
from harness.result import Latency, Result, Series
from harness.scenario import Scenario

Value = float | dict[str, Any]
"""A plain number, samples, or NaN, which asv shows as n/a."""

FEWEST_RUNS = 5
"""With fewer valid runs (unless fewer were asked for) a combination is n/a."""
DISTINCT_BEYOND = 20
"""A percentile is n/a with fewer distinct published messages beyond it."""
QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


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
        """Leave out what a scenario of the user's is not meant for."""
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
                return of(self, _valid(series, pattern, despite))
            except (NotApplicable, NotMeasured) as error:
                # What was not measured has failed, unless that was somebody else's task.
                if isinstance(error, NotMeasured) and not saved_series():
                    raise
                sys.stderr.write(f"n/a: {error}\n")
                return math.nan

        vars(track).update(unit=unit, version=version)
        return track

    return decorate


def latency(runs: Sequence[Result], side: str, quantile: str) -> Value:
    """Give a quantile of ``delivery`` or ``delivery_last``, in seconds.

    Raises:
        NotApplicable: a run has too few messages beyond the quantile.
        NotMeasured: so many messages were lost that the median over the runs is infinite.
    """
    return samples(getattr(getattr(run, side), quantile) for run in shown(runs, side, quantile))


def shown(runs: Sequence[Result], side: str, quantile: str) -> Sequence[Result]:
    """Give ``runs`` back, if each has enough distinct messages beyond the quantile.

    Raises:
        NotApplicable: one has not.
    """
    found: list[Latency] = [getattr(run, side) for run in runs]
    fewest = min(one.messages for one in found)
    if round(fewest * (1 - QUANTILES[quantile]), 6) < DISTINCT_BEYOND:
        raise NotApplicable(f"{quantile} of {fewest} messages; a longer duration has more")
    return runs


def samples(values: Iterable[float | None]) -> Value:
    """Give asv one sample a run. None stands for an infinite time.

    Raises:
        NotMeasured: the median is infinite, which asv cannot store; it calls that failed.
    """
    found = [math.inf if value is None else value for value in values]
    infinite = found.count(math.inf)
    if infinite and 2 * infinite >= len(found) - 1:
        raise NotMeasured(
            f"infinite in {infinite} of {len(found)} runs: so many messages were lost; "
            "abec run shows how many, and why"
        )
    return {"samples": found, "number": 1}


def measured(values: Iterable[float | None]) -> Value:
    """Give asv one sample a run, leaving out runs in which it was not measured."""
    found = [value for value in values if value is not None]
    if not found:
        raise NotApplicable("was not measured")
    return {"samples": found, "number": 1}


def _valid(series: Series, pattern: str, despite: Collection[str]) -> tuple[Result, ...]:
    """Give the runs that may be believed, if they are enough to stand for the combination."""
    if pattern in series.refused:
        raise NotMeasured(series.refused[pattern])
    runs = series.results
    doubts = [[doubt for doubt in run.doubts if doubt.rule not in despite] for run in runs]
    valid = tuple(run for run, found in zip(runs, doubts, strict=True) if not found)
    if len(valid) < min(FEWEST_RUNS, len(runs)):
        doubt = next(doubt for found in doubts for doubt in found)
        raise NotApplicable(
            f"{len(runs) - len(valid)} of {len(runs)} runs are invalid: "
            f"{doubt.reason}; {doubt.remedy}"
        )
    return valid
