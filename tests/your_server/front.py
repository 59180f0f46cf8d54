"""A front that ends TLS before a server that speaks none, on an event loop of its own."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextmanager
def _dropped_at_the_end(writer: asyncio.StreamWriter) -> Iterator[None]:
    """Close a connection that is open yet when the front ends: nobody reads its last bytes."""
    try:
        yield
    except asyncio.CancelledError:
        writer.transport.abort()
        raise


@contextmanager
def tls_front(port: int, certificate: Path, clients: Path | None = None) -> Iterator[int]:
    """Give the port at which ``port`` is to be had by TLS; ``clients`` signs those let in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if clients is not None:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _loop, _context: None)  # whoever is refused, the test tells
    thread = threading.Thread(target=loop.run_forever)

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with _dropped_at_the_end(writer):
            behind, before = await asyncio.open_connection("127.0.0.1", port)
            with _dropped_at_the_end(before):
                await asyncio.gather(_pass_on(reader, before), _pass_on(behind, writer))

    async def end() -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await loop.shutdown_default_executor()

    server = loop.run_until_complete(asyncio.start_server(take, "127.0.0.1", 0, ssl=context))
    thread.start()
    try:
        taken: int = server.sockets[0].getsockname()[1]
        yield taken
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
