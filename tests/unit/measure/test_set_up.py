from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.measure.set_up import ABOUT_PACE, SET_UP_RULES, Connecting, SetUp, remedies
from harness.measure.validity import MACHINE_RULES
from harness.result import HostUse

SOUND = SetUp(
    pattern="sse",
    tls=True,
    connections=500,
    held=500,
    seconds=0.5,
    server_cpu=0.7e-3,
    load_cpu=0.69e-3,
    host=HostUse(
        steal=0.01, foreign=0.05, listen_overflows=0, retransmitted_segments=0, tcp_timeouts=0
    ),
    watched=2.5,
)
"""1,000 a second; the server used 70 % of its core, our clients 69 % of theirs."""


def on_host(**changes: float) -> Mapping[str, Any]:
    return {"host": replace(SOUND.host, **changes)}


TRIPS: list[tuple[str, Mapping[str, Any], str]] = [
    (
        "busier side",
        {"load_cpu": 0.94e-3, "server_cpu": 0.74e-3},
        "our clients used 94 % of their core and the server 74 % of its own (limit: less than the "
        "server), so that they were what took so long",
    ),
    (
        "busier side",
        {"load_cpu": 0.7e-3},
        "our clients used 70 % of their core and the server 70 % of its own (limit: less than the "
        "server), so that they were what took so long",
    ),
    (
        "neither busy",
        {"server_cpu": 0.35e-3, "load_cpu": 0.51e-3},
        "neither the server (35 % of its core) nor our clients (51 %) were busy (limit 70 % for "
        "either), so that something else held them up",
    ),
    ("connections", {"held": 480}, "480 of 500 connections were held"),
    ("connections", {"failures": {"disconnected": 3}}, "disconnected: 3 times"),
    (
        "machine",
        on_host(steal=0.02),
        "the hypervisor took 2 % of the cores' time (limit 1 %)",
    ),
    (
        "machine",
        on_host(foreign=0.2),
        "other programs used 20 % of a core under test (limit 5 %)",
    ),
    (
        "network stack",
        on_host(listen_overflows=12),
        "the network stack was disturbed: 12 connections that found the listen queue full "
        "(limit 0)",
    ),
]


@pytest.mark.parametrize(("rule", "changes", "reason"), TRIPS)
def test_each_rule_trips_alone_and_says_why(
    rule: str, changes: Mapping[str, Any], reason: str
) -> None:
    (doubt,) = replace(SOUND, **changes).doubts
    assert (doubt.rule, doubt.reason) == (rule, reason)
    assert doubt.remedy


def test_every_rule_has_a_test_that_trips_it() -> None:
    assert {rule for rule, *_ in TRIPS} == {rule.name for rule in SET_UP_RULES}
    assert {rule.name for rule in SET_UP_RULES} >= ABOUT_PACE | MACHINE_RULES


def test_figures_at_their_limits_raise_no_doubt() -> None:
    assert SOUND.doubts == ()
    # Two ticks of what is stolen are not resolved.
    assert replace(SOUND, **on_host(steal=0.017)).doubts == ()


def test_shares_follow_from_cost_and_rate() -> None:
    made = replace(SOUND, server_cpu=4e-4, load_cpu=9e-4)
    assert made.per_second == 1000
    assert made.server_share == 0.4
    assert made.load_share == 0.9


OURS = replace(SOUND, load_cpu=0.9e-3)
DISTURBED = replace(SOUND, **on_host(foreign=0.2))


def test_figures_stand_on_what_nobody_doubts_if_that_is_enough() -> None:
    six = Connecting(runs=(SOUND,) * 5 + (DISTURBED,))
    assert six.valid
    assert six.paced == six.costed == (SOUND,) * 5
    assert six.doubted == (DISTURBED,)
    five = Connecting(runs=(SOUND,) * 4 + (DISTURBED,))
    assert not five.valid
    assert five.paced == five.costed == ()
    assert Connecting(runs=(SOUND,)).valid


def test_our_own_pace_leaves_what_connections_cost() -> None:
    ours = Connecting(runs=(OURS,) * 5)
    assert ours.paced == ()
    assert ours.costed == (OURS,) * 5


def test_what_was_refused_once_has_no_figure() -> None:
    refused = Connecting(runs=(SOUND,) * 5, refused="server sse died")
    assert not refused.valid
    assert refused.costed == ()
    assert not Connecting(runs=()).valid


def test_remedies_are_those_of_what_is_invalid_once_each() -> None:
    assert remedies([Connecting(runs=(SOUND,))]) == ()
    assert remedies([Connecting(runs=(OURS, OURS)), Connecting(runs=(OURS,))]) == (
        "read the server's CPU each, which stands: its core has 1 s for that",
    )
