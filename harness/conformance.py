"""The public conformance kit: each promise of ``harness.pattern`` is one check.

``await check_pattern(pattern, ClientKind.WIRE)`` starts the pattern's servers, proves every
promise against them, and names what it proved. The first promise that is broken is raised as
``PromiseBroken``, in a sentence.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from zlib import crc32

from harness.envelope import HEADER_BYTES, MAX_PAYLOAD_BYTES, MIN_PAYLOAD_BYTES, pack
from harness.errors import BadInput
from harness.pattern import DISCONNECTED, Client, Endpoints, Pattern, Seat, Send
from harness.process.servers import started
from harness.registry import require_exchange
from harness.workload import ClientKind, Exchange, Ingress, Workload

LEGAL = bytes(byte for byte in range(0x20, 0x7F) if byte not in b'"\\')
"""Every byte that a payload may hold: legal as it stands in JSON, SSE, a line and RESP."""
SIZES = (MIN_PAYLOAD_BYTES, 256, 64 << 10, MAX_PAYLOAD_BYTES)

_BURST = 300
_RECEIVERS = 3
_ENTRIES = 5
"""How often a subscription is entered to prove that the message right after it arrives."""
_WORKLOAD = Workload(poll_interval=0.005)


class PromiseBroken(AssertionError):
    """A pattern does not do what the plug-in interface promises; says which, and how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One pattern with one client, one exchange and one ingress, on servers that run."""

    pattern: Pattern
    kind: ClientKind
    exchange: Exchange
    ingress: Ingress
    endpoints: Endpoints
    patience_s: float
    """How long anything may take."""

    @property
    def client(self) -> Client:
        """The client under test."""
        return self.pattern.clients[self.kind]

    def seat(self, index: int = 0, note: Callable[[str], None] = lambda _cause: None) -> Seat:
        """Make the place of one publisher, subscriber or caller."""
        workload = replace(
            _WORKLOAD, exchange=self.exchange, client=self.kind, ingress=self.ingress
        )
        return Seat(endpoints=self.endpoints, workload=workload, index=index, note=note)


Check = Callable[[Subject], Awaitable[None]]


async def check_pattern(
    pattern: Pattern,
    kind: ClientKind,
    endpoints: Endpoints | None = None,
    *,
    patience_s: float = 10.0,
) -> tuple[str, ...]:
    """Prove every promise on one client, over all its exchanges and ingresses.

    Without ``endpoints`` the servers are started here, and killed at the end to prove that
    their death is noted; with them, they are the caller's and ``check_death`` is too.
    Nothing may take longer than ``patience_s`` seconds.

    Returns:
        What was proved, each as ``EXCHANGE INGRESS: promise``.

    Raises:
        PromiseBroken: the pattern does not keep a promise.
        ServerFailed: its servers do not start.
    """
    if endpoints is None:
        with started(pattern.servers(_WORKLOAD), _WORKLOAD) as running:
            proved = await check_pattern(pattern, kind, running.endpoints, patience_s=patience_s)

            def kill() -> None:
                for child in running.children:
                    child.kill()

            return (*proved, *await check_death(pattern, [kind], running.endpoints, kill))
    proved = [_check_value(pattern, kind)]
    for subject in _subjects(pattern, kind, endpoints, patience_s):
        for promise, check in _CHECKS:
            if promise in _ONE_SHAPE_ONLY and subject.exchange not in _ONE_SHAPE_ONLY[promise]:
                continue
            with _named(subject, promise):
                async with asyncio.timeout(patience_s * 3):
                    await check(subject)
            proved.append(f"{subject.exchange} {subject.ingress}: {promise}")
    return tuple(proved)
