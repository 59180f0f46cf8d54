"""What does a delivered message cost?

Costs hold still where latencies don't, on a shared machine above all: they are what a gate should
look at first. The workloads are those of the latency questions, whose runs are read again:
nothing is measured twice.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.axes import built_in, scenario_axes
from benchmarks.metrics import Question, tracked
from benchmarks.validity import ABOUT_TIMES
from benchmarks.values import Value, lost_per_million, measured
from harness.result import Result


class _CostPerMessage(Question):
    @tracked("seconds", version="1")
    def track_server_cpu(self, runs: Sequence[Result]) -> Value:
        """Give the servers' CPU time for each delivered message."""
        return measured(run.server.cpu_per_delivery for run in runs)

    @tracked("bytes", version="1", despite=ABOUT_TIMES)
    def track_tcp_payload(self, runs: Sequence[Result]) -> Value:
        """Give the bytes of TCP payload, both ways, for each delivered message."""
        return measured(run.wire.bytes_per_delivery for run in runs)

    @tracked("switches", version="1")
    def track_context_switches(self, runs: Sequence[Result]) -> Value:
        """Give the context switches of all server threads for each delivered message."""
        return measured(run.server.switches_per_delivery for run in runs)

    @tracked("per million", version="1", despite=ABOUT_TIMES)
    def track_lost(self, runs: Sequence[Result]) -> Value:
        """Give the deliveries that never came, of a million owed, over all runs together."""
        return lost_per_million(runs)


class CostOfBroadcast(_CostPerMessage):
    """What one message to one subscriber costs, its way in and its empty polls included.

    At 1,000 msg/s a wake-up of the server mostly serves one message, and a poll several.
    """

    scenarios = built_in("ticker")
    params = scenario_axes(scenarios)


class CostOfWorkQueue(_CostPerMessage):
    """What one job costs: its way into the queue, and its way out to one of 4 consumers."""

    scenarios = built_in("jobs")
    params = scenario_axes(scenarios)


class CostOfRequestReply(_CostPerMessage):
    """What one request costs, with its answer."""

    scenarios = built_in("rpc")
    params = scenario_axes(scenarios)
