"""From a question to who does what on which core: pure, printable, and where it is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from harness.errors import BadInput
from harness.given_server import REDIS, is_redis, scheme
from harness.machine import Machine
from harness.pattern import AnyServerSpec, Pattern, RedisSpec
from harness.queueing import Persistence, Victim
from harness.registry import encrypting, require_exchange, storing
from harness.scaling import Balancer
from harness.workload import ClientKind, Exchange, Workload

_SPARE_FILES = 64
"""Descriptors that a process needs besides its connections."""
_LOOPBACK_BYTES_PER_S = 4e9
"""More than one core copies through a loopback connection; asking for it measures nothing."""
_MOST_DELIVERIES = 50_000_000
"""About 2 GB of stamps in the measuring process."""
_FEWEST_PHASES = 100
"""Even arrivals that meet a poll in fewer places measure their phase, not the pattern."""
_START_S = {ClientKind.WIRE: 0.15, ClientKind.LIBRARY: 0.5}
"""For prepared load processes to get their tasks and, where the client is a library, import it;
three times what that takes."""
_SETUP_TRIPS = 12
"""Round trips until a client is ready: TCP, TLS, a login and what else a library asks first."""
_PER_PAYLOAD_BYTE_S = 5e-7
"""For writing the paddings of long messages."""
_AROUND_GATEWAYS = 2
"""A balancer and Redis."""
_PER_MESSAGE_S = 1e-6
"""For laying out the schedule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one load process holds."""

    role: str
    publishers: range
    receivers: range
    core: int | None
    ramp: float
    """New connections per second."""
    gives_way: bool = False
    """Whether it runs on its core only when nobody else wants to."""
    dies: bool = False
    """Whether it is killed in mid-run, and another takes its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Who does what on which core in one run."""

    pattern: str
    servers: tuple[AnyServerSpec, ...]
    server_cores: frozenset[int]
    shares: tuple[Share, ...]
    relay_core: int | None
    """Where a relay runs, if there is a network; None: anywhere."""
    setup_s: float
    """From the servers' readiness to the first due message."""

    @property
    def relay_crowded(self) -> bool:
        """Whether load runs on the relay's core, too, or may."""
        return any(share.core == self.relay_core for share in self.shares)

    def __str__(self) -> str:
        cores = ",".join(str(core) for core in sorted(self.server_cores))
        parts = [f"core {cores} server" if self.servers else "server found by URL, on any core"]
        for core in sorted({share.core for share in self.shares if share.core is not None}):
            roles = [share.role for share in self.shares if share.core == core]
            parts.append(f"core {core} load ({' + '.join(roles)})")
        if self.relay_core is not None:
            parts.append(f"core {self.relay_core} relay")
        return " · ".join(parts)


def plan(pattern: Pattern, workload: Workload, machine: Machine) -> Plan:
    """Decide the processes of one run.

    The servers get the first core, load processes the others in turn (the same one where there
    is no other). Gateways, their balancer and Redis get a core each, to share, as far as the load
    does without them. In an open loop publishers have a process of their own. A
    closed loop must see deliveries where it publishes, and so do a caller and a member of a
    group: one process does both.

    Raises:
        BadInput: this pattern or this machine cannot do what the workload asks.
    """
    _refuse(pattern, workload, machine)
    server_cores = _server_cores(pattern, workload, machine)
    load_cores = machine.cores[len(server_cores) :] or machine.cores
    shares = _shares(workload, machine, load_cores)
    connections = workload.receivers + workload.publishers
    return Plan(
        pattern=pattern.name,
        servers=() if workload.elsewhere else tuple(pattern.servers(workload)),
        server_cores=frozenset(server_cores),
        shares=shares,
        relay_core=_relay_core(workload, shares, load_cores),
        setup_s=_START_S[workload.client]
        + _SETUP_TRIPS * workload.rtt
        + 1.2 * connections / workload.ramp
        + pattern.prepare_s(workload)
        + _PER_PAYLOAD_BYTE_S * workload.payload
        + _PER_MESSAGE_S * (workload.rate or 0) * (workload.warmup + workload.duration),
    )


def _server_cores(pattern: Pattern, workload: Workload, machine: Machine) -> Sequence[int]:
    """Give one core, so that patterns compare, but gateways what they are there to use.

    With or without a balancer and a backplane they are as many, for what either adds is no core.
    """
    if "gateways" not in pattern.options:
        return machine.cores[:1]
    load = workload.load_processes + workload.open_loop + workload.networked
    spare = max(1, len(machine.cores) - load)
    return machine.cores[: min(spare, workload.gateways + _AROUND_GATEWAYS)]


def _relay_core(workload: Workload, shares: Sequence[Share], cores: Sequence[int]) -> int | None:
    """Put the relay beside the load: what it takes from there is seen by the rules for load."""
    return _nth(cores, len(shares)) if workload.networked else None


def _shares(workload: Workload, machine: Machine, cores: Sequence[int]) -> tuple[Share, ...]:
    count = workload.load_processes
    if workload.kill is Victim.CONSUMER:
        count = workload.subscribers  # so that one dies alone
    ramp = workload.ramp / count
    if workload.exchange.both_ways:
        return tuple(
            Share(role="both", publishers=mine, receivers=mine, core=_nth(cores, i), ramp=ramp)
            for i, mine in enumerate(_split(workload.receivers, count))
        )
    publishers = range(workload.publishers)
    if not workload.open_loop:
        receivers = range(workload.subscribers)
        return (
            Share(
                role="both",
                publishers=publishers,
                receivers=receivers,
                core=_nth(cores, 0),
                ramp=workload.ramp,
            ),
        )
    subscribers = _split(workload.subscribers, count)
    publishing = Share(
        role="publish",
        publishers=publishers,
        receivers=range(0),
        core=_nth(cores, len(subscribers)),
        ramp=workload.ramp,
    )
    receiving = tuple(
        Share(
            role="receive",
            publishers=range(0),
            receivers=mine,
            core=_nth(cores, i),
            ramp=ramp,
            gives_way=_holds_its_core(workload)
            and _nth(cores, i) == publishing.core != machine.cores[0],
            dies=workload.kill is Victim.CONSUMER and i == 0,
        )
        for i, mine in enumerate(subscribers)
    )
    return (*receiving, publishing)


def _holds_its_core(workload: Workload) -> bool:
    """Whether receivers would keep a publisher on their core from its moment.

    A library is busy with a request for 70 to 150 µs at a stretch, and a running process is not
    interrupted for one that wakes. A lean client is done after 10.
    """
    return workload.client is ClientKind.LIBRARY


def _nth(cores: Sequence[int], number: int) -> int:
    return cores[number % len(cores)]


def _split(total: int, parts: int) -> list[range]:
    edges = [total * part // parts for part in range(parts + 1)]
    return [range(low, high) for low, high in pairwise(edges) if high > low]


def _refuse(pattern: Pattern, workload: Workload, machine: Machine) -> None:
    require_exchange(pattern, workload.exchange)
    if workload.client not in pattern.clients:
        raise BadInput(
            "--client",
            workload.client,
            f"{pattern.name} has no such client; use {' or '.join(pattern.clients)}",
        )
    if workload.deflate and not pattern.compresses:
        raise BadInput(
            "--deflate", "", f"{pattern.name} does not compress; websocket and its kin do"
        )
    _refuse_tls(pattern, workload)
    _refuse_storing(pattern, workload)
    _refuse_elsewhere(pattern, workload)
    if not workload.open_loop and workload.load_processes > 1:
        raise BadInput(
            "--load-processes",
            workload.load_processes,
            "a closed loop must see deliveries where it publishes; use 1, or give a --rate",
        )
    _refuse_files(pattern, workload, machine)
    _refuse_volume(workload)
    _refuse_aliasing(pattern, workload)


def _refuse_tls(pattern: Pattern, workload: Workload) -> None:
    if not workload.tls:
        return
    if workload.url:
        raise BadInput(
            "--tls", "", "is for our own server; one at --url speaks TLS where that is https or wss"
        )
    if not pattern.encrypts:
        raise BadInput(
            "--tls", "", f"{pattern.name} has no TLS; {', '.join(encrypting())} and their kin do"
        )


def _refuse_storing(pattern: Pattern, workload: Workload) -> None:
    """Refuse what only a server that stores messages can be asked."""
    if workload.kill is Victim.GATEWAY:
        if "gateways" not in pattern.options:
            raise BadInput(
                "--kill", workload.kill, f"{pattern.name} has no gateways; websocket_scaled does"
            )
        return
    given: dict[str, object] = {}
    if workload.persistence is not Persistence.NONE:
        given["--persistence"] = workload.persistence
    if workload.kill is not Victim.NONE:
        given["--kill"] = workload.kill
    if workload.work:
        given["--work"] = f"{workload.work:g}"
    if "gateways" in pattern.options and given.get("--kill"):
        raise BadInput(
            "--kill", workload.kill, f"{pattern.name} has gateways to kill; give gateway"
        )
    taken = {"--persistence"} if "persistence" in pattern.options else set()
    refused = [] if pattern.stores else [field for field in given if field not in taken]
    if refused:
        raise BadInput(
            refused[0],
            given[refused[0]],
            f"{pattern.name} stores no message for a consumer that is away; "
            f"{' and '.join(storing())} do",
        )
    if not is_redis(workload.redis_at):
        return
    for field in ("--persistence", "--kill"):
        if field in given and given[field] != Victim.CONSUMER:
            raise BadInput(
                field,
                given[field],
                "a Redis that abec did not start is neither configured nor killed; "
                "leave --redis out",
            )


def _refuse_elsewhere(pattern: Pattern, workload: Workload) -> None:
    """Refuse a pattern that has no client for what is at ``--url``."""
    if not workload.url:
        return
    if workload.elsewhere and workload.networked:
        raise BadInput(
            *workload.network_option,
            "the relay stands before servers that abec starts; leave it or --url out",
        )
    # A Redis' URL may hold a password; that of any other server may not.
    shown = workload.url if workload.elsewhere else f"{scheme(workload.url)}://…"
    uses_redis = any(isinstance(spec, RedisSpec) for spec in pattern.servers(workload))
    schemes = pattern.speaks or (REDIS if uses_redis else frozenset())
    if pattern.family == "floor":
        if workload.elsewhere:
            raise BadInput("--url", shown, "a floor is our own relay; leave one of them out")
        return
    if not schemes:
        raise BadInput("--url", shown, f"{pattern.name} is only measured on its reference server")
    if scheme(workload.url) not in schemes:
        wanted = " or ".join(sorted(f"{name}://" for name in schemes))
        raise BadInput("--url", shown, f"{pattern.name} speaks {wanted}; correct one of them")
    if workload.publish_url and scheme(workload.publish_url) not in schemes:
        wanted = " or ".join(sorted(f"{name}://" for name in schemes))
        raise BadInput(
            "--publish-url", workload.publish_url, f"{pattern.name} publishes by {wanted}"
        )
    if workload.opaque and pattern.family != "rest":
        raise BadInput("--body", workload.body[:20], "only rest asks with a body of yours")


def _refuse_files(pattern: Pattern, workload: Workload, machine: Machine) -> None:
    # A user of a journey submits over one connection and waits at another; callers are both.
    each = 2 if workload.exchange is Exchange.JOURNEY else 1
    apart = 0 if workload.exchange.calls else workload.publishers
    connections = each * workload.receivers + apart
    field = "--publishers" if workload.exchange.calls else "--subscribers"
    # A relay has both ends of each connection, and so has a balancer: each is one process.
    balanced = "balancer" in pattern.options and workload.balancer is not Balancer.NONE
    files = 2 if workload.networked or balanced else 1
    needed = connections * files + _SPARE_FILES
    limit = machine.open_files_hard
    if needed > limit:
        raise BadInput(
            field,
            workload.receivers,
            f"needs {needed:,} open files, hard limit is {limit:,}; "
            f"raise it, or use at most {max(1, (limit - _SPARE_FILES - 1) // (each * files)):,}",
        )
    low, high = machine.port_range
    if connections > high - low:
        raise BadInput(
            field,
            workload.receivers,
            f"needs {connections:,} client ports, this machine has {high - low:,} "
            f"(net.ipv4.ip_local_port_range); use at most {(high - low) // each:,}",
        )


def _refuse_volume(workload: Workload) -> None:
    if workload.rate is None:
        return
    per_second = workload.rate * workload.deliveries_per_message
    volume = per_second * workload.payload
    if volume > _LOOPBACK_BYTES_PER_S:
        raise BadInput(
            "--payload x --rate x --subscribers",
            f"{volume / 1e9:,.1f} GB/s",
            f"no loopback carries more than {_LOOPBACK_BYTES_PER_S / 1e9:g} GB/s; "
            "lower one of the three",
        )
    deliveries = per_second * (workload.warmup + workload.duration)
    if deliveries > _MOST_DELIVERIES:
        raise BadInput(
            "--rate x --subscribers x --duration",
            f"{deliveries:,.0f} deliveries",
            f"at most {_MOST_DELIVERIES:,} can be recorded in one run; shorten it or lower one",
        )


def _refuse_aliasing(pattern: Pattern, workload: Workload) -> None:
    interval = pattern.poll_interval_s(workload)
    if not interval or not workload.tick:
        return
    ratio = workload.tick / interval
    phases = Fraction(ratio).limit_denominator(_FEWEST_PHASES)
    if abs(ratio - phases) < 1e-9:
        raise BadInput(
            f"--arrivals {workload.arrivals}",
            f"with --poll-interval {interval:g}s and messages due every {workload.tick:g}s",
            f"every message meets the poll in one of {phases.denominator} places, so the phase "
            "would be measured and not the pattern; use poisson",
        )
