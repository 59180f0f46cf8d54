"""Server-sent events alone, with sse-starlette's EventSourceResponse on uvicorn.

Roles: http, feed. ``POST /messages`` and ``GET /health`` as on the uvicorn stack.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from sse_starlette import EventSourceResponse, ServerSentEvent

from servers.asgi import (
    Receive,
    Routes,
    Scope,
    Send,
    application,
    broadcast_routes,
    query_of,
    resume_after,
)
from servers.hub import MAIN_CHANNEL, Closed, Evicted, Hub, Subscription
from servers.serving import Options, argument_parser, options_of, publishing, run
from servers.tls import tls_options
from servers.uvicorn_stack import serve

_LINE_END = "\n"


def _event(cursor: int, message: bytes) -> ServerSentEvent:
    return ServerSentEvent(message.decode("utf-8", "replace"), id=str(cursor), sep=_LINE_END)


def _heartbeat() -> ServerSentEvent:
    return ServerSentEvent(comment="heartbeat", sep=_LINE_END)


async def _events(subscription: Subscription[ServerSentEvent]) -> AsyncIterator[ServerSentEvent]:
    try:
        while True:
            for event in await subscription.take():
                yield event
    except Evicted:
        yield ServerSentEvent("reader fell behind", event="evicted", sep=_LINE_END)
    except Closed:
        return


def routes(hub: Hub, options: Options) -> Routes:
    """Make the handlers: the library's for ``GET /events``, the stack's for the rest."""

    async def events(scope: Scope, receive: Receive, send: Send) -> None:
        query = query_of(scope)
        subscription = hub.channel(query.get("channel", MAIN_CHANNEL)).subscribe(
            _event, resume_after(scope, query)
        )
        try:
            response = EventSourceResponse(
                _events(subscription),
                # The library's own: every so many seconds, idle or not.
                ping=options.heartbeat,
                ping_message_factory=_heartbeat,
                sep=_LINE_END,
            )
            await response(scope, receive, send)
        finally:
            subscription.close()

    post_message = ("POST", "/messages")
    stack = broadcast_routes(hub, options.heartbeat, options.max_message, hub.publish)
    return {("GET", "/events"): events, post_message: stack[post_message]}


async def main(options: Options) -> None:
    """Run the server until SIGTERM."""
    hub = Hub(options.bounds)
    app = application(routes(hub, options))
    await serve(app, hub, publishing(hub.channel().publish), options)


if __name__ == "__main__":
    parser = tls_options(argument_parser("sse_starlette", "Server-sent events with sse-starlette."))
    run("sse_starlette", main(options_of(parser.parse_args())))
