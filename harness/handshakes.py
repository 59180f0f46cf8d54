"""How many connections a second a server takes on, and what each one costs both sides.

All connect at once, so that no ramp limits: what does is the server, or our own clients. Which of
them it was is told by the CPU that each used meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.errors import BadInput
from harness.machine import Machine
from harness.observe import Observation, observe
from harness.pattern import Pattern
from harness.plan import plan
from harness.workload import Workload

NS = 1_000_000_000
AT_ONCE = 1e6
"""Connections per second that are begun with: more than anything here takes on."""
FEWEST = 100
"""Below, what a server does for its first clients drowns what one takes."""
_PATIENCE_S, _PER_CONNECTION_S = 0.5, 0.004
"""Time that is given to all and to each, before messages are due: several times what they take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """So many connections, made at once to one fresh server."""

    pattern: str
    tls: bool
    connections: int
    seconds: float
    """From the first connecting to the last subscribed."""
    server_cpu: float
    """CPU seconds that one took the server."""
    load_cpu: float
    """CPU seconds that one took our client."""

    @property
    def per_second(self) -> float:
        """How many a second were made."""
        return self.connections / self.seconds

    @property
    def server_share(self) -> float:
        """How busy the server's core was with it, 0 to 1."""
        return self.server_cpu * self.per_second

    @property
    def load_share(self) -> float:
        """How busy our clients' core was with it, 0 to 1."""
        return self.load_cpu * self.per_second


def require_tellable(pattern: Pattern, workload: Workload, connections: int) -> None:
    """Refuse what says nothing about connecting.

    Raises:
        BadInput: too few connections, or a pattern that polls: it does so while others connect.
    """
    if connections < FEWEST:
        raise BadInput("--connections", connections, f"too few to tell; give {FEWEST} or more")
    if pattern.poll_interval_s(workload):
        raise BadInput(
            "patterns", pattern.name, "polls while others connect; rest connects as it does"
        )


def set_up(pattern: Pattern, workload: Workload, connections: int, machine: Machine) -> SetUp:
    """Connect ``connections`` clients at once.

    Raises:
        BadInput: this machine cannot hold so many.
        NotMeasured: a server or a load process failed.
    """
    seen = _observed(pattern, workload, connections, machine)
    return SetUp(
        pattern=pattern.name,
        tls=workload.tls,
        connections=connections,
        seconds=seen.recording.entering_ns / NS,
        server_cpu=_server_cpu(seen) / connections,
        load_cpu=seen.recording.entering_cpu_ns / NS / connections,
    )


def _observed(
    pattern: Pattern, workload: Workload, connections: int, machine: Machine
) -> Observation:
    both = workload.exchange.both_ways
    asked = replace(
        workload,
        publishers=connections if both else 1,
        subscribers=1 if workload.exchange.calls else connections,
        rate=50.0,
        ramp=AT_ONCE,
        load_processes=1,
        warmup=0.0,
        duration=0.2,
    )
    planned = plan(pattern, asked, machine)
    patience_s = planned.setup_s + _PATIENCE_S + _PER_CONNECTION_S * connections
    return observe(replace(planned, setup_s=patience_s), asked)


def _server_cpu(seen: Observation) -> float:
    """Give the CPU seconds from readiness to the window's beginning: nothing else happened."""
    before, after = seen.idle_servers.cpu_ns, seen.servers[0].cpu_ns
    return sum(after[pid] - before[pid] for pid in before) / NS
