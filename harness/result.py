"""What one run found: frozen values and nothing else. Times are seconds, sizes bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.machine import Machine
from harness.queueing import Victim
from harness.workload import Workload

SCHEMA_VERSION = 2
"""Raised whenever the meaning or the shape of a stored result changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """The distribution of one time over the window of one run.

    A quantile is None where it is infinite: so many messages were lost.
    """

    count: int
    """Values that are finite."""
    lost: int
    """Values that are infinite."""
    messages: int
    """Distinct published messages behind the values; the number a percentile's right to be
    shown is judged by."""
    mean: float | None
    p50: float | None
    p90: float | None
    p99: float | None
    p99_9: float | None
    maximum: float | None
    histogram: str
    """HdrHistogram (V2, compressed, base64) of the finite values in nanoseconds; empty where it was
    left out to make a file smaller."""


OWN_TIMES = ("pacer_lateness", "pool_wait", "receiver_lag")
"""Fields of `Result` with the times of our own clients: the rules of validity ask their quantiles,
and no page draws more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Delivery latency over the window of one run, in equal slices by due time.

    A figure is None where it is infinite, or where no message was due: ``count`` and ``lost``
    are 0 then.
    """

    slice: float
    """Seconds of each slice; the first begins with the window."""
    count: tuple[int, ...]
    """Deliveries that came, of the messages due in the slice."""
    lost: tuple[int, ...]
    """Those that did not."""
    p50: tuple[float | None, ...]
    p99: tuple[float | None, ...]
    maximum: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamps:
    """The file that holds all stamps of the run, where they were kept."""

    file: str
    """Its name, relative to the folder of the series' file."""
    sha256: str
    """Of its content, in hexadecimal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Every message accounted for: ``owed == delivered + lost + corrupted`` (warm-up included).

    For a work queue over the union of consumers.
    """

    published: int
    """Messages handed to the transport."""
    owed: int
    """Deliveries that these messages are owed."""
    delivered: int
    """Distinct deliveries of intact messages."""
    lost: int
    duplicated: int
    """Arrivals of a message that its receiver (work queue: any consumer) had already."""
    reordered: int
    """First arrivals below the highest sequence number seen from that publisher."""
    corrupted: int
    """Arrivals whose checksum disagrees."""
    causes: Mapping[str, int] = field(default_factory=dict)
    """Why messages are missing, as far as the clients saw it: ``evicted``, ``disconnected``."""

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, duplicated, reordered or corrupted."""
        return not (self.lost or self.duplicated or self.reordered or self.corrupted)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUse:
    """What the servers under test used over the window."""

    cpu: float
    """CPU seconds of all server processes, from nanosecond clocks."""
    cores: float
    """CPU seconds per second."""
    cpu_per_message: float | None
    """CPU seconds per published message."""
    cpu_per_delivery: float | None
    switches: int | None
    """Context switches of all server threads, voluntary and not; None if no server is ours."""
    switches_per_delivery: float | None
    pss_before: int
    """Proportional set size when ready and without connections."""
    pss: int
    """Proportional set size at the window's end."""
    kernel_before: int
    """The kernel's slab at the same moments: sockets live there. Both ends, whole host."""
    kernel: int

    @property
    def grown(self) -> int | None:
        """Bytes of the servers' memory since they were ready; None where either is unknown (0)."""
        return self.pss - self.pss_before if self.pss_before and self.pss else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WireUse:
    """TCP payload bytes and segments over the window, at the receivers' connections.

    ``in`` is towards the receivers, per published message. Empty polls are included.
    """

    bytes_in: float
    bytes_out: float
    segments_in: float
    segments_out: float
    bytes_per_delivery: float | None
    """Both ways together, per delivered message."""
    connections: int | None = None
    """How many connections these figures are of; None: not counted when the result was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorUse:
    """What the load generator used over the window."""

    cpu_mean: float
    """Share of its busiest core, 0 to 1."""
    cpu_peak: float
    """The same in the busiest 100 ms."""
    longest_pause: float
    """Seconds for which a load process did not do what was due every 25 ms, at most."""
    peak_rss: int
    """Bytes, summed over load processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkUse:
    """How well the relay did what a network would have done, over the window."""

    chunks: int
    """Pieces of data that it passed on, both ways."""
    late_p50: float
    """Seconds that a piece came out later than it was to."""
    late_p90: float | None = field(default=None, kw_only=True)
    """None in files of before it was kept."""
    late_p99: float
    late_max: float
    unrecorded: int = field(default=0, kw_only=True)
    """Pieces of the run whose lateness was not kept: the last ones."""
    cpu: float
    """Share of a core that the relay used, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostUse:
    """What the machine did meanwhile."""

    steal: float
    """Stolen share of the window's core time, 0 to 1."""
    foreign: float
    """Share of the busiest used core that belonged to none of our processes, 0 to 1."""
    listen_overflows: int
    retransmitted_segments: int
    tcp_timeouts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Where the time of submissions went, in the order of their way; None if none was noted."""

    accepted: float | None
    """From due until the API has it: our pacing, a free connection, the request."""
    queued: float | None
    """Until a worker has it."""
    worked: float | None
    """Until the worker hands its verdict back."""
    notified: float | None
    """Until the user has the verdict."""

    @property
    def whole(self) -> float | None:
        """All of them together: received − due."""
        parts = (self.accepted, self.queued, self.worked, self.notified)
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Submissions of the window that were noted at every stage and whose verdict came."""

    count: int
    mean: Parts
    p50: Parts
    """Means over the 2 % of them (20 at least) around the percentile's rank; so the others."""
    p90: Parts
    p99: Parts
    cost: float | None
    """Mean time of the noted minus that of the others, which the same run held."""
    cost_error: float | None
    """Half of its 99 % interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """What a submission took on its way, per submission sent in the window."""

    requests_per_message: float | None
    """HTTP requests that the API had, polls and handshakes included."""
    cpu_per_message: Mapping[str, float]
    """CPU seconds by server: ``redis``, ``judge`` (the API), ``judge_workers``."""
    latest: float | None
    """Seconds from due until the verdict that took longest, of those that came."""
    trace: Trace | None = None
    """None where it was not asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDepth:
    """How many messages waited in Redis or were being worked on, looked at ten times a second."""

    at: tuple[float, ...]
    """Seconds since the window's beginning; what was asked in the warm-up is negative."""
    waiting: tuple[int, ...]
    writing: tuple[bool, ...]
    """Whether Redis was writing a snapshot, or its log anew."""
    left: int | None
    """At the end of the run; None if Redis did not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """What became of all messages of a run, warm-up included, in which somebody was killed."""

    victim: Victim
    at: float
    """Seconds since the window's beginning; where Redis was killed, of the moment it was dead."""
    back: float
    """Seconds from there until Redis answered again, or a new consumer's first delivery."""
    held: int
    """Jobs that the killed consumer was working on."""
    accepted: int | None
    """Messages that Redis had confirmed when it was dead; None where a consumer was killed."""
    waiting: int | None
    """Of these, such as no consumer had delivered by then, or had in hand."""
    lost: int
    """Messages that nobody ever delivered; where Redis was killed, of those that it confirmed at
    any time."""
    repeated: int
    """Times that a job was begun again: after it had been delivered, or by a successor."""
    latest: float | None
    """The longest delivery latency of all that came, in seconds; None if nothing came."""
    unsaved: float | None = None
    """Seconds from the confirmation of the first lost message to Redis' death; None if nothing that
    it had confirmed by then was lost, or a consumer was killed."""
    survived: int | None = None
    """Of ``waiting``, those confirmed later than the first lost one that came all the same; None as
    above. 0: what is gone is what came last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failover:
    """What became of subscribers and messages of a run in which a gateway was killed."""

    at: float
    """Seconds since the window's beginning."""
    clients: int
    """Subscribers that the killed gateway had."""
    back: int
    """Subscribers that lost a connection from then on and had another by the end."""
    slowest: float | None
    """Seconds from the kill until the last of them had it; None if none had."""
    gap: int
    """Deliveries lost while their subscriber was away: others got the message."""
    unreached: int
    """Deliveries of messages that the killed gateway took in, and that nobody ever got."""
    unexplained: int
    """Deliveries lost in any other way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateways:
    """How several gateways shared the work, one figure for each in their order."""

    subscribers: tuple[int, ...]
    """When the window began."""
    deliveries: tuple[int, ...]
    """Over the window: for each message, as many as the gateway had subscribers then."""
    cores: Mapping[str, float]
    """CPU seconds per second by server, of those that lived through the window."""
    failover: Failover | None = None
    """None where no gateway was killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Why a run is invalid, and what to do about it."""

    rule: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenServer:
    """The processes of a server that was there before the run, by their names."""

    processes: tuple[str, ...]
    """Those whose CPU and memory are the server's; none where it is not on this host, or hidden."""
    began: tuple[str, ...]
    """Those of them that came during the run."""
    ended: tuple[str, ...]
    """Those that went away within the window: then the server's CPU and memory are not known."""
    forwarders: Mapping[str, float]
    """Cores used by what only passes on to the server: in no figure of the server's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is needed to reproduce the run."""

    machine: Machine
    plan: str
    """Which process on which core."""
    started_at: str
    """UTC, ISO 8601."""
    redis: str = ""
    """Which Redis served, for example ``Redis 8.2.3 (bundled)``."""
    redis_counters: Mapping[str, int] = field(default_factory=dict)
    """Evicted keys, output-buffer disconnects, saves over the run."""
    reruns: int = 0
    """How often the run was repeated because the machine was disturbed."""
    tls: str = ""
    """What was agreed on: ``TLSv1.3, TLS_AES_256_GCM_SHA384``, behind it ``to Redis`` where nothing
    else is by TLS; empty without any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One pattern × one workload, on fresh server and client processes."""

    pattern: str
    block: str
    floor: str
    workload: Workload
    block_index: int
    """Which block of the interleaved series the run belongs to, from 0."""
    offered_rate: float
    """Messages per second that the schedule wanted in the window (closed loop: sent)."""
    achieved_rate: float
    """Messages per second that were delivered to all by the deadline of saturation."""
    throughput: float
    """Deliveries per second within the window."""
    delivery: Latency
    """received − due, over deliveries."""
    delivery_last: Latency
    """received − due, to the last receiver of each message."""
    service: Latency
    """received − released, over deliveries."""
    pacer_lateness: Latency
    """released − due."""
    pool_wait: Latency
    """sent − released."""
    receiver_lag: Latency
    """How long bytes can have waited inside the generator, at most."""
    setup: Latency
    """Connecting to subscribed, over receivers, at the workload's ramp."""
    slope: float
    """Growth of the delivery latency over the window, seconds per second."""
    slope_low: float
    """Its lower 99.9 % bound."""
    saturated: bool
    audit: Audit
    server: ServerUse
    wire: WireUse
    generator: GeneratorUse
    host: HostUse
    context: Context
    analytic_mean: float | None = None
    """Mean service latency that the pattern imposes by design, where that is known."""
    service_mean_high: float | None = None
    """Upper 99.9 % bound of the measured mean service latency, where there is an analytic one."""
    journey: Journey | None = None
    """Of a journey alone."""
    depth: QueueDepth | None = None
    """None where no Redis stores messages."""
    kill: Kill | None = None
    """None where nobody was killed on purpose."""
    doubts: tuple[Doubt, ...] = ()
    remarks: tuple[str, ...] = ()
    """What the system did that a reader should know: saturated, drifted, lost."""
    timeline: Timeline | None = None
    """Delivery latency over the window; None in files of before it was kept."""
    network: NetworkUse | None = None
    """None where no network was asked for."""
    stamps: Stamps | None = None
    """Where the raw stamps are; None if they were not kept."""
    gateways: Gateways | None = None
    """None where there are none."""
    given: GivenServer | None = None
    """None where the server was started here, and in files of before it was told."""

    @property
    def polled(self) -> bool:
        """Whether the pattern waits by design, whatever the network adds."""
        return (self.analytic_mean or 0.0) > self.workload.network_s

    @property
    def valid(self) -> bool:
        """Whether the figures may be believed."""
        return not self.doubts


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Repeated runs of one or several patterns, interleaved: one file."""

    command: str
    """What was typed, so that it can be typed again."""
    order_seed: int
    runs: int
    """How many runs of each configuration were asked for."""
    results: tuple[Result, ...]
    refused: Mapping[str, str] = field(default_factory=dict)
    """Configurations that could not be measured at all, and why: by pattern, where several of one
    were asked with what they differ in (``series.names_of``)."""
    schema: int = SCHEMA_VERSION
