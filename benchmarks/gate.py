"""Did a commit make it worse? What `abec regress` measured, for asv's tables and pages.

Nothing is measured here: runs of two commits are interleaved, which asv cannot do. The question is
there only where ``ABEC_SERIES`` names what to read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.connections import memory_per_connection
from benchmarks.metrics import Question, tracked
from benchmarks.settings import saved_series, scenario_file
from benchmarks.validity import ABOUT_TIMES
from benchmarks.values import Value, latency, lost_per_million, measured
from harness.result import Result
from harness.scenario import Scenario, read_scenarios


def gate_scenarios() -> Mapping[str, Scenario]:
    """Give the cells of the built-in gate, and those of the user's scenarios that can be cells."""
    if not saved_series():
        return {}
    # Not at the top: asv looks for questions in many processes, and the instrument is heavy.
    from harness.regress.gate import BUILT_IN

    cells = {
        cell.name: Scenario(name=cell.name, workload=cell.workload, patterns=(cell.pattern,))
        for cell in BUILT_IN.cells
    }
    path = scenario_file()
    own = {} if path is None else read_scenarios(str(path))
    return {**cells, **{name: scenario for name, scenario in own.items() if scenario.patterns}}


class Gate(Question):
    """Short windows, as many as a verdict needs: figures to compare, not to quote."""

    scenarios = gate_scenarios()
    params = (
        list(scenarios),
        sorted({pattern for scenario in scenarios.values() for pattern in scenario.patterns}),
    )

    @tracked("seconds", version="1")
    def track_p50(self, runs: Sequence[Result]) -> Value:
        """Give the median over all deliveries."""
        return latency(runs, "delivery", "p50")

    @tracked("seconds", version="1")
    def track_p99(self, runs: Sequence[Result]) -> Value:
        """Give the delay that a hundredth of the deliveries exceeds."""
        return latency(runs, "delivery", "p99")

    @tracked("seconds", version="1")
    def track_server_cpu(self, runs: Sequence[Result]) -> Value:
        """Give CPU seconds of all servers for each delivered message."""
        return measured(run.server.cpu_per_delivery for run in runs)

    @tracked("bytes", version="1", despite=ABOUT_TIMES)
    def track_tcp_payload(self, runs: Sequence[Result]) -> Value:
        """Give TCP payload bytes, both ways, for each delivered message."""
        return measured(run.wire.bytes_per_delivery for run in runs)

    @tracked("switches", version="1")
    def track_context_switches(self, runs: Sequence[Result]) -> Value:
        """Give the context switches of all server threads for each delivered message."""
        return measured(run.server.switches_per_delivery for run in runs)

    @tracked("bytes", version="1", despite=ABOUT_TIMES)
    def track_memory_per_connection(self, runs: Sequence[Result]) -> Value:
        """Give what the servers' own memory grew by, for each connection."""
        return memory_per_connection(runs)

    @tracked("per million", version="1", despite=ABOUT_TIMES)
    def track_lost(self, runs: Sequence[Result]) -> Value:
        """Give the deliveries that never came, of a million owed, over all runs together."""
        return lost_per_million(runs)
