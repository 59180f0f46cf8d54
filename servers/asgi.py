"""The whole contract as one lean ASGI application, without a framework."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote_plus

from servers.contract import (
    BAD_MESSAGE,
    BAD_MODE,
    EVICTED,
    EVICTED_EVENT,
    GOING_AWAY,
    HEARTBEAT,
    NO_MESSAGE,
    TOO_LONG,
    TRY_AGAIN_LATER,
    BadRequest,
    as_text,
    is_message,
    parse_cursor,
    parse_wait,
    sse_event,
)
from servers.hub import (
    MAIN_CHANNEL,
    BehindLog,
    BeyondHead,
    Closed,
    Evicted,
    Hub,
    Subscription,
)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Handler = Callable[[Scope, Receive, Send], Awaitable[None]]
Routes = dict[tuple[str, str], Handler]
"""Handlers by method and path; the method of a WebSocket is ``WS``, followed by its mode."""

Publish = Callable[[bytes, str], int]
"""Hand a message to a channel; gives its cursor."""

_TEXT = (b"content-type", b"text/plain; charset=utf-8")
_EVENTS_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")],
}


def broadcast_routes(hub: Hub, heartbeat_s: float, max_message: int, publish: Publish) -> Routes:
    """Make the handlers of everything that delivers messages to subscribers."""

    async def post_message(scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(receive, max_message)
        if body is None:
            await respond(send, 413, TOO_LONG.encode())
        elif not is_message(body):
            await respond(send, 400, BAD_MESSAGE.encode())
        else:
            cursor = publish(body, _channel(query_of(scope)))
            await send(
                {
                    "type": "http.response.start",
                    "status": 204,
                    "headers": [(b"x-cursor", b"%d" % cursor)],
                }
            )
            await send({"type": "http.response.body"})

    async def get_messages(scope: Scope, _receive: Receive, send: Send) -> None:
        query = query_of(scope)
        channel = hub.channel(_channel(query))
        given = query.get("after")
        if given is None:
            await respond(send, 200, b"", channel.head)
            return
        after = parse_cursor(given)
        messages = channel.after(after)
        if not messages and "wait" in query:
            await channel.wait(parse_wait(query["wait"]))
            messages = channel.after(after)
        await respond(send, 200, b"\n".join(messages), after + len(messages))

    async def events(scope: Scope, receive: Receive, send: Send) -> None:
        query = query_of(scope)
        subscription = hub.channel(_channel(query)).subscribe(
            sse_event, resume_after(scope, query), heartbeat_s
        )
        watch = asyncio.create_task(close_on_disconnect(receive, subscription))
        take = subscription.take
        try:
            await send(_EVENTS_START)
            while True:
                items = await take()
                await send(
                    {
                        "type": "http.response.body",
                        "body": b"".join(items) if items else HEARTBEAT,
                        "more_body": True,
                    }
                )
        except Evicted:
            await send({"type": "http.response.body", "body": EVICTED_EVENT})
        except Closed:
            await send({"type": "http.response.body"})
        finally:
            subscription.close()
            watch.cancel()

    async def subscribe(scope: Scope, receive: Receive, send: Send) -> None:
        subscription = hub.channel(_channel(query_of(scope))).subscribe(as_text)
        watch = asyncio.create_task(close_on_disconnect(receive, subscription))
        await deliver_frames(send, subscription, watch)

    async def join(scope: Scope, receive: Receive, send: Send) -> None:
        channel = _channel(query_of(scope))
        subscription = hub.channel(channel).subscribe(as_text)

        async def read() -> bool:
            try:
                return await _publish_all(receive, publish, channel)
            finally:
                subscription.close()

        await deliver_frames(send, subscription, asyncio.create_task(read()))

    async def publish_frames(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        if not await _publish_all(receive, publish, _channel(query_of(scope))):
            await close_websocket(send, NO_MESSAGE, BAD_MESSAGE)

    return {
        ("POST", "/messages"): post_message,
        ("GET", "/messages"): get_messages,
        ("GET", "/events"): events,
        ("WS subscribe", "/ws"): subscribe,
        ("WS join", "/ws"): join,
        ("WS publish", "/ws"): publish_frames,
    }


def echo_routes(max_message: int) -> Routes:
    """Make the handlers of request/reply."""

    async def post_echo(_scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(receive, max_message)
        if body is None:
            await respond(send, 413, TOO_LONG.encode())
        else:
            await respond(send, 200, body)

    async def echo_frames(_scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        while (event := await receive())["type"] != "websocket.disconnect":
            if event["type"] == "websocket.receive":
                await send({**event, "type": "websocket.send"})

    return {("POST", "/echo"): post_echo, ("WS echo", "/ws"): echo_frames}


def application(routes: Routes) -> Handler:
    """Make an ASGI application of ``routes``, with ``GET /health`` and errors as sentences."""
    table = {("GET", "/health"): _health, **routes}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            handler = table.get((scope["method"], scope["path"]))
            if handler is None:
                await _refuse(table, scope, send)
                return
            try:
                await handler(scope, receive, send)
            except (BadRequest, BeyondHead) as error:
                await respond(send, 400, str(error).encode())
            except BehindLog as error:
                await respond(send, 410, str(error).encode(), error.resume)
        elif scope["type"] == "websocket":
            mode = query_of(scope).get("mode", "")
            handler = table.get((f"WS {mode}", scope["path"]))
            if handler is None:
                await _refuse_websocket(scope, send)
            else:
                await handler(scope, receive, send)

    return app


async def respond(send: Send, status: int, body: bytes, cursor: int | None = None) -> None:
    """Answer with text, and with a cursor where there is one."""
    headers = [_TEXT, (b"content-length", b"%d" % len(body))]
    if cursor is not None:
        headers.append((b"x-cursor", b"%d" % cursor))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def query_of(scope: Scope) -> dict[str, str]:
    """Read the query's parameters; the last of a name counts."""
    raw: bytes = scope["query_string"]
    if not raw:
        return {}
    # Cursors and channel names are plain: parse_qsl would cost a poll 3 µs more.
    text = raw.decode("latin-1")
    pairs = (pair.partition("=") for pair in text.split("&"))
    if "%" in text or "+" in text:
        return {unquote_plus(name): unquote_plus(value) for name, _, value in pairs}
    return {name: value for name, _, value in pairs}


def resume_after(scope: Scope, query: dict[str, str]) -> int | None:
    """Give the cursor after which an event stream goes on: ``Last-Event-ID``, then ``after``.

    Raises:
        BadRequest: it is no cursor.
    """
    for name, value in scope["headers"]:
        if name == b"last-event-id":
            return parse_cursor(value.decode("latin-1"), "Last-Event-ID")
    given = query.get("after")
    return None if given is None else parse_cursor(given)


def frame_of(event: MutableMapping[str, Any]) -> bytes:
    """Give the bytes of a received WebSocket frame, text or binary."""
    text: str | None = event.get("text")
    message: bytes = event["bytes"] if text is None else text.encode()
    return message


async def read_body(receive: Receive, most: int) -> bytes | None:
    """Read a request's body; None if it is longer than ``most`` bytes."""
    event = await receive()
    body: bytes = event.get("body", b"")
    if event.get("more_body"):
        parts = [body]
        size = len(body)
        while event.get("more_body"):
            event = await receive()
            parts.append(event.get("body", b""))
            size += len(parts[-1])
            if size > most:
                return None
        body = b"".join(parts)
    return body if len(body) <= most else None


async def deliver_frames(
    send: Send, subscription: Subscription[str], reading: asyncio.Task[bool] | asyncio.Task[None]
) -> None:
    """Open a WebSocket and send what comes, until one of the two ends; then end the other."""
    take = subscription.take
    try:
        await send({"type": "websocket.accept"})
        while True:
            for text in await take():
                await send({"type": "websocket.send", "text": text})
    except Evicted:
        await close_websocket(send, TRY_AGAIN_LATER, EVICTED)
    except Closed:
        if reading.done() and reading.result() is False:
            await close_websocket(send, NO_MESSAGE, BAD_MESSAGE)
        else:
            await close_websocket(send, GOING_AWAY, "")
    finally:
        subscription.close()
        reading.cancel()


async def _publish_all(receive: Receive, publish: Publish, channel: str) -> bool:
    """Publish each frame until the client leaves; False at the first that is no message."""
    while (event := await receive())["type"] != "websocket.disconnect":
        if event["type"] == "websocket.receive":
            message = frame_of(event)
            if not is_message(message):
                return False
            publish(message, channel)
    return True


async def close_on_disconnect(receive: Receive, subscription: Subscription[Any]) -> None:
    while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        pass
    subscription.close()


async def close_websocket(send: Send, code: int, reason: str) -> None:
    await send({"type": "websocket.close", "code": code, "reason": reason})


async def _health(_scope: Scope, _receive: Receive, send: Send) -> None:
    await respond(send, 200, b"ok")


async def _refuse(table: Routes, scope: Scope, send: Send) -> None:
    path = scope["path"]
    methods = sorted(method for method, known in table if known == path and " " not in method)
    if methods:
        await respond(send, 405, f"{path}: use {' or '.join(methods)}".encode())
    else:
        await respond(send, 404, f"{path}: no such path".encode())


async def _refuse_websocket(scope: Scope, send: Send) -> None:
    known = scope["path"] == "/ws"
    sentence = BAD_MODE if known else f"{scope['path']}: no WebSocket here; use /ws"
    body = sentence.encode()
    await send(
        {
            "type": "websocket.http.response.start",
            "status": 400 if known else 404,
            "headers": [_TEXT, (b"content-length", b"%d" % len(body))],
        }
    )
    await send({"type": "websocket.http.response.body", "body": body})


def _channel(query: dict[str, str]) -> str:
    return query.get("channel", MAIN_CHANNEL)
