"""How much can a pattern carry?

A closed loop keeps a fixed number of messages in flight, so a system that is faster is asked
for more. asv reports what is higher as worse: what is gated is the time for each message, and
``track_throughput`` shows its reciprocal, to be left out of gates and of the regressions page.
Polling carries what fits into its interval, which is a choice and no limit. Messages queue in the
generator too, which is no fault as long as it has time left.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.axes import scenario_axes, with_own
from benchmarks.metrics import Question, tracked
from benchmarks.validity import ABOUT_TIMES
from benchmarks.values import Value, measured, samples
from harness.result import Result
from harness.scenario import Scenario
from harness.workload import Exchange, Workload

IN_FLIGHT = 64
"""Enough that a server always finds the next message waiting; more only lengthens the queue."""


def saturating(
    exchange: Exchange, *patterns: str, publishers: int = 1, subscribers: int = 1
) -> Scenario:
    """Give a closed loop for these patterns.

    Two seconds hold thousands of messages, and no tail is asked for.
    """
    workload = Workload(
        exchange=exchange,
        publishers=publishers,
        subscribers=subscribers,
        rate=None,
        concurrency=IN_FLIGHT,
        warmup=0.5,
        duration=2.0,
    )
    return Scenario(name=f"{IN_FLIGHT} in flight", workload=workload, patterns=patterns)


class _Saturation(Question):
    @tracked("seconds", version="1", despite=ABOUT_TIMES)
    def track_time_per_message(self, runs: Sequence[Result]) -> Value:
        """Give seconds for each message that reached all whom it was owed to."""
        return samples(1 / run.achieved_rate if run.achieved_rate else None for run in runs)

    @tracked("messages/s", version="1", despite=ABOUT_TIMES)
    def track_throughput(self, runs: Sequence[Result]) -> Value:
        """Give messages per second; higher is better."""
        return measured(run.achieved_rate for run in runs)


class SaturationBroadcast(_Saturation):
    """How much a broadcast carries: one publisher, one subscriber, the path without fan-out."""

    scenarios = with_own(
        saturating(Exchange.BROADCAST, "floor", "redis_pubsub", "sse", "websocket")
    )
    params = scenario_axes(scenarios)


class SaturationWorkQueue(_Saturation):
    """How much a queue carries, to 4 consumers as at ``jobs``."""

    scenarios = with_own(saturating(Exchange.WORK_QUEUE, "redis_queue", subscribers=4))
    params = scenario_axes(scenarios)


class SaturationRequestReply(_Saturation):
    """How many requests are answered, each on a connection of its own so that none waits."""

    scenarios = with_own(
        saturating(Exchange.REQUEST_REPLY, "rest", "websocket", publishers=IN_FLIGHT)
    )
    params = scenario_axes(scenarios)
