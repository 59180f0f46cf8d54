"""What does asking more often buy, and what does it cost?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks.axes import turned, windowed
from benchmarks.metrics import Question, tracked
from benchmarks.validity import ABOUT_TIMES
from benchmarks.values import Value, latency, measured
from harness.result import Result
from harness.scenario import BUILT_IN, Scenario
from harness.workload import Workload


def polled_every(seconds: float) -> Workload:
    """Give ``ticker``, asked for at this interval."""
    return replace(windowed(BUILT_IN["ticker"].workload), poll_interval=seconds)


class PollingInterval(Question):
    """Polling is a curve: ``ticker``, asked for every 5, 20 and 80 ms.

    A message waits for half an interval on average, so four times the interval is four times
    the delay, at a quarter of the polls. At 1,000 msg/s each answer carries several messages,
    and a poll is paid for by all of them.
    """

    scenarios: Mapping[float, Scenario] = turned((0.005, 0.02, 0.08), polled_every)
    params = (list(scenarios), ["rest_polling"] if scenarios else [])
    param_names = ("poll_interval", "pattern")

    @tracked("seconds", version="1")
    def track_server_cpu(self, runs: Sequence[Result]) -> Value:
        """Give the servers' CPU time for each delivered message."""
        return measured(run.server.cpu_per_delivery for run in runs)

    @tracked("bytes", version="1", despite=ABOUT_TIMES)
    def track_tcp_payload(self, runs: Sequence[Result]) -> Value:
        """Give the bytes of TCP payload, empty polls included, for each delivered message."""
        return measured(run.wire.bytes_per_delivery for run in runs)

    @tracked("seconds", version="1")
    def track_p50(self, runs: Sequence[Result]) -> Value:
        """Give the median over all deliveries."""
        return latency(runs, "delivery", "p50")
