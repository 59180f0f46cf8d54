from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.measure.latency import Latencies
from harness.measure.offer import Offer
from harness.measure.validity import (
    FIGURE_RULES,
    MACHINE_RULES,
    MESSAGES_BEYOND,
    RULES,
    Evidence,
    judge,
    shown,
)
from harness.result import GeneratorUse, HostUse, Latency, NetworkUse
from harness.workload import ClientKind, Workload

Change = Callable[[Evidence], Evidence]
SLOW = Workload(rate=1000)
FAST = Workload(rate=5000)
CLOSED = Workload(rate=None, concurrency=64)
FAR = Workload(rate=1000, rtt=0.0018)
"""Of a delivery latency's 1 ms at p50, and of 10 ms at p99, 0.9 ms are the network's."""


def latency(
    p50: float | None, p99: float | None, *, messages: int = 5000, lost: int = 0
) -> Latency:
    return Latency(
        count=messages - lost,
        lost=lost,
        messages=messages,
        mean=p50,
        p50=p50,
        p90=p99,
        p99=p99,
        p99_9=p99,
        maximum=p99,
        histogram="",
    )


def sound(workload: Workload = SLOW) -> Evidence:
    """Every figure just within its limit."""
    own = latency(0.0001, 0.0003)
    delivery = latency(0.001, 0.01)
    return Evidence(
        workload=workload,
        latencies=Latencies(
            delivery=delivery,
            delivery_last=delivery,
            service=delivery,
            pacer_lateness=own,
            pool_wait=own,
            receiver_lag=latency(0.0001, 0.001),
            setup=own,
            unhindered=latency(0.00091, 0.0091),
        ),
        offer=Offer(scheduled=5000, released=4950, deviation=0.05),
        generator=GeneratorUse(cpu_mean=0.5, cpu_peak=0.7, longest_pause=0.05, peak_rss=1),
        host=HostUse(
            steal=0.01,
            foreign=0.05,
            listen_overflows=0,
            retransmitted_segments=0,
            tcp_timeouts=0,
        ),
        network=NetworkUse(
            chunks=10_000, late_p50=0.0003, late_p90=0.001, late_p99=0.001, late_max=0.05, cpu=0.7
        ),
        analytic_mean=0.01,
        service_mean_high=0.01,
    )


def times(evidence: Evidence, **changes: Latency) -> Evidence:
    return replace(evidence, latencies=replace(evidence.latencies, **changes))


def on_host(**changes: float) -> Change:
    return lambda evidence: replace(evidence, host=replace(evidence.host, **changes))


def relayed(**changes: float | None) -> Change:
    def changed(evidence: Evidence) -> Evidence:
        assert evidence.network is not None
        return replace(evidence, network=replace(evidence.network, **changes))

    return changed


def few(evidence: Evidence) -> Evidence:
    """Leave one message less than it takes to show a p99."""
    return times(evidence, delivery=replace(evidence.latencies.delivery, messages=1999))


def offered(**changes: float) -> Change:
    return lambda evidence: replace(evidence, offer=replace(evidence.offer, **changes))


TRIPS: list[tuple[str, Workload, Change, str]] = [
    (
        "pacer lateness",
        SLOW,
        lambda e: times(e, pacer_lateness=latency(0.0001, 0.000412)),
        "messages were released late by 412 µs at p99 (limit 300 µs, 0.3 of the mean gap)",
    ),
    (
        "pacer lateness",
        SLOW,
        lambda e: times(e, pacer_lateness=latency(0.0001, None, lost=100)),
        "messages were never released at p99 (limit 300 µs, 0.3 of the mean gap)",
    ),
    (
        "pacer lateness",
        FAST,
        offered(deviation=0.071),
        "releases per 10 ms were off the schedule by 7.1 % rms (limit 5 %)",
    ),
    (
        "receiver lag",
        SLOW,
        lambda e: times(e, receiver_lag=latency(0.00012, 0.001)),
        "messages may have waited inside the generator for 120 µs at p50, 12 % of the delivery "
        "latency's 1 ms (limit 10 %)",
    ),
    (
        "receiver lag",
        CLOSED,
        lambda e: times(e, unhindered=latency(0.00091, 0.007)),
        "without the time that messages may have waited inside the generator p99 would be "
        "7 ms instead of 10 ms (limit 10 %)",
    ),
    (
        "receiver lag",
        FAR,
        lambda e: times(
            e, receiver_lag=latency(0.00002, 0.001), unhindered=latency(0.00098, 0.0099)
        ),
        "messages may have waited inside the generator for 20 µs at p50, 20 % of the delivery "
        "latency's 100 µs beyond the 900 µs of the network (limit 10 %)",
    ),
    (
        "receiver lag",
        FAR,
        lambda e: times(
            e, receiver_lag=latency(0.00001, 0.001), unhindered=latency(0.00099, 0.00905)
        ),
        "without the time that messages may have waited inside the generator p99 would be "
        "9.05 ms instead of 10 ms (limit 10 %)",
    ),
    (
        "relay",
        SLOW,
        relayed(unrecorded=1_200),
        "1,200 pieces that passed the relay were not looked at",
    ),
    ("relay", SLOW, relayed(chunks=0), "nothing passed the relay"),
    (
        "relay",
        SLOW,
        relayed(late_p50=0.0004),
        "what passed the relay came out late by 400 µs at p50, 1 ms at p99 (limits 300 µs, 1 ms)",
    ),
    (
        "relay",
        CLOSED,
        relayed(late_p99=0.25, cpu=0.9),
        "what passed the relay came out late by 300 µs at p50, 250 ms at p99 (limits 300 µs, "
        "1 ms) and the relay used 90 % of its core (limit 70 %)",
    ),
    (
        "relay",
        SLOW,
        lambda e: few(relayed(late_p90=0.0011)(e)),
        "what passed the relay came out late by 300 µs at p50, 1.1 ms at p90 (limits 300 µs, 1 ms)",
    ),
    (
        "relay",
        SLOW,
        lambda e: few(relayed(late_max=0.3)(e)),
        "the relay stood still: something came out late by 300 ms (limit 50 ms)",
    ),
    (
        "generator pause",
        CLOSED,
        lambda e: replace(e, generator=replace(e.generator, longest_pause=0.4)),
        "a load process stood still for 400 ms (limit 50 ms)",
    ),
    (
        "generator CPU",
        CLOSED,
        lambda e: replace(e, generator=replace(e.generator, cpu_peak=0.97)),
        "the generator used 97 % of its core in its busiest 100 ms (limit 70 %) "
        "and measured itself",
    ),
    (
        "offered",
        SLOW,
        offered(released=4949),
        "only 98.98 % of the schedule was released in time (limit 99 %)",
    ),
    (
        "offered",
        FAST,
        offered(released=4000),
        "only 80 % of the schedule was released in time (limit 99 %)",
    ),
    ("offered", SLOW, offered(scheduled=0, released=0), "no message was due in the window"),
    (
        "machine",
        SLOW,
        on_host(steal=0.0145),
        "the hypervisor took 1.45 % of the cores' time (limit 1 %)",
    ),
    (
        "machine",
        CLOSED,
        on_host(foreign=0.09, steal=0.5),
        "the hypervisor took 50 % of the cores' time (limit 1 %) and other programs used 9 % "
        "of a core under test (limit 5 %)",
    ),
    (
        "network stack",
        SLOW,
        on_host(listen_overflows=1200),
        "the network stack was disturbed: 1,200 connections that found the listen queue full "
        "(limit 0)",
    ),
    (
        "network stack",
        SLOW,
        on_host(retransmitted_segments=2, tcp_timeouts=1),
        "the network stack was disturbed: 2 TCP segments sent again, 1 TCP timeouts (limit 0)",
    ),
    (
        "analytic floor",
        SLOW,
        lambda e: replace(e, service_mean_high=0.0092),
        "mean service latency is 9.2 ms at most (99.9 % bound), less than the 10 ms that the "
        "pattern imposes by design",
    ),
]


@pytest.mark.parametrize(("rule", "workload", "change", "reason"), TRIPS)
def test_each_rule_trips_alone_and_says_why(
    rule: str, workload: Workload, change: Change, reason: str
) -> None:
    (doubt,) = judge(change(sound(workload)))
    assert doubt.rule == rule
    assert doubt.reason == reason
    assert doubt.remedy


def test_every_rule_has_a_test_that_trips_it() -> None:
    assert {rule for rule, *_ in TRIPS} == {rule.name for rule in RULES}


@pytest.mark.parametrize("workload", [SLOW, FAST, CLOSED])
def test_figures_at_their_limits_raise_no_doubt(workload: Workload) -> None:
    assert judge(sound(workload)) == ()


HARMLESS: list[tuple[str, Workload, Change]] = [
    ("closed: no pace", CLOSED, lambda e: times(e, pacer_lateness=latency(0.1, 0.2))),
    ("closed: no schedule", CLOSED, offered(released=0, deviation=1.0)),
    ("fast: lateness by bins", FAST, lambda e: times(e, pacer_lateness=latency(0.0002, 0.001))),
    ("slow: bins by lateness", SLOW, offered(deviation=0.5)),
    ("steal within a tick or two", SLOW, on_host(steal=0.0139)),
    ("half of the messages lost", SLOW, lambda e: times(e, delivery=latency(None, None))),
    (
        "nothing arrived",
        SLOW,
        lambda e: times(
            e,
            receiver_lag=latency(None, None, messages=0),
            unhindered=latency(None, None, messages=0),
        ),
    ),
    (
        "a p99 of few messages",
        SLOW,
        lambda e: times(
            e, delivery=latency(0.001, 0.01, messages=1999), unhindered=latency(0.00091, 0.005)
        ),
    ),
    ("no analytic floor", SLOW, lambda e: replace(e, analytic_mean=None, service_mean_high=0.0)),
    ("a relay's p99 of few messages", SLOW, lambda e: few(relayed(late_p99=0.25)(e))),
    ("a relay of before its p90 was told", SLOW, lambda e: few(relayed(late_p90=None)(e))),
    ("no network", SLOW, lambda e: replace(e, network=None)),
    ("no bound", SLOW, lambda e: replace(e, service_mean_high=None)),
]


@pytest.mark.parametrize(("workload", "change"), [case[1:] for case in HARMLESS])
def test_what_is_no_fault_raises_no_doubt(workload: Workload, change: Change) -> None:
    assert judge(change(sound(workload))) == ()


def test_doubts_add_up() -> None:
    evidence = offered(released=1)(on_host(tcp_timeouts=1)(sound()))
    assert [doubt.rule for doubt in judge(evidence)] == ["offered", "network stack"]


@pytest.mark.parametrize(
    ("workload", "remedy"),
    [
        (Workload(rate=1000), "try --rate 500, or a machine"),
        (Workload(rate=5000), "try --rate 2k, or a machine"),
        (Workload(rate=2000), "try --rate 1k, or a machine"),
        (Workload(rate=0.5), "try --rate 0.2, or a machine"),
        (Workload(rate=100, subscribers=64), "try --rate 50, fewer subscribers, or a machine"),
        (Workload(rate=100, client=ClientKind.LIBRARY), "try --client wire, --rate 50, or"),
        (CLOSED, "try --concurrency 32, or a machine"),
    ],
)
def test_remedies_can_be_typed(workload: Workload, remedy: str) -> None:
    evidence = sound(workload)
    hot = replace(evidence, generator=replace(evidence.generator, cpu_peak=0.9))
    assert judge(hot)[0].remedy.startswith(remedy)


@pytest.mark.parametrize(("q", "messages"), [(0.5, 40), (0.9, 200), (0.99, 2000), (0.999, 20_000)])
def test_a_percentile_is_shown_with_twenty_messages_beyond_it(q: float, messages: int) -> None:
    assert MESSAGES_BEYOND == 20
    assert shown(latency(1, 1, messages=messages), q)
    assert not shown(latency(1, 1, messages=messages - 1), q)


def test_the_table_can_be_printed() -> None:
    names = [rule.name for rule in RULES] + [rule.name for rule in FIGURE_RULES]
    assert len(set(names)) == len(names)
    assert names[-2:] == ["samples", "× floor"]
    assert all(rule.limit for rule in (*RULES, *FIGURE_RULES))
    assert {rule.name for rule in RULES} >= MACHINE_RULES
