"""What is asked, independent of the pattern."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from harness import given_server
from harness.envelope import MAX_PAYLOAD_BYTES, MAX_PUBLISHERS, MIN_PAYLOAD_BYTES
from harness.errors import BadInput
from harness.queueing import Persistence, Pop, Victim
from harness.scaling import Backplane, Balancer

_LARGEST_BURST = 100_000
_MOST_KEYS = 1_000_000
_LONGEST_RTT_S = 2.0
_LEAST_BANDWIDTH = 1_000
_MOST_GATEWAYS = 64


class Exchange(StrEnum):
    """The shape of the traffic."""

    BROADCAST = "broadcast"
    """Every subscriber gets every message of every publisher."""
    WORK_QUEUE = "work_queue"
    """Each message goes to exactly one consumer."""
    REQUEST_REPLY = "request_reply"
    """Each message is answered to the publisher that sent it."""
    JOURNEY = "journey"
    """Each submission is a job for a worker, whose one verdict comes back to the user."""
    GROUP = "group"
    """Every member publishes, and gets every message, its own included."""

    @property
    def calls(self) -> bool:
        """Whether what comes of a message comes back to its sender alone."""
        return self in (Exchange.REQUEST_REPLY, Exchange.JOURNEY)

    @property
    def both_ways(self) -> bool:
        """Whether whoever sends also receives: callers, users, and the members of a group."""
        return self.calls or self is Exchange.GROUP

    @property
    def to_all(self) -> bool:
        """Whether every receiver is owed every message."""
        return self in (Exchange.BROADCAST, Exchange.GROUP)


class Arrivals(StrEnum):
    """How due times are spaced in an open loop."""

    POISSON = "poisson"
    CONSTANT = "constant"
    BURST = "burst"
    """``Workload.burst`` messages due at one instant, bursts at even distances."""


class ClientKind(StrEnum):
    """What the load generator talks with."""

    WIRE = "wire"
    """A lean protocol-level client, so that servers are measured and not clients."""
    LIBRARY = "library"
    """What an application would use: aiohttp, websockets, redis-py."""


class Ingress(StrEnum):
    """How messages get to a broadcast or work-queue server."""

    FEED = "feed"
    """The same lean plain TCP (Redis: pipelined RESP) for all, so that delivery is compared."""
    NATIVE = "native"
    """As an application would publish, with the library's own publisher."""


class RedisCommand(StrEnum):
    """What ``redis_command`` asks."""

    PING = "PING"
    SET = "SET"
    GET = "GET"
    DEL = "DEL"
    EXPIRE = "EXPIRE"
    TTL = "TTL"
    HSET = "HSET"
    HGET = "HGET"
    HDEL = "HDEL"
    LPUSH = "LPUSH"
    RPOP = "RPOP"
    BRPOP = "BRPOP"
    SELECT = "SELECT"
    FLUSHDB = "FLUSHDB"
    FLUSHDB_ASYNC = "FLUSHDB-ASYNC"
    FLUSHALL = "FLUSHALL"
    FLUSHALL_ASYNC = "FLUSHALL-ASYNC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Exchange, load, payload and time of one run; checked on construction.

    Exactly one of ``rate`` (open loop) and ``concurrency`` (closed loop) is set.

    Raises:
        BadInput: a field has a value that cannot be measured; the message says which and why.
    """

    exchange: Exchange = Exchange.BROADCAST
    publishers: int = 1
    subscribers: int = 1
    """Subscribers of a broadcast, consumers of a work queue; unused where publishers receive alone.

    In a group the members, who are its publishers too: both numbers are the same.
    """
    rate: float | None = 1000.0
    """Messages per second over all publishers, open loop."""
    arrivals: Arrivals = Arrivals.POISSON
    burst: int = 0
    """Messages due at one instant, every ``burst / rate`` seconds; 0 unless arrivals are bursts."""
    concurrency: int | None = None
    """Closed loop: messages in flight; for a broadcast, not yet delivered to all."""
    payload: int = 256
    """Bytes of one message, envelope included."""
    payload_file: str = ""
    """A text file whose lines, one message each, become the padding."""
    warmup: float = 1.0
    """Seconds that are audited but not timed."""
    duration: float = 5.0
    """Seconds of the window."""
    seed: int = 1
    ramp: float = 500.0
    """New connections per second during set-up."""
    load_processes: int = 1
    """Processes that hold subscribers or callers; publishers have one of their own."""
    client: ClientKind = ClientKind.WIRE
    ingress: Ingress = Ingress.FEED
    redis: str = ""
    """A redis://, rediss:// or unix:// URL, or a redis-server binary; empty: the bundled one."""
    poll_interval: float = 0.02
    """Seconds between the polls of one subscriber."""
    deflate: bool = False
    service_time: float = 0.0
    """Seconds that a worker of a journey takes for one job."""
    workers: int = 4
    """Jobs of a journey that are worked on at a time."""
    workers_gone: float = 0.0
    """Seconds for which the workers of a journey are gone, from a quarter of the window on."""
    trace: bool = False
    """Whether the servers of a journey note when a submission was where."""
    command: RedisCommand = RedisCommand.PING
    pipeline: int = 1
    """Redis commands that one connection may have unanswered at a time."""
    keys: int = 1000
    """What Redis commands work on, over all connections together; what a flush takes away."""
    pop: Pop = Pop.BRPOP
    """How consumers take messages out of a Redis list."""
    work: float = 0.0
    """Seconds that a consumer works on a message before it is delivered, and the next taken."""
    persistence: Persistence = Persistence.NONE
    kill: Victim = Victim.NONE
    """Who is killed in mid-run, on purpose."""
    kill_after: float = 1.0
    """Seconds of the window until then."""
    url: str = ""
    """Where a server of the user's is; empty: the reference server, which is started."""
    publish_url: str = ""
    """Where messages go in there; empty: at ``url``."""
    pid: tuple[int, ...] = ()
    """Processes of that server; without any, they are looked for on this host."""
    ca: str = ""
    """A file with certificates to trust there; empty: the system's store."""
    body: str = ""
    """What is posted there instead of messages; empty: if a status is expected, nothing (GET)."""
    expect_status: int = 0
    """The status of a good answer to it; 0: messages come back, or, to a ``body``, 200."""
    tls: bool = False
    """Whether clients of the reference server speak TLS with it; its feed stays plain."""
    rtt: float = 0.0
    """Seconds of the round trip that a relay puts between servers and their clients; 0: none."""
    jitter: float = 0.0
    """Seconds by which each way through the relay is longer or shorter, at most."""
    bandwidth: float = 0.0
    """Bytes per second of each connection through the relay, each way; 0: without limit."""
    gateways: int = 3
    """Servers that WebSockets are spread over."""
    backplane: Backplane = Backplane.PUBSUB
    """What joins them."""
    balancer: Balancer = Balancer.CADDY
    """What stands before them."""

    def __post_init__(self) -> None:
        if (self.rate is None) == (self.concurrency is None):
            raise BadInput(
                "--concurrency",
                "" if self.concurrency is None else self.concurrency,
                "give either a rate (open loop) or a concurrency (closed loop), not both or none",
            )
        if self.rate is not None:
            _require(
                math.isfinite(self.rate) and self.rate > 0,
                "--rate",
                f"{self.rate:g}",
                "must be above 0 messages per second; for example 500 or 2k",
            )
        if self.arrivals is Arrivals.BURST:
            _require(
                2 <= self.burst <= _LARGEST_BURST,
                "--burst",
                self.burst,
                f"must be 2 to {_LARGEST_BURST:,} messages due at one instant; for example 20",
            )
        else:
            _require(
                self.burst == 0,
                "--burst",
                self.burst,
                f"means nothing with {self.arrivals} arrivals; give --arrivals burst",
            )
        if self.concurrency is not None:
            _require(
                1 <= self.concurrency <= 100_000,
                "--concurrency",
                self.concurrency,
                "must be 1 to 100,000 messages in flight; for example 64",
            )
        _require(
            1 <= self.publishers <= MAX_PUBLISHERS,
            "--publishers",
            self.publishers,
            f"must be 1 to {MAX_PUBLISHERS:,}",
        )
        _require(self.subscribers >= 1, "--subscribers", self.subscribers, "must be 1 or more")
        _require(
            self.exchange is not Exchange.GROUP or self.publishers == self.subscribers,
            "--publishers",
            self.publishers,
            "in a group every member publishes and subscribes; give --subscribers alone",
        )
        _require(
            self.payload >= MIN_PAYLOAD_BYTES,
            "--payload",
            self.payload,
            f"shorter than the smallest message, {MIN_PAYLOAD_BYTES} bytes; "
            f"use {MIN_PAYLOAD_BYTES} or more",
        )
        _require(
            self.payload <= MAX_PAYLOAD_BYTES,
            "--payload",
            self.payload,
            f"longer than the longest message, {MAX_PAYLOAD_BYTES:,} bytes; use 1MiB or less",
        )
        _require(
            math.isfinite(self.warmup) and self.warmup >= 0,
            "--warmup",
            f"{self.warmup:g}",
            "must be 0 seconds or more; for example 1s",
        )
        _require(
            0 < self.duration <= 3600,
            "--duration",
            f"{self.duration:g}",
            "must be above 0 and at most 3,600 seconds; for example 5s",
        )
        _require(
            0 <= self.seed < 1 << 63, "--seed", self.seed, "must be a whole number from 0 to 2^63-1"
        )
        _require(
            math.isfinite(self.ramp) and self.ramp > 0,
            "--ramp",
            f"{self.ramp:g}",
            "must be above 0 connections per second; for example 500",
        )
        _require(
            1 <= self.load_processes <= 256,
            "--load-processes",
            self.load_processes,
            "must be 1 to 256",
        )
        _require(
            0.001 <= self.poll_interval <= 3600,
            "--poll-interval",
            f"{self.poll_interval:g}",
            "must be 1ms to 3,600s; for example 20ms",
        )
        _require(
            0 <= self.service_time <= 600,
            "--service-time",
            f"{self.service_time:g}",
            "must be 0 to 600s; for example 200ms",
        )
        _require(1 <= self.workers <= 10_000, "--workers", self.workers, "must be 1 to 10,000")
        _require(
            0 <= self.workers_gone <= self.duration / 2,
            "--workers-gone",
            f"{self.workers_gone:g}",
            f"must be 0 to half of the window, here {self.duration / 2:g}s, so that what comes "
            "after it is measured too",
        )
        _require(
            1 <= self.pipeline <= 10_000,
            "--pipeline",
            self.pipeline,
            "must be 1 to 10,000 commands; for example 16",
        )
        _require(
            1 <= self.keys <= _MOST_KEYS,
            "--keys",
            self.keys,
            f"must be 1 to {_MOST_KEYS:,}; for example 1000",
        )
        _require(
            0 <= self.work <= 60,
            "--work",
            f"{self.work:g}",
            "must be 0 to 60 seconds; for example 1ms",
        )
        _require(
            1 <= self.gateways <= _MOST_GATEWAYS,
            "--gateways",
            self.gateways,
            f"must be 1 to {_MOST_GATEWAYS}; for example 3",
        )
        _require(
            self.backplane is not Backplane.NONE or self.gateways == 1,
            "--backplane",
            self.backplane,
            "without one, a message stays at the gateway it entered; give --gateways 1 with it",
        )
        if self.kill is not Victim.NONE:
            self._require_a_kill_that_tells()
        given_server.require_sense(
            url=self.url,
            publish_url=self.publish_url,
            redis=self.redis,
            pid=self.pid,
            ca=self.ca,
            body=self.body,
            expect_status=self.expect_status,
            replies=self.exchange is Exchange.REQUEST_REPLY,
            network=self.network_option if self.networked else None,
        )
        self._require_a_network_that_can_be()

    def _require_a_network_that_can_be(self) -> None:
        _require(
            0 <= self.rtt <= _LONGEST_RTT_S,
            "--rtt",
            f"{self.rtt:g}",
            f"must be 0 to {_LONGEST_RTT_S:g} seconds; for example 20ms",
        )
        _require(
            0 <= self.jitter <= self.rtt / 2,
            "--jitter",
            f"{self.jitter:g}",
            f"must be 0 to half of the round trip, here {self.rtt / 2:g}s; give a longer --rtt",
        )
        _require(
            math.isfinite(self.bandwidth)
            and (self.bandwidth == 0 or self.bandwidth >= _LEAST_BANDWIDTH),
            "--bandwidth",
            f"{self.bandwidth:g}",
            f"must be {_LEAST_BANDWIDTH:,} bytes a second or more; for example 10MB/s",
        )

    def _require_a_kill_that_tells(self) -> None:
        _require(
            self.kill is not Victim.GATEWAY or self.gateways > 1,
            "--kill",
            self.kill,
            "its clients need another one to go to; give --gateways 2 or more",
        )
        _require(
            self.open_loop,
            "--kill",
            self.kill,
            "a lost message would keep its place in a closed loop for good; give a --rate",
        )
        _require(
            0 <= self.kill_after < self.duration,
            "--kill-after",
            f"{self.kill_after:g}",
            f"must be 0 to less than the window's {self.duration:g} seconds; for example 1s",
        )
        _require(
            self.work > 0 or self.kill in (Victim.REDIS, Victim.GATEWAY),
            "--work",
            f"{self.work:g}",
            "a consumer that does nothing with a message holds none when it is killed; "
            "for example 1ms",
        )

    @property
    def essence(self) -> Workload:
        """The workload without what changes a figure's precision and not its meaning.

        Where something fails in mid-run, the window says how much of it is before and after.
        """
        plain = Workload()
        fails = self.workers_gone > 0 or self.kill is not Victim.NONE
        return replace(
            self,
            warmup=plain.warmup,
            duration=self.duration if fails else plain.duration,
            seed=plain.seed,
            ramp=plain.ramp,
            load_processes=plain.load_processes,
            # What TLS or a socket file adds is part of what a figure means.
            redis=given_server.redis_transport(self.redis_at),
            url="" if given_server.is_redis(self.url) else self.url,
            pid=plain.pid,
            ca=plain.ca,
        )

    @property
    def bare(self) -> Workload:
        """The workload without what a floor takes no part in."""
        plain = Workload()
        return replace(
            self,
            deflate=plain.deflate,
            tls=plain.tls,
            pop=plain.pop,
            work=plain.work,
            persistence=plain.persistence,
            kill=plain.kill,
            kill_after=plain.kill_after,
            command=plain.command,
            pipeline=plain.pipeline,
            keys=plain.keys,
            gateways=plain.gateways,
            backplane=plain.backplane,
            balancer=plain.balancer,
        )

    @property
    def redis_at(self) -> str:
        """The Redis that is asked for, by either option; empty: the default."""
        return self.url if given_server.is_redis(self.url) else self.redis

    @property
    def networked(self) -> bool:
        """Whether a relay stands between servers and clients."""
        return self.rtt > 0 or self.bandwidth > 0

    @property
    def network_option(self) -> tuple[str, str]:
        """What put the relay there, as it is typed: the option and its value."""
        if self.rtt:
            return "--rtt", f"{self.rtt:g}"
        return "--bandwidth", f"{self.bandwidth:.12g}"

    @property
    def relayable(self) -> bool:
        """Whether a relay could stand there: before servers of ours, or a Redis by plain TCP."""
        return not self.elsewhere and not given_server.redis_transport(self.redis_at)

    @property
    def network_s(self) -> float:
        """Seconds that the network imposes on each delivery, at least.

        Half a round trip brings what a server sends of itself; a call goes there and back, and so
        does what a member or a native publisher says.
        """
        there = self.exchange.both_ways or self.ingress is Ingress.NATIVE
        # How much is left of a message that is compressed, nobody knows beforehand.
        line_s = self.payload / self.bandwidth if self.bandwidth and not self.deflate else 0.0
        return (2 if there else 1) * (self.rtt / 2 + line_s)

    @property
    def elsewhere(self) -> bool:
        """Whether the user's own server, no Redis, is measured instead of the reference server."""
        return bool(self.url) and not given_server.is_redis(self.url)

    @property
    def opaque(self) -> bool:
        """Whether the server knows no messages: each stands for the request that it is due for."""
        return bool(self.body or self.expect_status)

    @property
    def open_loop(self) -> bool:
        """Whether messages are due on a schedule that the system cannot slow down."""
        return self.rate is not None

    @property
    def tick(self) -> float:
        """Seconds between the instants at which messages are due, where these are even; else 0."""
        if self.rate is None or self.arrivals is Arrivals.POISSON:
            return 0.0
        return max(1, self.burst) / self.rate

    @property
    def deliveries_per_message(self) -> int:
        """How many deliveries one published message is owed."""
        return self.subscribers if self.exchange.to_all else 1

    @property
    def receivers(self) -> int:
        """How many there are to deliver to: subscribers, consumers, callers, users or members."""
        return self.publishers if self.exchange.calls else self.subscribers


def _require(fine: bool, field: str, value: object, problem: str) -> None:
    if not fine:
        raise BadInput(field, value, problem)
