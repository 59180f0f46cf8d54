"""How many messages wait in Redis, and whether it writes a snapshot: asked beside a run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from harness.pattern import Endpoints

_PATIENCE_S = 0.5
_BETWEEN_NS = 100_000_000
"""Ten questions a second cost Redis 0.1 % of a core, and show a backlog of a tenth of a second."""
_WRITING = ("rdb_bgsave_in_progress", "aof_rewrite_in_progress")


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """One look at the queue."""

    at_ns: int
    """CLOCK_MONOTONIC, when the question was asked."""
    waiting: int
    """Messages that wait or are being worked on."""
    writing: bool
    """Whether a snapshot or a new log was being written."""


class DepthGauge:
    """A connection of its own to the Redis of a run; a context manager.

    Without commands it asks nothing. While Redis is gone there is nothing to see.
    """

    def __init__(self, endpoints: Endpoints, commands: Sequence[tuple[bytes, ...]]) -> None:
        """``commands`` are such as ``LLEN key``, whose answers are added up."""
        self.seen: list[Depth] = []
        self._commands = commands
        self._due_ns = 0
        self._client = (
            Redis.from_url(
                endpoints["redis"].partition("?")[0],
                socket_timeout=_PATIENCE_S,
                retry=Retry(NoBackoff(), 0),
            )
            if commands
            else None
        )

    def look(self) -> None:
        """Ask, if a tenth of a second has passed since the last time."""
        if time.monotonic_ns() >= self._due_ns:
            self.ask()

    def ask(self) -> int | None:
        """Ask now; give how many wait, None if Redis does not say."""
        if self._client is None:
            return None
        now_ns = time.monotonic_ns()
        self._due_ns = now_ns + _BETWEEN_NS
        try:
            with self._client.pipeline(transaction=False) as questions:
                for words in self._commands:
                    questions.execute_command(*words)  # type: ignore[no-untyped-call]
                questions.info("persistence")
                *lengths, persistence = questions.execute()
        except RedisError:
            return None
        waiting = sum(map(int, lengths))
        writing = any(persistence.get(name) for name in _WRITING)
        self.seen.append(Depth(at_ns=now_ns, waiting=waiting, writing=writing))
        return waiting

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._client is not None:
            self._client.close()
