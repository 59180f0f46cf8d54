"""One TCP connection of a wire client: tells an end that nobody asked for, drains, closes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ssl import SSLContext
from typing import TypeVar, cast
from urllib.parse import urlsplit

from harness.pattern import DISCONNECTED, Note

T = TypeVar("T")


class Link(asyncio.Protocol):
    """The connection itself; on its own it only writes, and ignores what comes back."""

    transport: asyncio.Transport

    def __init__(self, note: Note) -> None:
        """Call ``note`` with ``DISCONNECTED`` should the other side end the connection."""
        self.closing = False
        """Set before this side closes: an end from then on is no news."""
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done once the connection is gone, whoever ended it."""
        self._note = note

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._peer = "{}:{}".format(*peer) if isinstance(peer, tuple) else str(peer)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002
        """Note an end that this side did not ask for."""
        if not self.closing:
            self._note(DISCONNECTED)
        self.lost.set_result(None)

    async def answer(self, future: asyncio.Future[T]) -> T:
        """Wait for ``future``, which this connection's reader sets.

        Raises:
            ConnectionResetError: the connection ended before.
        """
        await asyncio.wait((future, self.lost), return_when=asyncio.FIRST_COMPLETED)
        if not future.done():
            raise ConnectionResetError(f"{self._peer} ended the connection instead of answering")
        return future.result()


L = TypeVar("L", bound=Link)


def address(url: str, default_port: int = 0) -> tuple[str, int]:
    """Read the host and the port out of a URL."""
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or default_port


@asynccontextmanager
async def linked(
    address: tuple[str, int] | str, make: Callable[[], L], tls: SSLContext | None = None
) -> AsyncIterator[L]:
    """Connect to a host and port, or through a socket file; leaving drains, then closes.

    A drain that is cancelled (the harness's deadline) closes at once. With ``tls``, entering is
    to have shaken hands, and to believe the server's certificate.

    Raises:
        OSError: nothing accepts connections there.
    """
    loop = asyncio.get_running_loop()
    if isinstance(address, str):
        _, link = await loop.create_unix_connection(make, address)
    else:
        _, link = await loop.create_connection(make, *address, ssl=tls)
    try:
        yield link
    finally:
        link.closing = True
        try:
            # A transport that is closed flushes its write buffer first, and then is lost.
            link.transport.close()
            await asyncio.wait((link.lost,))
        finally:
            if not link.lost.done():
                link.transport.abort()
