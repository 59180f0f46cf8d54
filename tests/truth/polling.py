"""Short polling against theory: on average a message waits half an interval for its poll."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.machine import Machine
from harness.registry import load
from harness.workload import ClientKind, Workload
from tests.truth.seen import Seen, watch

SHARE = 0.05
SECONDS = 300e-6
"""How far the mean wait may be from theory, the larger of both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """The mean wait for the next poll, in seconds."""

    interval: float
    measured: float
    """Mean service latency − that of the same server's event stream."""
    messages: int

    @property
    def expected(self) -> float:
        """Half the interval."""
        return self.interval / 2

    @property
    def off(self) -> float:
        """Measured − expected."""
        return self.measured - self.expected

    @property
    def bound(self) -> float:
        """How far it may be off."""
        return max(SHARE * self.expected, SECONDS)


def run_stream(client: ClientKind, workload: Workload, machine: Machine) -> Seen:
    """Measure the event stream of the server that is polled in the other runs."""
    return watch(load("sse"), replace(workload, client=client), machine)


def run_polling(
    client: ClientKind, interval_s: float, workload: Workload, machine: Machine
) -> Seen:
    """Measure short polling at one interval."""
    asked = replace(workload, client=client, poll_interval=interval_s)
    return watch(load("rest_polling"), asked, machine)


def wait(polled: Seen, streamed: Seen) -> Wait:
    """Take the event stream's mean service latency off that of polling."""
    return Wait(
        interval=polled.book.workload.poll_interval,
        measured=float(polled.service_ns.mean() - streamed.service_ns.mean()) / 1e9,
        messages=len(polled.service_ns),
    )
