"""How long a load process waits for what is owed to it, once its window is over."""

from __future__ import annotations

from harness.workload import Exchange, Ingress, Workload

NS = 1_000_000_000
LEAST_S = 5.0
LONGEST_BACKLOG_S = 60.0
"""What consumers and workers have not done so long after the window is left in the queue."""
_AFTER_S = 2.0
"""For what was held up by a stall, or by a request that was given up."""
_QUIET_S = 1.0
"""Without a job for so long, and eight times the work on one, a consumer takes the queue for done:
what a dead one held has been claimed by then."""
_TIMES_WORK = 8
_TRIPS = 3
"""Round trips that a message needs at most: a long poll's answer, the next poll, its answer."""
_OF_OTHERS = 16
"""Of P load processes with equal shares, one gets none of so many × P verdicts in a row less than
once in eight million times."""


def least_s(workload: Workload, *, answered_within_s: float, longest_gap_s: float) -> float:
    """Give the seconds after the window that are always waited while something is owed.

    ``answered_within_s`` is the pattern's ``patience_s``; ``longest_gap_s`` the longest time that a
    receiver was without a message between two.
    """
    # A native publisher may itself drain so long, and what it sends then has yet to arrive.
    patience = 1 if workload.ingress is Ingress.FEED else 2
    least = patience * LEAST_S
    given_up = answered_within_s + _AFTER_S if answered_within_s else 0.0
    polls_s = 3 * workload.poll_interval
    at_work_s = workload.service_time if workload.exchange is Exchange.JOURNEY else 0.0
    slowest_s = max(least, polls_s, longest_gap_s + _AFTER_S, given_up)
    return slowest_s + at_work_s + _TRIPS * workload.rtt


def quiet_s(workload: Workload, *, poll_interval_s: float, answered_within_s: float) -> float:
    """Give the seconds without a message after which no backlog can be left.

    0 where there is none, because nobody works on messages. ``poll_interval_s`` is what the
    pattern makes a message wait at most, ``answered_within_s`` its ``patience_s``.
    """
    if workload.work:
        return _QUIET_S + _TIMES_WORK * workload.work
    if workload.exchange is not Exchange.JOURNEY:
        return 0.0
    # While jobs wait, a pool has a verdict in each service time, unless all that it works on was
    # given up. Workers that were gone are back long before the window ends.
    sharing = workload.load_processes
    others_s = _OF_OTHERS * sharing * workload.service_time / workload.workers
    between_s = workload.service_time + (others_s if sharing > 1 else 0.0)
    return _QUIET_S + between_s + poll_interval_s + answered_within_s + _TRIPS * workload.rtt


def patient_until_ns(
    workload: Workload, *, end_ns: int, last_ns: int, least_s: float, quiet_s: float
) -> int:
    """Give when to stop waiting, in ns, as things stand: messages that come put it off.

    ``end_ns`` is the window's end and ``last_ns`` when the last message came, both on one clock.
    """
    least_ns = end_ns + round(least_s * NS)
    if not quiet_s:
        return least_ns
    quiet_ns = max(end_ns, last_ns) + round(quiet_s * NS)
    backlog_ns = min(quiet_ns, end_ns + round(LONGEST_BACKLOG_S * NS))
    # Consumers that have work share their queue by chance: each would wait for what others have.
    return backlog_ns if workload.work else max(least_ns, backlog_ns)
