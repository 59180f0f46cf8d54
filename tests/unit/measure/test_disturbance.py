import pytest

from harness.measure.disturbance import by_machine, by_network
from harness.result import HostUse

QUIET = HostUse(
    steal=0.01, foreign=0.05, listen_overflows=0, retransmitted_segments=0, tcp_timeouts=0
)


def host(**changes: float) -> HostUse:
    return HostUse(**{name: getattr(QUIET, name) for name in QUIET.__slots__} | changes)  # type: ignore[arg-type]


def test_a_host_at_its_limits_disturbs_nothing() -> None:
    assert by_machine(QUIET, 5) is None
    assert by_network(QUIET) is None


@pytest.mark.parametrize(("window_s", "doubted"), [(5, True), (0.5, True), (0.4, False)])
def test_a_short_window_resolves_less_of_what_was_stolen(window_s: float, doubted: bool) -> None:
    # Two ticks of 10 ms are 5 % of 0.4 s, and 4 % of half a second.
    found = by_machine(host(steal=0.055), window_s)
    assert found == (
        "the hypervisor took 5.5 % of the cores' time (limit 1 %)" if doubted else None
    )


def test_other_programs_are_held_against_the_busiest_core() -> None:
    assert by_machine(host(foreign=0.071), 1) == (
        "other programs used 7.1 % of a core under test (limit 5 %)"
    )


def test_what_tcp_did_is_counted_by_kind() -> None:
    assert by_network(host(listen_overflows=3, tcp_timeouts=1)) == (
        "the network stack was disturbed: 3 connections that found the listen queue full, "
        "1 TCP timeouts (limit 0)"
    )
