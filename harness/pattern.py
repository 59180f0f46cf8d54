"""The plug-in interface: a pattern is a value made of functions, in one file.

A new pattern is one file with a ``Pattern`` in it and one entry point in the group
``abec.patterns``. ``harness.conformance.check_pattern`` proves each promise made here.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from harness.queueing import Pop
from harness.workload import ClientKind, Exchange, Ingress, Workload

Send = Callable[[bytes], None]
"""Hand one message to the wire. Never waits; what is lost shows in the audit."""

Sent = Callable[[bytes], None]
"""The harness's: call it with the message as it is handed to the transport."""

Deliver = Callable[[bytes], None]
"""The harness's: call it once a message, on the loop, as soon as its bytes are whole."""

Begin = Callable[[bytes], None]
"""The harness's: a consumer calls it with a message that it begins to work on."""

Returned = Callable[[int, int], None]
"""The harness's: a receiver that lost its connection calls it once it has another, with the ns of
CLOCK_MONOTONIC of both."""

Accepted = Callable[[bytes], None]
"""The harness's: a publisher calls it with a message that its server has confirmed."""

Note = Callable[[str], None]
"""The harness's: say why messages will be missing (``EVICTED``, ``DISCONNECTED``)."""

EVICTED = "evicted"
"""The server dropped messages that this reader was too slow to fetch."""
DISCONNECTED = "disconnected"
"""The connection ended although nobody on this side closed it."""

_REDIS_ROLE = re.compile(r"redis\d*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where the started servers of one run are: a URL for each role a pattern knows them by.

    Roles in use: ``http`` (``http://127.0.0.1:PORT``), ``feed`` (``tcp://127.0.0.1:PORT``),
    ``tcp`` (the floor's own protocol), ``redis`` (``redis://:PASSWORD@127.0.0.1:PORT/0``; one that
    the user gave also by ``rediss://`` or ``unix://``: ``harness.wire.redis_place``), and
    ``redis1``, ``redis2`` … for the further nodes of a cluster. Of a server that the user named by
    ``--url``: ``subscribe``, ``publish`` and ``call``, each a whole URL with path and query, and
    none of the others.
    """

    urls: Mapping[str, str]
    authority: str = ""
    """Whose signature under a started server's certificate is believed (PEM); empty without TLS."""

    def __getitem__(self, role: str) -> str:
        """Give the URL of ``role``; KeyError if no started server plays it."""
        return self.urls[role]

    @property
    def redis(self) -> tuple[str, ...]:
        """Give the URL of each Redis: of one, of all nodes of a cluster, or of none."""
        return tuple(url for role, url in self.urls.items() if _REDIS_ROLE.fullmatch(role))

    def at(self, role: str, path: str) -> str:
        """Give the user's own URL of ``role``, or else ``path`` at the server that we started."""
        return self.urls[role] if role in self.urls else self.urls["http"] + path


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """The place of one publisher, subscriber or caller in a run."""

    endpoints: Endpoints
    workload: Workload
    index: int
    """Which of its kind it is, from 0, over all load processes."""
    note: Note = field(default=lambda _cause: None)
    begin: Begin = field(default=lambda _message: None)
    accepted: Accepted | None = None
    """None where nobody asks: then replies to publishers need not be told apart."""
    returned: Returned = field(default=lambda _lost_ns, _back_ns: None)
    arrived: Deliver | None = None
    """Takes what a server sends under a name of its own, where arrivals alone are counted; None:
    nobody does, since it is no message."""


Publish = Callable[[Seat, Sent], AbstractAsyncContextManager[Send]]
"""Entering connects. Leaving drains what was sent, then closes."""

Subscribe = Callable[[Seat, Deliver], AbstractAsyncContextManager[None]]
"""Entering means *subscribed*: the first message published after it arrives. Leaving closes."""

Call = Callable[[Seat, Sent, Deliver], AbstractAsyncContextManager[Send]]
"""Request/reply and journeys: what is sent comes back, once, through ``Deliver``."""

Join = Callable[[Seat, Sent, Deliver], AbstractAsyncContextManager[Send]]
"""Group: entering subscribes and connects for publishing, on one connection if that can do both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What the load generator talks with. A side that the exchanges don't need is None."""

    subscribe: Subscribe | None = None
    call: Call | None = None
    join: Join | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that a server needs, found beside the interpreter or on PATH."""

    name: str
    option: str
    """What chose it, for example ``--balancer``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSpec:
    """One server program to start.

    It prints one line to stdout when it accepts traffic: a URL for each of ``roles``, in
    that order, separated by spaces; logs to stderr; ends on SIGTERM.
    """

    name: str
    argv: tuple[str, ...]
    """The command; ``{python}`` stands for the running interpreter."""
    roles: tuple[str, ...]
    """Empty for a program that nobody calls: its line is empty then."""
    needs_redis: bool = False
    """Started after Redis, whose URL it finds in its environment as ``ABEC_REDIS_URL``."""
    absent_s: float = 0.0
    """Told by SIGUSR1 in mid-window, it goes away and comes back after so many seconds."""
    program: Program | None = None
    """What has to be installed for it; ``{program}`` in ``argv`` stands for its path."""
    before: tuple[str, ...] = ()
    """Roles of others that it stands before: it is started once these answer, and finds their
    URLs in its environment as ``ABEC_UPSTREAMS``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisSpec:
    """A Redis server: found or started by the harness, known by the role ``redis``."""

    name: str = "redis"
    config: tuple[tuple[str, str], ...] = ()
    """Directives beyond the harness's own, for example ``("appendonly", "yes")``."""
    keys: tuple[str, ...] = ()
    """All that this run stores, ``{run}`` standing for its token. In a Redis that the harness did
    not start they are removed at the end, one by one."""
    rehearsal: tuple[tuple[str, ...], ...] = ()
    """Commands like those that clients will give; such a Redis is asked first whether it would
    take them."""
    nodes: int = 1
    """More than one make a cluster without replicas: each node has an equal part of the slots, and
    those after the first are known by ``redis1``, ``redis2`` … A cluster that the harness did not
    start may have more of them or fewer."""

    def node(self, number: int) -> str:
        """Name a node, from 0, and the role that it is known by."""
        return f"{self.name}{number or ''}"


AnyServerSpec = ServerSpec | RedisSpec


def joined(subscribe: Subscribe, publish: Publish) -> Join:
    """Make a member of a group out of two connections: one that brings messages, one that takes.

    ``subscribe`` is entered first, so that a member misses none of its own messages.
    """

    @asynccontextmanager
    async def join(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
        async with subscribe(seat, deliver), publish(seat, sent) as send:
            yield send

    return join


EDGE = "edge"
BROKER = "broker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One way for processes to pass messages, on one stack."""

    name: str
    """``sse``, or ``sse@sse-starlette`` for an implementation beside the default."""
    block: str
    """``EDGE`` or ``BROKER``: no ratio and no verdict crosses blocks."""
    exchanges: frozenset[Exchange]
    path: str
    """The way of a message, in a few words."""
    guarantees: str
    """What happens to messages when a reader is slow or away."""
    stack: str
    """The framework or library under the server, for example ``uvicorn``."""
    servers: Callable[[Workload], Sequence[AnyServerSpec]]
    """Pure: which servers to start; the harness starts them. BadInput: not for this workload."""
    publish: Mapping[Ingress, Publish]
    """Empty for a pattern that only calls; members of a group publish by their ``join``."""
    clients: Mapping[ClientKind, Client]
    floor: str = "floor"
    """The pattern that every figure of this one is given as a multiple of."""
    poll_interval_s: Callable[[Workload], float] = field(default=lambda _workload: 0.0)
    """The longest wait that the pattern imposes by design; its mean is half of that."""
    patience_s: float = 0.0
    """How long a request may stay unanswered by design, before the server gives it up."""
    options: frozenset[str] = frozenset()
    """Fields of the workload that mean something to this pattern and few others."""
    only_by_name: bool = False
    """Whether it is left out where all patterns of an exchange are compared: it answers by
    itself, and carries nothing to anybody, or differs from another by next to nothing."""
    prepare_s: Callable[[Workload], float] = field(default=lambda _workload: 0.0)
    """How long a client may take to prepare, beyond connecting."""
    polls_until_empty: bool = False
    """Whether a poll goes on while there is more: what comes meanwhile waits less than by theory,
    so that no mean is imposed."""
    stores: bool = False
    """Whether its server keeps messages until a consumer took them: such a one knows ``--work``,
    ``--persistence`` and ``--kill``."""
    pops: frozenset[Pop] = frozenset()
    """The ways to take a message that can be chosen by ``--pop``."""
    waiting: Callable[[Endpoints, Workload], Sequence[tuple[bytes, ...]]] = field(
        default=lambda _endpoints, _workload: ()
    )
    """Commands for Redis whose answers add up to the messages that wait or are being worked on."""
    speaks: frozenset[str] = frozenset()
    """Schemes of the URLs at which it can measure a server of the user's (``--url``). A pattern
    on Redis needs none: any Redis will do."""
    compresses: bool = False
    """Whether ``--deflate`` means something to it."""
    encrypts: bool = False
    """Whether ``--tls`` means something to it: its servers, told ``--certfile FILE`` and
    ``--keyfile FILE``, print an https URL, and clients believe ``Endpoints.authority``."""
    example: Callable[[Endpoints], Sequence[str]] = field(default=lambda _endpoints: ())
    """Command lines (curl, websocat, redis-cli) with which a person can try the server."""

    @property
    def family(self) -> str:
        """The pattern's name without its implementation: ``sse`` for ``sse@aiohttp``."""
        return self.name.partition("@")[0]
