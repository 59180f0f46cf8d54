"""A server that was there before the run: which of its processes were known when, and what of that
leaves its figures without a meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from harness.measure.resources import HostSnapshot, ServerSnapshot
from harness.result import GivenServer


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenSeen:
    """Its processes as they were looked for again and again: ids and names."""

    idle: Mapping[int, str] = field(default_factory=dict)
    """Before any connection."""
    begin: Mapping[int, str] = field(default_factory=dict)
    """As the window began."""
    end: Mapping[int, str] = field(default_factory=dict)
    """As it ended."""
    forwarders: Mapping[int, str] = field(default_factory=dict)
    """What only passes on to it."""

    @property
    def began(self) -> tuple[str, ...]:
        """Who came after the memory was read without a connection."""
        return tuple(name for pid, name in self.end.items() if pid not in self.idle)

    @property
    def ended(self) -> tuple[str, ...]:
        """Who went away in the window, and took along what it had used."""
        return tuple(name for pid, name in self.begin.items() if pid not in self.end)


def without_unknown(
    seen: GivenSeen, idle: ServerSnapshot, servers: tuple[ServerSnapshot, ServerSnapshot]
) -> tuple[ServerSnapshot, tuple[ServerSnapshot, ServerSnapshot]]:
    """Give the snapshots without what they cannot tell.

    Where a process ended in the window, that is everything. Where others are there than in
    ``idle``, it is what connections take: the difference would be that of the processes.
    """
    if seen.idle.keys() != seen.end.keys():
        idle = replace(idle, pss=0)
    if seen.ended:
        before, after = (replace(one, cpu_ns={}, switches={}, pss=0) for one in servers)
        return idle, (before, after)
    return idle, servers


def given_server(
    seen: GivenSeen | None, before: HostSnapshot, after: HostSnapshot
) -> GivenServer | None:
    """Say what was known; None where no such server was measured."""
    if seen is None:
        return None
    span_ns = after.at_ns - before.at_ns
    used: dict[str, float] = {}
    for pid, name in seen.forwarders.items():
        edges = (before.processes.get(pid), after.processes.get(pid))
        early, late = (0 if one is None else one.cpu_ns for one in edges)
        used[name] = used.get(name, 0.0) + max(0, late - early) / span_ns
    return GivenServer(
        processes=tuple(seen.end.values()), began=seen.began, ended=seen.ended, forwarders=used
    )
