"""What does one Redis command cost?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks.axes import turned, windowed
from benchmarks.metrics import Question, tracked
from benchmarks.values import Value, latency, measured
from harness.result import Result
from harness.scenario import BUILT_IN, Scenario
from harness.workload import RedisCommand, Workload


def asking(command: str) -> Workload:
    """Give ``rpc``, 1,000/s, with one command instead of a call, over 8 connections."""
    return replace(windowed(BUILT_IN["rpc"].workload), publishers=8, command=RedisCommand(command))


class RedisCommands(Question):
    """What a command waits and costs at 1,000/s: a string read, and written.

    All fifteen commands with both clients are one table of ``abec commands``.
    """

    scenarios: Mapping[str, Scenario] = turned(("GET", "SET"), asking)
    params = (list(scenarios), ["redis_command"])
    param_names = ("command", "pattern")

    @tracked("seconds", version="1")
    def track_p50(self, runs: Sequence[Result]) -> Value:
        """Give the median from when a command was due to its reply."""
        return latency(runs, "delivery", "p50")

    @tracked("seconds", version="1")
    def track_server_cpu(self, runs: Sequence[Result]) -> Value:
        """Give the server's CPU time for each command."""
        return measured(run.server.cpu_per_delivery for run in runs)
