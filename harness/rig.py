"""Publishers and receivers of one pattern, connected for a check, and what they see."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from zlib import crc32

from harness.envelope import HEADER_BYTES, pack
from harness.pattern import Deliver, Endpoints, Note, Pattern, Seat, Send
from harness.workload import ClientKind, Exchange, Ingress, Workload

LEGAL = bytes(byte for byte in range(0x20, 0x7F) if byte not in b'"\\')
"""Every byte that a payload may hold: legal as it stands in JSON, SSE, a line and RESP."""
WORKLOAD = Workload(poll_interval=0.005)
"""What every check asks for; polls are quick, so that checks are."""


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
    asked: Workload = WORKLOAD

    def __str__(self) -> str:
        ingress = "" if self.exchange.both_ways else f" {self.ingress}"
        return f"{self.pattern.name} {self.kind} {self.exchange}{ingress}"

    @property
    def ordered(self) -> bool:
        """Whether one receiver gets what one sender sent in its order; workers keep none."""
        return self.exchange is not Exchange.JOURNEY


class Rig:
    """What is sent, what arrives and what is noted; contexts are entered by the check."""

    def __init__(self, subject: Subject, receivers: int) -> None:
        self.subject = subject
        self.sends: list[Send] = []
        self.sent: list[bytes] = []
        self.inboxes: list[list[bytes]] = [[] for _ in range(receivers)]
        self.notes: list[str] = []
        """What receivers noted."""
        self.publisher_notes: list[str] = []
        self._changed = asyncio.Event()
        self._thread = threading.get_ident()

    def publisher(self, index: int = 0) -> AbstractAsyncContextManager[Send]:
        """Make the context of one publisher."""
        publish = self.subject.pattern.publish[self.subject.ingress]
        return publish(self._seat(index, self.publisher_notes.append), self.sent.append)

    def receiver(self, index: int = 0) -> AbstractAsyncContextManager[Send | None]:
        """Make the context of one receiver; a caller and a member give their ``Send``."""
        client = self.subject.pattern.clients[self.subject.kind]
        seat, deliver = self._seat(index, self._note), self._deliver_to(index)
        both = client.call if self.subject.exchange.calls else client.join
        if self.subject.exchange.both_ways and both is not None:
            return both(seat, self.sent.append, deliver)
        if not self.subject.exchange.both_ways and client.subscribe is not None:
            return client.subscribe(seat, deliver)
        raise PromiseBroken(f"{self.subject}: this client has no side for it")

    async def until(self, met: Callable[[], bool], problem: Callable[[], str]) -> None:
        """Wait for ``met``, which is asked whenever something arrives or is noted.

        Raises:
            PromiseBroken: the subject's patience ended before; begins with ``problem``.
        """
        patience_s = self.subject.patience_s
        try:
            async with asyncio.timeout(patience_s):
                while not met():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as late:
            raise PromiseBroken(f"{problem()} within {patience_s:g} s") from late

    async def noted(self, cause: str) -> None:
        """Wait until a receiver notes ``cause``."""
        await self.until(
            lambda: cause in self.notes, lambda: f"{self.subject} did not note {cause}"
        )

    async def arrivals(self, count: int) -> list[bytes]:
        """Wait until ``count`` messages arrived over all receivers; give all that did."""
        await self.until(
            lambda: sum(map(len, self.inboxes)) >= count,
            lambda: f"{sum(map(len, self.inboxes))} of {count} messages arrived",
        )
        return [message for inbox in self.inboxes for message in inbox]

    def _seat(self, index: int, note: Note) -> Seat:
        subject = self.subject
        members = len(self.inboxes) if subject.exchange is Exchange.GROUP else 1
        workload = replace(
            subject.asked,
            exchange=subject.exchange,
            publishers=members,
            subscribers=members,
            client=subject.kind,
            ingress=subject.ingress,
        )
        return Seat(endpoints=subject.endpoints, workload=workload, index=index, note=note)

    def _note(self, cause: str) -> None:
        self.notes.append(cause)
        self._changed.set()

    def _deliver_to(self, receiver: int) -> Deliver:
        inbox = self.inboxes[receiver]

        def deliver(message: bytes) -> None:
            if threading.get_ident() != self._thread:
                raise PromiseBroken("a message was delivered on another thread than the loop's")
            inbox.append(message)
            self._changed.set()

        return deliver


@asynccontextmanager
async def connected(
    subject: Subject, receivers: int = 1, publishers: int = 1
) -> AsyncIterator[Rig]:
    """Connect ``publishers``, then ``receivers``; of those who are both, ``receivers``."""
    rig = Rig(subject, receivers)
    async with AsyncExitStack() as stack:
        for index in range(0 if subject.exchange.both_ways else publishers):
            rig.sends.append(await stack.enter_async_context(rig.publisher(index)))
        for index in range(receivers):
            send = await stack.enter_async_context(rig.receiver(index))
            if (send is not None) is not subject.exchange.both_ways:
                raise PromiseBroken(
                    f"entering gives {send!r}; a call gives its Send, a subscription nothing"
                )
            if send is not None:
                rig.sends.append(send)
        yield rig


def legal_message(sequence: int, size: int = 256, publisher: int = 0) -> bytes:
    """Make an envelope whose padding runs through ``LEGAL``, beginning at ``sequence``."""
    length = size - HEADER_BYTES
    turn = sequence % len(LEGAL)
    padding = ((LEGAL[turn:] + LEGAL[:turn]) * (length // len(LEGAL) + 1))[:length]
    return pack(publisher, sequence, 0, padding, crc32(padding))
