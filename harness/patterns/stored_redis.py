"""A Redis that stores: what it keeps on its disk, and under which keys."""

from __future__ import annotations

from collections.abc import Mapping

from harness.pattern import RedisSpec
from harness.queueing import Persistence
from harness.workload import Workload

_REWRITE = ("auto-aof-rewrite-min-size", "1mb")
"""Redis' own 64 MiB would rewrite the log once in minutes: a window of seconds would miss it."""
_CONFIG: Mapping[Persistence, tuple[tuple[str, str], ...]] = {
    Persistence.NONE: (),
    Persistence.RDB: (("save", "1 1"),),
    Persistence.AOF_EVERYSEC: (("appendonly", "yes"), ("appendfsync", "everysec"), _REWRITE),
    Persistence.AOF_ALWAYS: (("appendonly", "yes"), ("appendfsync", "always"), _REWRITE),
}


def stored_redis(
    workload: Workload, keys: tuple[str, ...], *rehearsal: tuple[str, ...]
) -> tuple[RedisSpec, ...]:
    """Ask for a Redis that writes down what ``workload`` says, with these keys of its own."""
    return (RedisSpec(config=_CONFIG[workload.persistence], keys=keys, rehearsal=rehearsal),)
