"""The axis ``pattern``: which patterns carry an exchange, and which of them a profile asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from benchmarks.settings import Profile, profile
from harness.errors import NotMeasured
from harness.registry import load, names
from harness.workload import Exchange

PATTERNS: Mapping[Profile, Mapping[Exchange, tuple[str, ...]]] = {
    Profile.QUICK: {
        Exchange.BROADCAST: (
            "floor",
            "long_polling",
            "redis_pubsub",
            "rest_polling",
            "sse",
            "websocket",
        ),
        Exchange.WORK_QUEUE: ("redis_queue", "redis_stream"),
        Exchange.REQUEST_REPLY: ("graphql", "rest", "websocket"),
        Exchange.JOURNEY: (
            "submit_job_long_polling",
            "submit_job_polling",
            "submit_job_sse",
            "submit_job_sync",
            "submit_job_websocket",
        ),
        Exchange.GROUP: (),
    },
    Profile.FULL: {
        Exchange.BROADCAST: (
            "floor",
            "floor@no-loop",
            "graphql_subscription",
            "graphql_subscription_sse",
            "long_polling",
            "long_polling@aiohttp",
            "redis_pubsub",
            "rest_polling",
            "rest_polling@aiohttp",
            "sse",
            "sse@aiohttp",
            "sse@sse-starlette",
            "websocket",
            "websocket@aiohttp",
            "websocket@websockets",
            "websocket@websockets-broadcast",
        ),
        Exchange.WORK_QUEUE: ("floor", "floor@no-loop", "redis_queue", "redis_stream"),
        Exchange.REQUEST_REPLY: (
            "floor",
            "graphql",
            "rest",
            "rest@aiohttp",
            "websocket",
            "websocket@aiohttp",
            "websocket@websockets",
        ),
        Exchange.JOURNEY: (
            "submit_job_long_polling",
            "submit_job_polling",
            "submit_job_sse",
            "submit_job_sync",
            "submit_job_websocket",
        ),
        Exchange.GROUP: ("rest_polling", "sse", "websocket", "long_polling"),
    },
}
"""The suite's own patterns, for questions that turn nothing else. Written down, since asv knows a
combination by its number alone: were the axes shorter for a commit that lacks a pattern, its
figures would stand under wrong names. Quick has the floor once, where a change of the machine is
to be told from one of the servers."""


@cache
def pattern_names(exchange: Exchange) -> list[str]:
    """Name the patterns that the profile asks for ``exchange``, and those of other packages."""
    return with_others(PATTERNS[profile()][exchange], exchange)


def with_others(own: Sequence[str], exchange: Exchange) -> list[str]:
    """Name ``own``, and after them the patterns of other packages that carry ``exchange``."""
    suites = {name for known in PATTERNS[Profile.FULL].values() for name in known}
    others = [name for name in names() if name not in suites and _carries(name, exchange)]
    return [*own, *others]


def _carries(name: str, exchange: Exchange) -> bool:
    """Whether it does, or fails to import: it then fails by itself when it is measured."""
    try:
        pattern = load(name)
        return exchange in pattern.exchanges and not pattern.only_by_name
    except NotMeasured:
        return True
