"""How late is what one member of a group says when the others have it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.axes import turned, turned_axes, windowed
from benchmarks.metrics import Question, tracked
from benchmarks.patterns import PATTERNS
from benchmarks.settings import Profile
from benchmarks.values import Value, latency, measured
from harness.result import Result
from harness.scenario import BUILT_IN, Scenario
from harness.workload import Exchange, Workload


def gathered(name: str) -> Workload:
    """Give a built-in scenario of a group."""
    return windowed(BUILT_IN[name].workload)


class Group(Question):
    """What a group waits and costs: ``collab``, 64 members who all publish and receive.

    With ``websocket`` both ways share a member's one connection; elsewhere a member posts on a
    second one, and the server answers each post.
    """

    scenarios: Mapping[str, Scenario] = turned(("collab",), gathered)
    params = turned_axes(scenarios, PATTERNS[Profile.FULL][Exchange.GROUP])
    param_names = ("scenario", "pattern")

    @tracked("seconds", version="1")
    def track_p50(self, runs: Sequence[Result]) -> Value:
        """Give the median over all deliveries."""
        return latency(runs, "delivery", "p50")

    @tracked("seconds", version="1")
    def track_server_cpu(self, runs: Sequence[Result]) -> Value:
        """Give the servers' CPU time for each delivered message."""
        return measured(run.server.cpu_per_delivery for run in runs)

    @tracked("bytes", version="1")
    def track_tcp_payload(self, runs: Sequence[Result]) -> Value:
        """Give the bytes of TCP payload, both ways, for each delivered message."""
        return measured(run.wire.bytes_per_delivery for run in runs)
