"""The axis ``pattern``: which patterns carry an exchange."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from harness.errors import NotMeasured
from harness.registry import load, names
from harness.workload import Exchange

PATTERNS: Mapping[Exchange, tuple[str, ...]] = {
    Exchange.BROADCAST: (
        "floor",
        "floor@no-loop",
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
    Exchange.WORK_QUEUE: ("floor", "floor@no-loop", "redis_queue"),
    Exchange.REQUEST_REPLY: (
        "floor",
        "floor@no-loop",
        "rest",
        "rest@aiohttp",
        "websocket",
        "websocket@aiohttp",
        "websocket@websockets",
    ),
}
"""The suite's own patterns. Written down, since asv knows a combination by its number alone: were
the axes shorter for a commit that lacks a pattern, its figures would stand under wrong names."""


@cache
def pattern_names(exchange: Exchange) -> list[str]:
    """Name the patterns that carry ``exchange``: the suite's own, then those of other packages."""
    own = {name for known in PATTERNS.values() for name in known}
    others = [name for name in names() if name not in own and _carries(name, exchange)]
    return [*PATTERNS[exchange], *others]


def _carries(name: str, exchange: Exchange) -> bool:
    """Whether it does, or fails to import: it then fails by itself when it is measured."""
    try:
        return exchange in load(name).exchanges
    except NotMeasured:
        return True
