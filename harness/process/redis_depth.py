"""How many messages wait in Redis, and whether it writes a snapshot: asked beside a run."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import hiredis

from harness.pattern import Endpoints
from harness.process.redis_contact import connect
from harness.wire.redis_place import RedisPlace
from harness.wire.resp import command, greeting

_PATIENCE_S = 0.5
_BETWEEN_NS = 100_000_000
"""Ten questions a second cost Redis 0.1 % of a core, and show a backlog of a tenth of a second."""
_PERSISTENCE = command(b"INFO", b"persistence")
_WRITING = (b"rdb_bgsave_in_progress:1", b"aof_rewrite_in_progress:1")


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

    Without commands it asks nothing. While Redis is gone there is nothing to see. A lean client:
    the load may be on the same core, and redis-py takes ten times as long.
    """

    def __init__(self, endpoints: Endpoints, commands: Sequence[tuple[bytes, ...]]) -> None:
        """``commands`` are such as ``LLEN key``, whose answers are added up."""
        self.seen: list[Depth] = []
        self._questions = [*(command(*words) for words in commands), _PERSISTENCE]
        self._url = endpoints["redis"] if commands else ""
        self._due_ns = 0
        self._socket: socket.socket | None = None

    def look(self) -> None:
        """Ask, if a tenth of a second has passed since the last time."""
        if time.monotonic_ns() >= self._due_ns:
            self.ask()

    def ask(self) -> int | None:
        """Ask now; give how many wait, None if Redis does not say."""
        if not self._url:
            return None
        now_ns = time.monotonic_ns()
        self._due_ns = now_ns + _BETWEEN_NS
        try:
            *lengths, persistence = self._answers(self._questions)
        except OSError:
            self._close()
            return None
        if not all(isinstance(length, int) for length in lengths):
            return None  # refused
        waiting: int = sum(lengths)
        told = persistence if isinstance(persistence, bytes) else b""  # or it may not be asked
        writing = any(sign in told for sign in _WRITING)
        self.seen.append(Depth(at_ns=now_ns, waiting=waiting, writing=writing))
        return waiting

    def _answers(self, questions: Sequence[bytes]) -> list[Any]:
        if self._socket is None:
            self._socket = connect(RedisPlace.of(self._url), _PATIENCE_S)
            self._answers(greeting(self._url))
        self._socket.sendall(b"".join(questions))
        reader = hiredis.Reader()
        answers: list[Any] = []
        while len(answers) < len(questions):
            data = self._socket.recv(1 << 16)
            if not data:
                raise ConnectionResetError("Redis ended the connection")
            reader.feed(data)
            while (answer := reader.gets()) is not False:
                answers.append(answer)
        return answers

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()
