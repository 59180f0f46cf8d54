"""What the host did meanwhile that a figure may owe itself to, and from when on that is doubted."""

from __future__ import annotations

from harness.measure.resources import TICK_S
from harness.result import HostUse

STEAL = 0.01
FOREIGN = 0.05


def percent(share: float, *, digits: int = 3) -> str:
    """Write a share of 1 as a rule's reason does: ``1.45 %``."""
    return f"{share * 100:.{digits}g} %"


MACHINE_LIMIT = (
    f"more than {percent(STEAL)} of the used cores' time was stolen (a window of W seconds "
    f"resolves {2 * TICK_S * 1e3:g} ms / W, which is allowed on top), or other programs used more "
    f"than {percent(FOREIGN)} of a used core"
)
NETWORK_LIMIT = (
    "ListenOverflows or TCPTimeouts moved, or RetransSegs by more than TCPDSACKRecv "
    "(segments repeated although they had arrived)"
)


def by_machine(host: HostUse, window_s: float) -> str | None:
    """Say how hypervisor and other programs disturbed a window of so long; None: they did not."""
    found = []
    if host.steal > STEAL + 2 * TICK_S / window_s:
        found.append(
            f"the hypervisor took {percent(host.steal)} of the cores' time (limit {percent(STEAL)})"
        )
    if host.foreign > FOREIGN:
        found.append(
            f"other programs used {percent(host.foreign)} of a core under test "
            f"(limit {percent(FOREIGN)})"
        )
    return " and ".join(found) or None


def by_network(host: HostUse) -> str | None:
    """Say what went wrong in the host's TCP; None if nothing did."""
    counts = {
        "connections that found the listen queue full": host.listen_overflows,
        "TCP segments sent again": host.retransmitted_segments,
        "TCP timeouts": host.tcp_timeouts,
    }
    found = [f"{count:,} {name}" for name, count in counts.items() if count]
    return f"the network stack was disturbed: {', '.join(found)} (limit 0)" if found else None
