"""What does TLS cost a connection, and a message?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks.axes import turned, turned_axes, windowed
from benchmarks.connections import memory_per_connection
from benchmarks.metrics import Question, tracked
from benchmarks.validity import ABOUT_TIMES
from benchmarks.values import Value, latency, samples
from harness.result import Result
from harness.scenario import Scenario
from harness.workload import Workload


def encrypted(subscribers: int) -> Workload:
    """Give a broadcast by TLS to so many subscribers, who are seldom served."""
    return replace(windowed(Workload(subscribers=subscribers, rate=50.0)), tls=True)


class Tls(Question):
    """What TLS adds to push: 200 subscribers, 50 messages/s, by https and wss.

    Set-up, at 500 new connections a second, contains a whole handshake each; nothing is resumed.
    """

    scenarios: Mapping[int, Scenario] = turned((200,), encrypted)
    params = turned_axes(scenarios, ("sse", "websocket"))
    param_names = ("subscribers", "pattern")

    @tracked("seconds", version="1", despite=ABOUT_TIMES)
    def track_setup_p50(self, runs: Sequence[Result]) -> Value:
        """Give the median time from connecting to subscribed."""
        return samples(run.setup.p50 for run in runs)

    @tracked("bytes", version="1", despite=ABOUT_TIMES)
    def track_memory_per_connection(self, runs: Sequence[Result]) -> Value:
        """Give what the servers' own memory grew by, for each connection."""
        return memory_per_connection(runs)

    @tracked("seconds", version="1")
    def track_p50(self, runs: Sequence[Result]) -> Value:
        """Give the median over all deliveries."""
        return latency(runs, "delivery", "p50")
