"""The default stack: the whole contract by one raw ASGI application on uvicorn.

Roles: http, feed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socket import socket

import uvicorn

from servers.asgi import Handler, application, broadcast_routes, echo_routes
from servers.hub import Hub
from servers.serving import (
    BACKLOG,
    GRACE_S,
    KEEP_ALIVE_S,
    Frames,
    Options,
    announce,
    argument_parser,
    listen,
    open_feed,
    options_of,
    publishing,
    run,
    stop_signal,
    url,
)
from servers.tls import tls_context, tls_options


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it is ready and leaves the signals to us.

    Its own handling would end the process by the signal instead of with exit code 0, and
    would wait for open event streams for ever.
    """

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


async def serve(app: Handler, hub: Hub, frames: Frames | None, options: Options) -> None:
    """Serve ``app``, and the feed into ``frames`` if there is to be one, until SIGTERM.

    Raises:
        CannotListen: a port is taken, or the certificate cannot be used.
    """
    tls = tls_context(options)
    stop = stop_signal()
    listener = listen(options)
    feed, urls = None, [url(options.scheme, listener)]
    if frames is not None:
        feed, feed_url = await open_feed(options, frames)
        urls.append(feed_url)
    config = uvicorn.Config(
        app,
        http="httptools",
        # What an application gets: "auto" is uvicorn's own choice among the installed libraries,
        # in 0.54 the sans-I/O implementation, which replaced the one on websockets.legacy.
        ws="auto",
        ws_max_size=options.max_message,
        ws_per_message_deflate=options.deflate,
        # No stack pings WebSockets here: the defaults differ (20 s, 20 s, never).
        ws_ping_interval=None,
        lifespan="off",
        log_config=None,
        # Without a level uvicorn takes its loggers for tracing and traces every message.
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    config.load()
    config.ssl = tls
    server = _Server(config, lambda: announce(*urls))
    serving = asyncio.create_task(server.serve([listener]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if feed is not None:
        feed.close()
    hub.close()
    server.should_exit = True
    await asyncio.wait((serving,), timeout=GRACE_S)
    # Whoever does not read what is left to send would keep uvicorn waiting for ever.
    for connection in list(server.server_state.connections):
        connection.transport.abort()
    await serving


async def main(options: Options) -> None:
    """Run the server until SIGTERM."""
    hub = Hub(options.bounds)
    routes = broadcast_routes(hub, options.heartbeat, options.max_message, hub.publish)
    app = application(routes | echo_routes(options.max_message))
    await serve(app, hub, publishing(hub.channel().publish), options)


if __name__ == "__main__":
    parser = tls_options(argument_parser("uvicorn_stack", "The whole contract on uvicorn."))
    run("uvicorn_stack", main(options_of(parser.parse_args())))
