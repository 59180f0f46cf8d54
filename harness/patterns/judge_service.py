"""What the five ways to wait for a verdict share: the judge's servers, and how to submit to it.

A submission (``POST /submissions``) goes through a list in Redis to a pool of workers. Each works
on it for the service time and hands its verdict back through another list to the API, which keeps
it in its user's channel. Nothing differs between the patterns but how the user learns of it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from math import ceil

from harness.library import http
from harness.pattern import (
    EDGE,
    Call,
    Client,
    Deliver,
    Endpoints,
    Pattern,
    RedisSpec,
    Seat,
    Send,
    Sent,
    ServerSpec,
)
from harness.patterns.stored_redis import stored_redis
from harness.wire.http import HttpLink
from harness.wire.posts import ignore, posting
from harness.workload import ClientKind, Exchange, Workload

HELD = (
    "a submission that was accepted waits in Redis until a worker is free, and its verdict in the "
    "API's memory until the user has it; a worker that dies takes along the job it held"
)
"""The guarantee of every way but the synchronous one."""

_ACCEPTED = 202
"""How POST /submissions is answered at once."""
_MOST_NOTED = 500.0
"""Submissions per second whose stages are noted at most; never more than every second one."""
_LISTS = ("abec:jobs:{run}", "abec:verdicts:{run}")
"""Of ``servers.job_queue``; removed here too, for a server that is killed removes nothing."""
_REHEARSAL = tuple(
    words for key in _LISTS for words in (("LPUSH", key, "1 user\nverdict"), ("BRPOP", key, "0"))
)


def submission(user: int) -> str:
    """Give the target of a POST whose verdict goes to the channel of that user."""
    return f"/submissions?user={user}"


def submitting(link: HttpLink, seat: Seat, sent: Sent, accepted: Deliver = ignore) -> Send:
    """Make the ``wire`` client's ``Send`` that submits for its user, one submission at a time."""
    return posting(link, submission(seat.index).encode(), (_ACCEPTED,), sent, accepted)


def submitting_by_library(
    seat: Seat, sent: Sent, accepted: Deliver = ignore
) -> AbstractAsyncContextManager[Send]:
    """Connect to submit for a user; leaving drops what still waits for its turn."""
    return http.posting(seat, submission(seat.index), sent, accepted, drain=False)


class Owed:
    """How many verdicts one user waits for, and what to do when there is one."""

    __slots__ = ("_ask", "_deliver", "count")

    def __init__(self, deliver: Deliver, ask: Callable[[], object]) -> None:
        """Call ``ask`` when a submission is accepted and none was waited for before."""
        self.count = 0
        """Below 0 for a moment where a verdict is quicker than the answer to its POST."""
        self._deliver = deliver
        self._ask = ask

    def accepted(self, _answer: bytes = b"") -> None:
        """Wait for one more."""
        self.count += 1
        if self.count == 1:
            self._ask()

    def deliver(self, verdict: bytes) -> None:
        """Wait for one less."""
        self.count -= 1
        self._deliver(verdict)


def judge_servers(workload: Workload) -> tuple[RedisSpec | ServerSpec, ...]:
    """Describe Redis, the API and the workers."""
    noting = ("--trace", str(noted_one_in(workload))) if workload.trace else ()
    api = ServerSpec(
        name="judge",
        argv=("{python}", "-m", "servers.judge", "--port", "0", *noting),
        roles=("http",),
        needs_redis=True,
    )
    workers = ServerSpec(
        name="judge_workers",
        argv=(
            *("{python}", "-m", "servers.judge_workers"),
            *("--service-time", f"{workload.service_time:g}"),
            *("--workers", str(workload.workers)),
            *("--gone", f"{workload.workers_gone:g}"),
            *noting,
        ),
        roles=(),
        needs_redis=True,
        absent_s=workload.workers_gone,
    )
    return *stored_redis(workload, _LISTS, *_REHEARSAL), api, workers


def noted_one_in(workload: Workload) -> int:
    """Choose of how many submissions one is noted: the others show what noting costs."""
    return max(2, ceil((workload.rate or _MOST_NOTED) / _MOST_NOTED))


def way_to_wait(
    name: str,
    path: str,
    *,
    wire: Call,
    library: Call,
    example: Callable[[Endpoints], tuple[str, ...]],
    guarantees: str = HELD,
    patience_s: float = 0.0,
    poll_interval_s: Callable[[Workload], float] = lambda _workload: 0.0,
) -> Pattern:
    """Make the pattern of one way to wait for a verdict."""
    return Pattern(
        name=f"submit_job_{name}",
        block=EDGE,
        exchanges=frozenset({Exchange.JOURNEY}),
        path=f"POST /submissions → Redis list → worker → Redis list → {path}",
        guarantees=guarantees,
        stack="uvicorn",
        servers=judge_servers,
        publish={},
        clients={ClientKind.WIRE: Client(call=wire), ClientKind.LIBRARY: Client(call=library)},
        poll_interval_s=poll_interval_s,
        patience_s=patience_s,
        options=frozenset({"persistence", "service_time", "workers", "workers_gone", "trace"}),
        example=example,
    )


def submit_by_hand(endpoints: Endpoints) -> str:
    """Give the command line that submits for user 7."""
    return f"curl -i -d 'a submission' '{endpoints['http']}{submission(7)}'"
