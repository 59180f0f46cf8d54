"""How much processor time do the servers spend on a message?

CPU seconds of all server processes over the window, for each published message. The workloads
are those of the latency questions, whose runs are read again: nothing is measured twice.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.axes import axes, built_in
from benchmarks.metrics import Question, tracked
from benchmarks.values import Value, measured
from harness.result import Result


class _ServerCpu(Question):
    @tracked("seconds", version="1")
    def track_per_message(self, runs: Sequence[Result]) -> Value:
        """Give CPU seconds for each published message."""
        return measured(run.server.cpu_per_message for run in runs)


class ServerCpuBroadcast(_ServerCpu):
    """One message costs one delivery at ``ticker`` and 64 at ``chat``."""

    scenarios = built_in("ticker", "chat")
    params = axes(scenarios)


class ServerCpuWorkQueue(_ServerCpu):
    """One job costs its way in and its way out."""

    scenarios = built_in("jobs")
    params = axes(scenarios)


class ServerCpuRequestReply(_ServerCpu):
    """One request costs itself and its answer."""

    scenarios = built_in("rpc")
    params = axes(scenarios)
