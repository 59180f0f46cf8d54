"""The one table of rules by which a run is believed, or not.

Doubts about the generator, the machine or the measurement make a run invalid. What the system
under test did (stalled, lost, saturated) is its result and raises no doubt.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from harness.measure.disturbance import (
    MACHINE_LIMIT,
    NETWORK_LIMIT,
    by_machine,
    by_network,
    percent,
)
from harness.measure.latency import Latencies
from harness.measure.offer import BIN_S, GRACE_S, Offer
from harness.result import Doubt, GeneratorUse, HostUse, Latency, NetworkUse
from harness.workload import ClientKind, Workload

PACED_ONE_BY_ONE = 1000.0
"""Messages per second up to which each release is judged by itself."""
LATENESS_SHARE = 0.3
"""Of the mean gap: what the p99 of pacer lateness may be, up to that rate."""
ABOUT_TIMES = ("pacer lateness", "receiver lag")
"""Rules that doubt when messages came, and have no bearing on a metric that isn't about that."""
DEVIATION = 0.05
"""Of the mean count per bin: how far releases may be off the schedule above it, rms."""
LAG_SHARE = 0.1
"""Of the delivery latency: its p50 to that of the lag, its p99 to what it would lose without."""
GENERATOR_PEAK = 0.7
"""Of its core in any 100 ms."""
PAUSE_S = 0.05
"""For which a load process may stand still."""
_LEAST_OWN_S = 1e-6
"""What is left of a latency without the network is at least this: lag is held against it."""
RELAY_LATE_P50_S = 0.0003
RELAY_LATE_TAIL_S = 0.001
RELEASED_SHARE = 0.99
MESSAGES_BEYOND = 20
"""Distinct published messages that must lie beyond a percentile for it to be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the rules look at."""

    workload: Workload
    latencies: Latencies
    offer: Offer
    generator: GeneratorUse
    host: HostUse
    network: NetworkUse | None = None
    analytic_mean: float | None = None
    """Mean service latency (s) that the pattern imposes by design, where that is known."""
    service_mean_high: float | None = None
    """Upper 99.9 % bound of the measured one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One reason why a run may be invalid."""

    name: str
    limit: str
    """When a run is invalid, in words."""
    reason: Callable[[Evidence], str | None]
    """What was found, against which limit; None if there is nothing to doubt."""
    remedy: Callable[[Workload], str]
    """What to try."""

    def doubt(self, evidence: Evidence) -> Doubt | None:
        """Apply the rule to one run."""
        reason = self.reason(evidence)
        if reason is None:
            return None
        return Doubt(rule=self.name, reason=reason, remedy=self.remedy(evidence.workload))


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRule:
    """A rule that hides one figure and leaves the run valid."""

    name: str
    limit: str


def judge(evidence: Evidence) -> tuple[Doubt, ...]:
    """Apply all rules; no doubts mean that the run is valid."""
    doubts = (rule.doubt(evidence) for rule in RULES)
    return tuple(doubt for doubt in doubts if doubt is not None)


def shown(latency: Latency, q: float) -> bool:
    """Whether quantile ``q`` (0 to 1) of a run may be shown: 20 messages must lie beyond it."""
    return math.floor(round((1 - q) * latency.messages, 6)) >= MESSAGES_BEYOND


def _pacer_lateness(evidence: Evidence) -> str | None:
    rate = evidence.workload.rate
    if rate is None:
        return None
    if rate > PACED_ONE_BY_ONE:
        if evidence.offer.deviation <= DEVIATION:
            return None
        return (
            f"releases per {BIN_S * 1e3:g} ms were off the schedule by "
            f"{percent(evidence.offer.deviation)} rms (limit {percent(DEVIATION)})"
        )
    late = evidence.latencies.pacer_lateness
    limit = LATENESS_SHARE / rate
    if not late.count and not late.lost:
        return None
    if late.p99 is not None and late.p99 <= limit:
        return None
    found = "never released" if late.p99 is None else f"released late by {_time(late.p99)}"
    return (
        f"messages were {found} at p99 (limit {_time(limit)}, {LATENESS_SHARE:g} of the mean gap)"
    )


def _receiver_lag(evidence: Evidence) -> str | None:
    """Compare the lag's p50 with the latency's; of the p99, the very same messages.

    The lag's own p99 would not do there: it and the latency's p99 are different messages. What a
    network asked for imposes counts for neither: under a round trip of 100 ms, 5 ms of our own
    would pass unseen, and be read as the system's.
    """
    times = evidence.latencies
    imposed_s = evidence.workload.network_s
    delivery, lag, unhindered = times.delivery, times.receiver_lag, times.unhindered
    found = []
    if delivery.p50 is not None and lag.p50 is not None:
        own_s = max(delivery.p50 - imposed_s, _LEAST_OWN_S)
        if lag.p50 > LAG_SHARE * own_s:
            found.append(
                f"messages may have waited inside the generator for {_time(lag.p50)} at p50, "
                f"{percent(lag.p50 / own_s)} of the delivery latency's {_time(own_s)}"
                + f" beyond the {_time(imposed_s)} of the network"
                * bool(imposed_s)
            )
    if shown(delivery, 0.99) and delivery.p99 is not None and unhindered.p99 is not None:
        less = delivery.p99 - unhindered.p99
        if less > LAG_SHARE * max(delivery.p99 - imposed_s, _LEAST_OWN_S):
            found.append(
                "without the time that messages may have waited inside the generator p99 would be "
                f"{_time(unhindered.p99)} instead of {_time(delivery.p99)}"
            )
    return f"{' and '.join(found)} (limit {percent(LAG_SHARE)})" if found else None


def _generator_cpu(evidence: Evidence) -> str | None:
    peak = evidence.generator.cpu_peak
    if peak <= GENERATOR_PEAK:
        return None
    return (
        f"the generator used {percent(peak)} of its core in its busiest 100 ms "
        f"(limit {percent(GENERATOR_PEAK)}) and measured itself"
    )


def _generator_pause(evidence: Evidence) -> str | None:
    """Notice a frozen generator, whose own busy watch was frozen with it."""
    pause = evidence.generator.longest_pause
    if pause <= PAUSE_S:
        return None
    return f"a load process stood still for {_time(pause)} (limit {_time(PAUSE_S)})"


def _offered(evidence: Evidence) -> str | None:
    scheduled, released = evidence.offer.scheduled, evidence.offer.released
    if not evidence.workload.open_loop:
        return None
    if not scheduled:
        return "no message was due in the window"
    if released >= RELEASED_SHARE * scheduled:
        return None
    return (
        f"only {percent(released / scheduled, digits=4)} of the schedule was released in time "
        f"(limit {percent(RELEASED_SHARE)})"
    )


def _relay(evidence: Evidence) -> str | None:
    relay = evidence.network
    if relay is None:
        return None
    found = []
    if relay.unrecorded:
        found.append(f"{relay.unrecorded:,} pieces that passed the relay were not looked at")
    elif not relay.chunks:
        found.append("nothing passed the relay")
    name, tail_s = _relay_tail(relay, evidence.latencies.delivery)
    if relay.late_p50 > RELAY_LATE_P50_S or tail_s > RELAY_LATE_TAIL_S:
        found.append(
            f"what passed the relay came out late by {_time(relay.late_p50)} at p50, "
            f"{_time(tail_s)} at {name} (limits {_time(RELAY_LATE_P50_S)}, "
            f"{_time(RELAY_LATE_TAIL_S)})"
        )
    if relay.late_max > PAUSE_S:
        found.append(
            f"the relay stood still: something came out late by {_time(relay.late_max)} "
            f"(limit {_time(PAUSE_S)})"
        )
    if relay.cpu > GENERATOR_PEAK:
        found.append(
            f"the relay used {percent(relay.cpu)} of its core (limit {percent(GENERATOR_PEAK)})"
        )
    return " and ".join(found) or None


def _relay_tail(relay: NetworkUse, delivery: Latency) -> tuple[str, float]:
    """Give what stands for the tail: p99 where that of the latency may be shown, or else p90.

    What nobody is shown, nobody has to believe.
    """
    if relay.late_p90 is None or shown(delivery, 0.99):
        return "p99", relay.late_p99
    return "p90", relay.late_p90


def _analytic_floor(evidence: Evidence) -> str | None:
    floor, high = evidence.analytic_mean, evidence.service_mean_high
    if floor is None or high is None or high >= floor:
        return None
    return (
        f"mean service latency is {_time(high)} at most (99.9 % bound), "
        f"less than the {_time(floor)} that the pattern imposes by design"
    )


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:.3g} µs" if seconds < 0.001 else f"{seconds * 1e3:.3g} ms"


def _less_load(workload: Workload) -> str:
    """Name the option that halves the load, about: a round number that can be typed."""
    if workload.rate is None:
        return f"--concurrency {max(1, (workload.concurrency or 1) // 2)}"
    half = workload.rate / 2
    decade = 10.0 ** math.floor(math.log10(half))
    rate = max(step for step in (1, 2, 5) if step * decade <= half * (1 + 1e-9)) * decade
    return f"--rate {rate / 1000:g}k" if rate >= 1000 else f"--rate {rate:g}"


def _lighter_generator(workload: Workload) -> str:
    ways = [_less_load(workload)]
    if workload.client is ClientKind.LIBRARY:
        ways.insert(0, f"--client {ClientKind.WIRE}")
    if workload.deliveries_per_message > 1:
        ways.append("fewer subscribers")
    return f"try {', '.join(ways)}, or a machine with more cores (and --load-processes)"


def _known_machine(workload: Workload) -> str:
    if workload.elsewhere and not workload.pid:
        return f"name the server's processes by --pid if it runs here, {_quiet_machine(workload)}"
    return _quiet_machine(workload)


def _quiet_machine(workload: Workload) -> str:
    return (
        "end other programs, use a machine (or a dedicated core) that nobody shares, or try "
        f"{_less_load(workload)}"
    )


def _gentler_network(workload: Workload) -> str:
    return (
        "end other network traffic of this host, or try "
        f"{_less_load(workload)} or --ramp {max(1.0, workload.ramp / 2):g}"
    )


def _report_it(_workload: Workload) -> str:
    return (
        "believe neither: run the pattern's truth tests (make test), and look at what its client "
        "takes for a delivery"
    )


_BIN = f"{BIN_S * 1e3:g} ms"

RULES: tuple[Rule, ...] = (
    Rule(
        name="pacer lateness",
        limit=f"up to {PACED_ONE_BY_ONE:,.0f} msg/s, p99 of released − due is above "
        f"{LATENESS_SHARE:g} of the mean gap; beyond, releases per {_BIN} are off the schedule "
        f"by more than {percent(DEVIATION)} rms of their mean, where a release at most "
        f"{GRACE_S * 1e6:g} µs late counts as punctual; open loop only",
        reason=_pacer_lateness,
        remedy=_lighter_generator,
    ),
    Rule(
        name="receiver lag",
        limit="the p50 of the time that messages may have waited inside the generator is more "
        f"than {percent(LAG_SHARE)} of the delivery latency's p50, or the latter's p99, where "
        f"that may be shown, would be more than {percent(LAG_SHARE)} lower without that time",
        reason=_receiver_lag,
        remedy=_lighter_generator,
    ),
    Rule(
        name="generator CPU",
        limit=f"the generator used more than {percent(GENERATOR_PEAK)} of its core in any 100 ms",
        reason=_generator_cpu,
        remedy=_lighter_generator,
    ),
    Rule(
        name="generator pause",
        limit=f"a load process did nothing of what was due for more than {_time(PAUSE_S)}",
        reason=_generator_pause,
        remedy=_quiet_machine,
    ),
    Rule(
        name="offered",
        limit=f"less than {percent(RELEASED_SHARE)} of the schedule was released by the "
        f"window's end plus {_BIN} or one mean gap; open loop only",
        reason=_offered,
        remedy=_lighter_generator,
    ),
    Rule(
        name="machine",
        limit=MACHINE_LIMIT,
        reason=lambda evidence: by_machine(evidence.host, evidence.workload.duration),
        remedy=_known_machine,
    ),
    Rule(
        name="network stack",
        limit=NETWORK_LIMIT,
        reason=lambda evidence: by_network(evidence.host),
        remedy=_gentler_network,
    ),
    Rule(
        name="relay",
        limit="with a network (--rtt, --bandwidth), the relay wrote later than it was to by more "
        f"than {_time(RELAY_LATE_P50_S)} at p50 or {_time(RELAY_LATE_TAIL_S)} at p99 (at p90, "
        f"where p99 may not be shown) or {_time(PAUSE_S)} at any time, kept not all of that, or "
        f"passed nothing on, or used more than {percent(GENERATOR_PEAK)} of its core",
        reason=_relay,
        remedy=_lighter_generator,
    ),
    Rule(
        name="analytic floor",
        limit="the upper 99.9 % bound of the mean service latency is below what the pattern "
        "imposes by design",
        reason=_analytic_floor,
        remedy=_report_it,
    ),
)
"""What makes a run invalid."""

FIGURE_RULES: tuple[FigureRule, ...] = (
    FigureRule(
        name="samples",
        limit=f"a percentile is shown with at least {MESSAGES_BEYOND} distinct published messages "
        "beyond it; the deliveries of one message are one",
    ),
    FigureRule(
        name="× floor",
        limit="a multiple of the floor is by service latency, and shown only where row and floor "
        "are both valid",
    ),
)
"""What hides a figure of a valid run."""

BROKEN_BY_A_KILL = frozenset({"generator CPU", "generator pause", "machine", "network stack"})
"""Rules that a process killed on purpose breaks by itself: what it used dies with it, and its
successor starts in mid-window. Its messages are counted all the same."""

MACHINE_RULES = frozenset({"machine", "network stack"})
"""Rules whose doubts justify to run again: not the run, its surroundings were at fault."""
