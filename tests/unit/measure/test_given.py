"""What is not known of a server that was there before, once its processes come and go."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from harness.measure.given import GivenSeen, given_server, without_unknown
from harness.measure.resources import HostSnapshot, NetworkCounters, ProcessTime, ServerSnapshot
from harness.result import GivenServer

S = 1_000_000_000
MASTER = {7: "gunicorn"}
BOTH = {7: "gunicorn", 8: "gunicorn"}
IDLE = ServerSnapshot(at_ns=0, cpu_ns={7: 0}, pss=100)
SERVERS = (
    ServerSnapshot(at_ns=S, cpu_ns={7: 0}, switches={7: 1}),
    ServerSnapshot(at_ns=2 * S, cpu_ns={7: 5}, switches={7: 4}, pss=150),
)


def host(at_s: int, used_s: Mapping[int, float]) -> HostSnapshot:
    return HostSnapshot(
        at_ns=at_s * S,
        cores={},
        processes={
            pid: ProcessTime(cpu_ns=round(used * S), core=0) for pid, used in used_s.items()
        },
        network=NetworkCounters(
            listen_overflows=0, retransmitted_segments=0, unneeded_retransmissions=0, timeouts=0
        ),
    )


def test_the_same_processes_leave_everything_as_it_is() -> None:
    seen = GivenSeen(idle=BOTH, begin=BOTH, end=BOTH)
    assert without_unknown(seen, IDLE, SERVERS) == (IDLE, SERVERS)
    assert (seen.began, seen.ended) == ((), ())


@pytest.mark.parametrize("begin", [MASTER, BOTH])
def test_who_came_counts_but_is_no_connections_memory(begin: Mapping[int, str]) -> None:
    seen = GivenSeen(idle=MASTER, begin=begin, end=BOTH)
    idle, servers = without_unknown(seen, IDLE, SERVERS)
    assert idle.pss == 0
    assert servers == SERVERS
    assert (seen.began, seen.ended) == (("gunicorn",), ())


def test_who_went_before_the_window_took_nothing_of_it() -> None:
    seen = GivenSeen(idle=BOTH, begin=MASTER, end=MASTER)
    idle, servers = without_unknown(seen, IDLE, SERVERS)
    assert idle.pss == 0
    assert servers == SERVERS
    assert seen.ended == ()


def test_who_went_in_the_window_leaves_nothing_known() -> None:
    seen = GivenSeen(idle=BOTH, begin=BOTH, end=MASTER)
    idle, (before, after) = without_unknown(seen, IDLE, SERVERS)
    assert (idle.pss, after.pss) == (0, 0)
    assert before.cpu_ns == after.cpu_ns == {}
    assert before.switches == after.switches == {}
    assert seen.ended == ("gunicorn",)


def test_what_only_forwards_has_its_own_figure() -> None:
    seen = GivenSeen(end=MASTER, idle=MASTER, forwarders={20: "docker-proxy", 21: "docker-proxy"})
    found = given_server(seen, host(1, {7: 0, 20: 1, 21: 2}), host(5, {7: 4, 20: 1.4, 21: 2.4}))
    assert found == GivenServer(
        processes=("gunicorn",),
        began=(),
        ended=(),
        forwarders={"docker-proxy": pytest.approx(0.2)},
    )
    assert given_server(None, host(1, {}), host(5, {})) is None
