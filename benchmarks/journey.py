"""How late does a user learn the verdict on a submission, and what does waiting for it cost?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.axes import scenario_axes, windowed, with_own
from benchmarks.metrics import Question, tracked
from benchmarks.patterns import pattern_names
from benchmarks.validity import ABOUT_TIMES
from benchmarks.values import Value, latency, measured
from harness.result import Result
from harness.scenario import BUILT_IN, Scenario
from harness.workload import Exchange

SHORT_JOB = replace(
    windowed(BUILT_IN["judge"].workload),
    publishers=64,
    rate=100.0,
    poll_interval=0.1,
    service_time=0.02,
    workers=16,
)


class WaitForVerdict(Question):
    """What 64 users wait for a verdict, at 100 submissions/s and 20 ms of a worker's time each.

    A tenth of the scenario `judge` in all that is time, so that a short window holds enough
    verdicts for a p90; polls are 100 ms apart.
    """

    scenarios = with_own(
        Scenario(
            name="short job",
            workload=SHORT_JOB,
            patterns=tuple(pattern_names(Exchange.JOURNEY)),
        )
    )
    params = scenario_axes(scenarios)

    @tracked("seconds", version="1")
    def track_p50(self, runs: Sequence[Result]) -> Value:
        """Give the median from due submission to verdict seen."""
        return latency(runs, "delivery", "p50")

    @tracked("seconds", version="1")
    def track_p90(self, runs: Sequence[Result]) -> Value:
        """Give the wait that a tenth of the verdicts exceeds."""
        return latency(runs, "delivery", "p90")

    @tracked("seconds", version="1")
    def track_notified(self, runs: Sequence[Result]) -> Value:
        """Give the mean time from a verdict handed back to seen: what the ways differ by."""
        return measured(
            run.journey.trace.mean.notified
            for run in runs
            if run.journey is not None and run.journey.trace is not None
        )

    @tracked("requests", version="1", despite=ABOUT_TIMES)
    def track_requests(self, runs: Sequence[Result]) -> Value:
        """Give the HTTP requests of one submission, polls and all."""
        return measured(run.journey.requests_per_message for run in runs if run.journey is not None)

    @tracked("seconds", version="1")
    def track_server_cpu(self, runs: Sequence[Result]) -> Value:
        """Give the CPU time of API, Redis and workers for each verdict."""
        return measured(run.server.cpu_per_delivery for run in runs)
