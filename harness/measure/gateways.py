"""How several gateways shared the work, and what became of messages when one was killed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.measure.ledger import Ledger
from harness.measure.resources import ServerSnapshot
from harness.measure.tallies import GatewayTally
from harness.recording import NEVER, Ints, Returned
from harness.result import Failover, Gateways


def gateways(
    tallies: tuple[Sequence[GatewayTally], Sequence[GatewayTally]],
    servers: tuple[ServerSnapshot, ServerSnapshot],
    names: Mapping[int, str],
    failover: Failover | None,
) -> Gateways | None:
    """Subtract what gateways and clocks told at the window's edges; None without gateways."""
    begin, end = tallies
    if not begin:
        return None
    before, after = servers
    span_ns = after.at_ns - before.at_ns
    return Gateways(
        subscribers=tuple(one.subscribers for one in begin),
        deliveries=tuple(
            late.deliveries - early.deliveries for early, late in zip(begin, end, strict=True)
        ),
        cores={
            names[pid]: (used - before.cpu_ns.get(pid, 0)) / span_ns
            for pid, used in after.cpu_ns.items()
        },
        failover=failover,
    )


_IN_HAND_NS = 1_000_000_000
"""For so long a gateway may have had a message that it had not handed on when it was killed."""


def failover(ledger: Ledger, returned: Returned, clients: int, at_ns: int) -> Failover:
    """Count what was lost by a kill, and how long its clients were away.

    A subscriber that was away lost what lies, by sequence number, between the last message it
    had from a publisher before and the first one afterwards. What was sent around the kill and
    reached no subscriber at all had been handed to the killed gateway, and not yet by it to the
    backplane.

    Args:
        ledger: all messages and arrivals.
        returned: when each client lost its connection, and had another.
        clients: how many subscribers the killed gateway had.
        at_ns: when it was killed.
    """
    messages, arrivals = ledger.messages, ledger.arrivals
    receivers = ledger.workload.subscribers
    came = np.zeros((len(messages), receivers), dtype=np.bool_)
    first = arrivals.first
    came[arrivals.message[first], arrivals.receiver[first]] = True
    sent = messages.sent_ns != NEVER
    after = returned.lost_ns >= at_ns
    last_back_ns = int(returned.back_ns[after].max(initial=at_ns))
    # Only around the kill can it be the killed gateway that had them.
    near = (messages.sent_ns >= at_ns - _IN_HAND_NS) & (messages.sent_ns <= last_back_ns)
    nowhere = sent & near & ~came.any(axis=1)
    lost = sent[:, np.newaxis] & ~came
    lost[nowhere] = False
    away = np.zeros_like(lost)
    for receiver, left_ns in zip(returned.receiver[after], returned.lost_ns[after], strict=True):
        away[_missed(ledger, int(receiver), int(left_ns)), receiver] = True
    gap = int(np.count_nonzero(lost & away))
    return Failover(
        at=(at_ns - ledger.window_start_ns) / 1e9,
        clients=clients,
        back=len(np.unique(returned.receiver[after])),
        slowest=(last_back_ns - at_ns) / 1e9 if after.any() else None,
        gap=gap,
        unreached=int(np.count_nonzero(nowhere)) * receivers,
        unexplained=int(np.count_nonzero(lost)) - gap,
    )


def _missed(ledger: Ledger, receiver: int, lost_ns: int) -> Ints:
    """Give the rows of all messages between what a receiver had before and what it had after."""
    messages, arrivals = ledger.messages, ledger.arrivals
    mine = arrivals.first & (arrivals.receiver == receiver)
    rows, at_ns = arrivals.message[mine], arrivals.received_ns[mine]
    between = np.zeros(len(messages), dtype=np.bool_)
    for publisher in np.unique(messages.publisher):
        of_publisher = np.flatnonzero(messages.publisher == publisher)
        own = messages.publisher[rows] == publisher
        before = rows[own & (at_ns <= lost_ns)]
        after = rows[own & (at_ns > lost_ns)]
        low = before.max() if len(before) else of_publisher[0] - 1
        high = after.min() if len(after) else of_publisher[-1] + 1
        between[of_publisher[(of_publisher > low) & (of_publisher < high)]] = True
    return np.flatnonzero(between)
