"""Connections that were made at once, and when their number a second may be believed.

As of runs (``harness.measure.validity``): our own client, the machine or the measurement make them
doubtful. How slow the server is, is its result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.measure.disturbance import (
    MACHINE_LIMIT,
    NETWORK_LIMIT,
    by_machine,
    by_network,
    percent,
)
from harness.measure.statistics import FEWEST_RUNS, median
from harness.result import Doubt, HostUse

BUSY = 0.7
"""Of its core: the busier side uses at least so much, or something else held both up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """So many connections, made at once to one fresh server."""

    pattern: str
    tls: bool
    connections: int
    """How many were to be made."""
    held: int
    """How many of them were there when the messages came, and after."""
    seconds: float
    """From the first connecting to the last subscribed."""
    server_cpu: float
    """CPU seconds that one took the server."""
    load_cpu: float
    """CPU seconds that one took our client."""
    host: HostUse
    """From the server's readiness to the first message."""
    watched: float
    """Seconds of that."""
    failures: Mapping[str, int] = field(default_factory=dict)
    """How often a client said why messages will be missing, by cause."""

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

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """Why it may not be believed how many a second were made; empty: it may."""
        found = ((rule, rule.reason(self)) for rule in SET_UP_RULES)
        return tuple(
            Doubt(rule=rule.name, reason=reason, remedy=rule.remedy)
            for rule, reason in found
            if reason is not None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUpRule:
    """One reason why connections per second may not be believed."""

    name: str
    limit: str
    """When they are not, in words."""
    reason: Callable[[SetUp], str | None]
    """What was found, against which limit; None if there is nothing to doubt."""
    remedy: str
    """What to try, or to read instead."""


def _busier_side(made: SetUp) -> str | None:
    if made.load_share < made.server_share or made.load_share < BUSY:
        return None
    return (
        f"our clients used {percent(made.load_share)} of their core and the server "
        f"{percent(made.server_share)} of its own (limit: less than the server), "
        "so that they were what took so long"
    )


def _neither_busy(made: SetUp) -> str | None:
    if max(made.load_share, made.server_share) >= BUSY:
        return None
    return (
        f"neither the server ({percent(made.server_share)} of its core) nor our clients "
        f"({percent(made.load_share)}) were busy (limit {percent(BUSY)} for either), "
        "so that something else held them up"
    )


def _connections(made: SetUp) -> str | None:
    found = []
    if made.held < made.connections:
        found.append(f"{made.held:,} of {made.connections:,} connections were held")
    found += [f"{cause}: {count:,} times" for cause, count in made.failures.items()]
    return ", ".join(found) or None


SET_UP_RULES: tuple[SetUpRule, ...] = (
    SetUpRule(
        name="busier side",
        limit=f"our clients used {percent(BUSY)} of their core or more, and no less than the "
        "server used of its own",
        reason=_busier_side,
        remedy="read the server's CPU each, which stands: its core has 1 s for that",
    ),
    SetUpRule(
        name="neither busy",
        limit=f"both sides used less than {percent(BUSY)} of their core",
        reason=_neither_busy,
        remedy="give more --connections, end other programs, or use a machine that nobody shares",
    ),
    SetUpRule(
        name="connections",
        limit="a connection was not there any more when messages came, or a client noted a failure",
        reason=_connections,
        remedy="give fewer --connections, and look at what the server says",
    ),
    SetUpRule(
        name="machine",
        limit=MACHINE_LIMIT,
        reason=lambda made: by_machine(made.host, made.watched),
        remedy="end other programs, or use a machine that nobody shares",
    ),
    SetUpRule(
        name="network stack",
        limit=NETWORK_LIMIT,
        reason=lambda made: by_network(made.host),
        remedy="end other network traffic of this host, or give fewer --connections",
    ),
)
"""What makes connections per second doubtful; from the server's readiness to the first message."""

ABOUT_PACE = frozenset({"busier side", "neither busy"})
"""Rules that doubt how fast connections were made, and not what CPU each took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connecting:
    """All times that connections were made at once to one pattern, in one way.

    Figures stand on those without a doubt, if at least five (or all of fewer) are; on none else.
    """

    runs: tuple[SetUp, ...]
    refused: str = ""
    """Why one could not be made at all, which leaves no figure; empty: all could."""

    @property
    def paced(self) -> tuple[SetUp, ...]:
        """Those whose connections per second stand."""
        return self._without(lambda _doubt: True)

    @property
    def costed(self) -> tuple[SetUp, ...]:
        """Those whose CPU each stands."""
        return self._without(lambda doubt: doubt.rule not in ABOUT_PACE)

    @property
    def per_second(self) -> float | None:
        """The median of connections per second; None where none are to be believed."""
        return _median(self.paced, lambda run: run.per_second)

    @property
    def server_cpu(self) -> float | None:
        """The median of the CPU seconds that one took the server; None as above."""
        return _median(self.costed, lambda run: run.server_cpu)

    @property
    def load_cpu(self) -> float | None:
        """The median of the CPU seconds that one took our client; None as above."""
        return _median(self.costed, lambda run: run.load_cpu)

    @property
    def doubted(self) -> tuple[SetUp, ...]:
        """Those with a doubt."""
        return tuple(run for run in self.runs if run.doubts)

    @property
    def valid(self) -> bool:
        """Whether there are connections per second to give."""
        return bool(self.paced)

    def _without(self, counts: Callable[[Doubt], bool]) -> tuple[SetUp, ...]:
        fit = tuple(run for run in self.runs if not any(map(counts, run.doubts)))
        enough = not self.refused and len(fit) >= min(FEWEST_RUNS, len(self.runs))
        return fit if enough else ()


def remedies(connecting: Sequence[Connecting]) -> tuple[str, ...]:
    """Give what to try for what is invalid, each once."""
    return tuple(
        dict.fromkeys(
            doubt.remedy
            for one in connecting
            if not one.valid
            for run in one.runs
            for doubt in run.doubts
        )
    )


def _median(runs: Sequence[SetUp], of: Callable[[SetUp], float]) -> float | None:
    return median([of(run) for run in runs]) if runs else None
