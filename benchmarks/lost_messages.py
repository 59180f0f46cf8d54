"""Are messages lost?

A plain sum over all valid runs and no samples: what is rare would vanish in a median. It reads
the runs of the latency questions. Any rise from zero is reported as a regression.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.axes import axes, built_in
from benchmarks.metrics import Question, tracked
from benchmarks.values import Value
from harness.result import Result


class _LostMessages(Question):
    @tracked("messages", version="1")
    def track_lost(self, runs: Sequence[Result]) -> Value:
        """Give the deliveries that never came, warm-up included."""
        return sum(run.audit.lost for run in runs)


class LostMessagesBroadcast(_LostMessages):
    """Every subscriber is owed every message."""

    scenarios = built_in("ticker", "chat")
    params = axes(scenarios)


class LostMessagesWorkQueue(_LostMessages):
    """One consumer is owed each job, whichever it is."""

    scenarios = built_in("jobs")
    params = axes(scenarios)


class LostMessagesRequestReply(_LostMessages):
    """Every request is owed its answer."""

    scenarios = built_in("rpc")
    params = axes(scenarios)
