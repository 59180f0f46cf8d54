"""1.7: the same ranking on both stacks, and a closing sentence that agrees with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from statistics import median

from harness.machine import Machine
from harness.measure.compare import Conclusion, Standing, conclusions
from harness.measure.configuration import P50, configurations
from harness.report.conclusion import closing
from harness.result import Series
from harness.scenario import BUILT_IN
from harness.series import Cell, measure
from tests.prove.claim import Claim, doubts, ms

_PATTERNS = ("rest_polling", "long_polling", "sse", "websocket")
_STACKS = ("", "@aiohttp")
_RUNS = 8
_WORKLOAD = replace(BUILT_IN["ticker"].workload, warmup=0.3, duration=2.1)
Samples = Mapping[str, tuple[float, ...]]
"""The p50 of delivery of each run, by pattern."""


def prove(_machine: Machine) -> Iterator[Claim]:
    """Compare the four on both stacks, and read what is said about it."""
    cells = [
        Cell(pattern=name + stack, workload=_WORKLOAD) for stack in _STACKS for name in _PATTERNS
    ]
    series = measure(cells, runs=_RUNS)
    samples = _samples(series)
    for stack in _STACKS:
        yield _ranking(stack, samples, series)
    said = " ".join(closing(series).split())
    for conclusion in conclusions(series):
        if conclusion.metric.name == P50.name:
            yield _agreement(conclusion, samples, said)


def _samples(series: Series) -> Samples:
    """Leave out what is invalid in too many runs."""
    return {
        row.pattern: tuple(run.delivery.p50 for run in row.used if run.delivery.p50 is not None)
        for row in configurations(series)
        if row.valid
    }


def _ranking(stack: str, samples: Samples, series: Series) -> Claim:
    """Polling waits for its interval and long polling for its next request; the others push."""
    names = [name + stack for name in _PATTERNS]
    ranked = sorted(filter(samples.get, names), key=lambda name: median(samples[name]))
    invalid = [run for run in series.results if run.pattern in names and not run.valid]
    return Claim(
        what=f"delivery p50 on {stack.removeprefix('@') or 'uvicorn'}, {_RUNS} runs",
        figure=" < ".join(f"{name} {ms(median(samples[name]))}" for name in ranked)
        + (f" ({len(invalid)} runs{doubts(invalid)})" if invalid else ""),
        bound="all four valid; long_polling third, rest_polling last",
        ok=[name.removesuffix(stack) for name in ranked[2:]] == ["long_polling", "rest_polling"],
    )


def _agreement(conclusion: Conclusion, samples: Samples, said: str) -> Claim:
    """Hold one conclusion against the runs themselves, without a statistic in between.

    Who is called ahead must be so on every stack, by more than implementations differ. Where all
    runs of one are sooner than any of the other on every stack, by more than that, it must be
    called ahead.
    """
    pair = conclusion.first, conclusion.second
    if any(name + stack not in samples for name in pair for stack in _STACKS):
        return Claim(
            what=f"{' and '.join(pair)}: {conclusion.standing}",
            figure="a row is invalid",
            bound="valid on both stacks",
            ok=False,
        )
    first, second = sorted(pair, key=lambda name: median(samples[name]))
    by_stack = [(samples[first + stack], samples[second + stack]) for stack in _STACKS]
    factor = min(median(later) / median(sooner) for sooner, later in by_stack)
    spread = max(_spread(first, samples), _spread(second, samples))
    apart = all(max(sooner) < min(later) for sooner, later in by_stack)
    if conclusion.standing is Standing.AHEAD:
        named = f"{conclusion.first} delivers sooner than" in said
        agrees = named and conclusion.first == first and factor > max(1.0, spread)
    else:
        agrees = not (apart and factor > spread)
    return Claim(
        what=f"{first} before {second}: {conclusion.standing}",
        figure=f"p50 {factor:.2f}× at least, implementations {spread:.2f}×, "
        + ("all runs apart" if apart else "runs overlap"),
        bound="ahead on both stacks by more than implementations differ, or no winner named",
        ok=agrees,
    )


def _spread(family: str, samples: Samples) -> float:
    medians = [median(samples[family + stack]) for stack in _STACKS]
    return max(medians) / min(medians)
