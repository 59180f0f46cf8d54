"""Which runs a metric reads."""

from __future__ import annotations

from collections.abc import Collection

from benchmarks.values import NotApplicable
from harness.errors import NotMeasured
from harness.result import Result, Series

FEWEST_RUNS = 5
"""With fewer valid runs (unless fewer were asked for) a combination is n/a."""

ABOUT_TIMES = ("pacer lateness", "receiver lag")
"""Rules that doubt when messages came, and have no bearing on a metric that isn't about that.

The harness has them too: here they are written down, since these files also run with the harness of
an older commit.
"""


def valid_runs(series: Series, pattern: str, despite: Collection[str]) -> tuple[Result, ...]:
    """Give the runs that may be believed, if they are enough to stand for the combination.

    Raises:
        NotApplicable: too few are valid; says what was doubted first, rules in ``despite`` apart.
        NotMeasured: the combination was refused.
    """
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
