"""HTTP as an application speaks it: aiohttp sessions, posting in order, reading events."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from harness.given_server import expected, is_redis, media_type
from harness.library.outbox import outbox
from harness.pattern import DISCONNECTED, Deliver, Note, Seat, Send, Sent
from harness.wire.trust import trusted

if TYPE_CHECKING:
    import aiohttp  # importing it takes as long as all else that a load process needs

MAX_MESSAGE_BYTES = 2 << 20
NO_CURSOR = -1

_KEEP_ALIVE_S = 75
"""Shorter than the servers', so that no request goes out on a connection that they close."""


@asynccontextmanager
async def http_session(seat: Seat) -> AsyncIterator[aiohttp.ClientSession]:
    """Open a session with one keep-alive connection to one server; it is asked by whole URLs."""
    import aiohttp

    tls = trusted(seat, *(url for url in seat.endpoints.urls.values() if not is_redis(url)))
    named = only_connection(tls)
    made = _remembering(named["connector"]) if tls else ()
    try:
        async with aiohttp.ClientSession(**named) as session:
            yield session
    finally:
        # A request that was given up closes its connection, which by TLS waits for the other
        # side's word, and the library for nothing.
        for transport in made:
            transport.abort()
        await asyncio.sleep(0)


def _remembering(connector: aiohttp.TCPConnector) -> Collection[asyncio.WriteTransport]:
    """Give the transports that ``connector`` will have made."""
    made: set[asyncio.WriteTransport] = set()
    connect = connector.connect

    async def remembering(*given: Any, **named: Any) -> aiohttp.connector.Connection:
        connection = await connect(*given, **named)
        made.add(cast(asyncio.WriteTransport, connection.transport))
        return connection

    connector.connect = remembering  # type: ignore[method-assign]
    return made


def only_connection(tls: ssl.SSLContext | None = None) -> dict[str, Any]:
    """Give the arguments of a session whose requests take turns on one connection."""
    import aiohttp

    return {
        "connector": aiohttp.TCPConnector(
            limit=1, keepalive_timeout=_KEEP_ALIVE_S, ssl=tls or True
        ),
        # A long poll and an event stream last; how long an answer may take is the harness's.
        "timeout": aiohttp.ClientTimeout(total=None),
        # Also the longest line that can be read, which aiohttp sets at 128 KiB.
        "read_bufsize": MAX_MESSAGE_BYTES,
        "headers": {"Accept-Encoding": "identity"},
    }


@contextmanager
def noting_loss(note: Note) -> Iterator[None]:
    """End the body with the connection, and note that it is lost."""
    import aiohttp

    try:
        yield
    except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
        note(DISCONNECTED)


def cursor_of(answer: aiohttp.ClientResponse) -> int:
    """Read the header ``x-cursor``; ``NO_CURSOR`` if there is none."""
    return int(answer.headers.get("x-cursor", NO_CURSOR))


@asynccontextmanager
async def posting(
    seat: Seat,
    path: str,
    sent: Sent,
    answered: Deliver,
    *,
    drain: bool,
    noted: Mapping[int, str] = MappingProxyType({}),
    role: str = "publish",
) -> AsyncIterator[Send]:
    """Post messages to ``role``, or else ``path``, each after the answer to the one before.

    Two requests at a time could overtake each other on the way; what has to wait for its turn
    is queued here. An answer whose status is in ``noted`` is noted by that name, and nothing else.

    Raises:
        OSError: nothing accepts connections there.
        aiohttp.ClientResponseError: on leaving, if a request was refused.
    """
    async with http_session(seat) as session:
        url = seat.endpoints.at(role, path)
        if not seat.workload.elsewhere:
            # The library connects with the first request; entering is to have connected. What
            # else could be asked of somebody's server, nobody knows.
            async with session.get(f"{seat.endpoints['http']}/health", raise_for_status=True):
                pass

        async def post(message: bytes) -> None:
            sent(message)
            async with session.post(
                url,
                data=message,
                headers={"Content-Type": "text/plain"},
            ) as answer:
                if answer.status in noted:
                    seat.note(noted[answer.status])
                    return
                answer.raise_for_status()
                answered(await answer.read())

        async with outbox(post, noting_loss(seat.note), drain=drain) as send:
            yield send


@asynccontextmanager
async def asking(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    """Ask the role ``call`` once with the workload's own body for each message, in order.

    A message is delivered as its answer is whole, if that has the status that is expected; another
    status is noted. The library connects with the first request.
    """
    workload = seat.workload
    status = expected(workload.expect_status)
    headers = {"Content-Type": media_type(workload.body)} if workload.body else {}

    async with http_session(seat) as session:

        async def ask(message: bytes) -> None:
            sent(message)
            async with session.request(
                "POST" if workload.body else "GET",
                seat.endpoints["call"],
                data=workload.body.encode() or None,
                headers=headers,
                allow_redirects=False,
            ) as answer:
                await answer.read()
                if answer.status == status:
                    deliver(message)
                else:
                    seat.note(f"status {answer.status}")

        async with outbox(ask, noting_loss(seat.note), drain=False) as send:
            yield send


@asynccontextmanager
async def publish_over_http(seat: Seat, sent: Sent) -> AsyncIterator[Send]:
    """Publish as an application does: ``POST``, one after another."""
    async with posting(seat, "/messages", sent, _ignore, drain=True) as send:
        yield send


async def read_events(lines: aiohttp.StreamReader) -> AsyncGenerator[tuple[bytes, bytes], None]:
    """Read server-sent events line by line: the name of each (or nothing) and its data."""
    name, data = b"", []
    async for line in lines:
        line = line.rstrip(b"\r\n")
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ")
        elif not line:
            if data:
                yield name, b"\n".join(data)
            name, data = b"", []


def _ignore(_body: bytes) -> None:
    """An answer that says nothing but that it is there."""
