"""The second stack: the same contract, whole, on aiohttp.web.

Roles: http, feed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import WSMsgType, web

from servers.contract import (
    BAD_MESSAGE,
    BAD_MODE,
    EVICTED,
    EVICTED_EVENT,
    GOING_AWAY,
    HEARTBEAT,
    MODES,
    NO_MESSAGE,
    TRY_AGAIN_LATER,
    BadRequest,
    as_bytes,
    is_message,
    parse_cursor,
    parse_wait,
    sse_event,
)
from servers.hub import (
    MAIN_CHANNEL,
    BehindLog,
    BeyondHead,
    Channel,
    Closed,
    Evicted,
    Hub,
    Subscription,
)
from servers.serving import (
    BACKLOG,
    GRACE_S,
    KEEP_ALIVE_S,
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

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]
Socket = web.WebSocketResponse[bool]


class _Contract:
    """The handlers of one server."""

    def __init__(self, hub: Hub, options: Options) -> None:
        self._hub = hub
        self._options = options
        self._sockets: set[Socket] = set()

    def application(self) -> web.Application:
        """Make the aiohttp application."""
        app = web.Application(client_max_size=self._options.max_message)
        app.add_routes(
            [
                web.get("/health", _health),
                web.get("/messages", _explained(self._get_messages)),
                web.post("/messages", _explained(self._post_message)),
                web.get("/events", _explained(self._events)),
                web.post("/echo", _echo),
                web.get("/ws", _explained(self._websocket)),
            ]
        )
        app.on_shutdown.append(self._close)
        return app

    async def _get_messages(self, request: web.Request) -> web.Response:
        query = request.query
        channel = self._channel(request)
        given = query.get("after")
        if given is None:
            return _answer(b"", channel.head)
        after = parse_cursor(given)
        messages = channel.after(after)
        if not messages and "wait" in query:
            await channel.wait(parse_wait(query["wait"]))
            messages = channel.after(after)
        return _answer(b"\n".join(messages), after + len(messages))

    async def _post_message(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not is_message(body):
            raise BadRequest(BAD_MESSAGE)
        cursor = self._channel(request).publish(body)
        return web.Response(status=204, headers={"x-cursor": str(cursor)})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        last = request.headers.get("Last-Event-ID")
        given = request.query.get("after")
        after: int | None = None
        if last is not None:
            after = parse_cursor(last, "Last-Event-ID")
        elif given is not None:
            after = parse_cursor(given)
        subscription = self._channel(request).subscribe(sse_event, after, self._options.heartbeat)
        take = subscription.take
        try:
            response = web.StreamResponse(
                headers={"content-type": "text/event-stream", "cache-control": "no-store"}
            )
            await response.prepare(request)
            write = response.write
            try:
                while True:
                    await write(b"".join(await take()) or HEARTBEAT)
            except Evicted:
                await write(EVICTED_EVENT)
            except Closed:
                pass
            await response.write_eof()
            return response
        finally:
            subscription.close()

    async def _websocket(self, request: web.Request) -> web.StreamResponse:
        mode = request.query.get("mode")
        if mode not in MODES:
            raise BadRequest(BAD_MODE)
        socket: Socket = web.WebSocketResponse(
            compress=self._options.deflate,
            max_msg_size=self._options.max_message,
            decode_text=False,
        )
        self._sockets.add(socket)
        try:
            if mode in ("subscribe", "join"):
                await self._subscribe(request, socket, joins=mode == "join")
            else:
                await socket.prepare(request)
                if mode == "echo":
                    await _echo_frames(socket)
                elif not await _publish_all(socket, self._channel(request)):
                    await socket.close(code=NO_MESSAGE, message=BAD_MESSAGE.encode())
        finally:
            self._sockets.discard(socket)
        return socket

    async def _subscribe(self, request: web.Request, socket: Socket, *, joins: bool) -> None:
        channel = self._channel(request)
        subscription = channel.subscribe(as_bytes)
        take = subscription.take
        try:
            await socket.prepare(request)
            reading = asyncio.create_task(_read(socket, subscription, channel if joins else None))
            send = socket.send_frame
            text = WSMsgType.TEXT
            try:
                while True:
                    for message in await take():
                        await send(message, text)
            except Evicted:
                await socket.close(code=TRY_AGAIN_LATER, message=EVICTED.encode())
            except Closed:
                if reading.done() and not reading.result():
                    await socket.close(code=NO_MESSAGE, message=BAD_MESSAGE.encode())
                else:
                    await socket.close(code=GOING_AWAY)
            finally:
                reading.cancel()
        finally:
            subscription.close()

    async def _close(self, _app: web.Application) -> None:
        self._hub.close()
        closing = [
            asyncio.create_task(socket.close(code=GOING_AWAY))
            for socket in self._sockets
            if socket.prepared
        ]
        if closing:
            # Whoever does not answer is cut by the runner.
            await asyncio.wait(closing, timeout=GRACE_S / 2)

    def _channel(self, request: web.Request) -> Channel:
        return self._hub.channel(request.query.get("channel", MAIN_CHANNEL))


async def _health(_request: web.Request) -> web.Response:
    return _answer(b"ok")


async def _echo(request: web.Request) -> web.Response:
    return _answer(await request.read())


async def _echo_frames(socket: Socket) -> None:
    send = socket.send_frame
    async for received in socket:
        await send(received.data, received.type)


async def _read(socket: Socket, subscription: Subscription[bytes], channel: Channel | None) -> bool:
    """Publish to ``channel``, if any, what a subscriber sends; end the subscription with it."""
    try:
        if channel is not None:
            return await _publish_all(socket, channel)
        async for _ in socket:
            pass
        return True
    finally:
        subscription.close()


async def _publish_all(socket: Socket, channel: Channel) -> bool:
    """Publish each frame until the client leaves; False at the first that is no message."""
    async for received in socket:
        if not is_message(received.data):
            return False
        channel.publish(received.data)
    return True


def _answer(body: bytes, cursor: int | None = None, status: int = 200) -> web.Response:
    headers = {"content-type": "text/plain; charset=utf-8"}
    if cursor is not None:
        headers["x-cursor"] = str(cursor)
    return web.Response(body=body, headers=headers, status=status)


def _explained(handle: Handle) -> Handle:
    """Answer what the client got wrong with a sentence."""

    async def explained(request: web.Request) -> web.StreamResponse:
        try:
            return await handle(request)
        except (BadRequest, BeyondHead) as error:
            return _answer(str(error).encode(), status=400)
        except BehindLog as error:
            return _answer(str(error).encode(), error.resume, status=410)

    return explained


async def main(options: Options) -> None:
    """Run the server until SIGTERM."""
    tls = tls_context(options)
    stop = stop_signal()
    hub = Hub(options.bounds)
    listener = listen(options)
    feed, feed_url = await open_feed(options, publishing(hub.channel().publish))
    runner = web.AppRunner(
        _Contract(hub, options).application(),
        access_log=None,
        keepalive_timeout=KEEP_ALIVE_S,
        # How an idle event stream learns that its client has gone.
        handler_cancellation=True,
        # It counts twice: for the handlers, then for what is left of them.
        shutdown_timeout=GRACE_S / 4,
    )
    await runner.setup()
    await web.SockSite(runner, listener, backlog=BACKLOG, ssl_context=tls).start()
    announce(url(options.scheme, listener), feed_url)
    await stop.wait()
    feed.close()
    await runner.cleanup()


if __name__ == "__main__":
    parser = tls_options(argument_parser("aiohttp_stack", "The whole contract on aiohttp.web."))
    run("aiohttp_stack", main(options_of(parser.parse_args())))
