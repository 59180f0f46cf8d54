"""A GraphQL subscription over a WebSocket (graphql-transport-ws) or over server-sent events.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md and
https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md, distinct connections mode.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from harness.pattern import EVICTED, Deliver, Seat
from harness.wire.graphql import (
    MESSAGES,
    SUBSCRIBED,
    TARGET,
    OperationFailed,
    Results,
    failure,
    parsed_json,
)
from harness.wire.http import ParsingLink, UnexpectedAnswer, parsing_link
from harness.wire.place import Place
from harness.wire.sse import EventLink
from harness.wire.websocket import Handshake, WebSocketLink
from harness.wire.websocket_frames import FINAL, TEXT, client_frame

_PROTOCOL = b"graphql-transport-ws"
_ID = "1"
_BODY = json.dumps({"query": MESSAGES.document}).encode()
_INIT = b'{"type":"connection_init"}'
_SUBSCRIBE = b'{"id":"%b","type":"subscribe","payload":%b}' % (_ID.encode(), _BODY)
_PONG = b'{"type":"pong"}'


class _Subscription:
    """What comes of one subscription: the word that it is there, messages, errors, its end."""

    def __init__(self, seat: Seat, deliver: Deliver, results: Results) -> None:
        self.link: ParsingLink
        self.confirmed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._note, self._deliver, self._parsed = seat.note, deliver, results.parsed

    def take(self, value: bytes) -> None:
        """Deliver a message, unless it is the word that confirms."""
        if value != SUBSCRIBED:
            self._deliver(value)
        elif not self.confirmed.done():
            self.confirmed.set_result(None)

    def take_result(self, result: Any) -> None:
        """Take a result that had to be parsed: perhaps it holds an error, and no message."""
        try:
            value = self._parsed(result)
        except OperationFailed as failed:
            self.fail(failed)
        else:
            self.take(value)

    def fail(self, failed: OperationFailed) -> None:
        """Note an error; one that comes instead of the confirmation ends the attempt."""
        words = str(failed)
        if not self.confirmed.done():
            self.link.closing = True
            self.confirmed.set_exception(UnexpectedAnswer(f"the subscription failed: {words}"))
            return
        self._note(words)
        if words == EVICTED:
            self.link.closing = True

    def end(self) -> None:
        """End with the subscription: the connection might stay open without it."""
        self.link.transport.close()


class WebSocketMessages:
    """The messages of graphql-transport-ws, from the client's side."""

    def __init__(self, seat: Seat, place: Place, deliver: Deliver) -> None:
        loop = asyncio.get_running_loop()
        self.acknowledged: asyncio.Future[None] = loop.create_future()
        before = b'{"id":"%b","type":"next","payload":' % _ID.encode()
        results = Results(MESSAGES, before, b"}")
        self.subscription = _Subscription(seat, deliver, results)
        self._sliced, self._deliver = results.sliced, self.subscription.take
        handshake = Handshake(place.host, place.target, offer_deflate=False, protocol=_PROTOCOL)
        self.link = self.subscription.link = WebSocketLink(seat.note, self.take, handshake)

    def send(self, message: bytes) -> None:
        """Send a text frame, unless the connection is gone."""
        if not self.link.transport.is_closing():
            self.link.transport.write(client_frame(FINAL | TEXT, message, random.randbytes(4)))

    def take(self, frame: bytes) -> None:
        """Take a text frame.

        Raises:
            UnexpectedAnswer: it is no message of graphql-transport-ws.
        """
        value = self._sliced(frame)
        if value is None:
            self._less_usual(parsed_json(frame))
        else:
            self._deliver(value)

    def _less_usual(self, message: Any) -> None:
        match message:
            case {"type": "next", "payload": result}:
                self.subscription.take_result(result)
            case {"type": "error", "payload": errors}:
                self.subscription.fail(failure(errors))
                self.link.closing = True
                self.subscription.end()
            case {"type": "complete"}:
                self.subscription.end()
            case {"type": "connection_ack"} if not self.acknowledged.done():
                self.acknowledged.set_result(None)
            case {"type": "ping"}:
                self.send(_PONG)
            case {"type": "pong"}:
                pass
            case _:
                raise UnexpectedAnswer(f"nothing of graphql-transport-ws: {message!r:.200}")


@asynccontextmanager
async def subscribed_over_websocket(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    """Subscribe on a WebSocket of its own; entered once the server has confirmed.

    Raises:
        OSError: nothing accepts connections there, or the connection ended unanswered.
        UnexpectedAnswer: the server speaks no graphql-transport-ws, or refuses to subscribe.
    """
    place = _endpoint(seat)
    messages = WebSocketMessages(seat, place, deliver)
    async with parsing_link(seat, place, lambda: messages.link) as link:
        await link.answer(link.opened)
        try:
            messages.send(_INIT)
            await link.answer(messages.acknowledged)
            messages.send(_SUBSCRIBE)
            await link.answer(messages.subscription.confirmed)
            yield
        finally:
            link.say_goodbye()


def _endpoint(seat: Seat) -> Place:
    return Place.of(f"{seat.endpoints['http']}{TARGET}")


class Events:
    """The events of GraphQL over SSE."""

    def __init__(self, seat: Seat, deliver: Deliver) -> None:
        # In the body of a chunk that holds one event, with the end of the chunk behind it.
        results = Results(MESSAGES, b"event: next\r\ndata: ", b"\r\n\r\n\r\n")
        self.subscription = _Subscription(seat, deliver, results)
        self._sliced = results.sliced
        self.link = self.subscription.link = EventLink(
            seat.note, self.subscription.take, named=self._named, sole=self._sole
        )

    def _sole(self, data: bytes) -> bytes | None:
        chunk = data.find(b"\r\n") + 2
        if data.startswith(b"%x\r\n" % (len(data) - chunk - 2)):
            return self._sliced(data, chunk)
        return None

    def _named(self, name: bytes, data: bytes) -> None:
        if name == b"next":
            self.subscription.take_result(parsed_json(data))
        elif name == b"complete":
            self.subscription.end()


@asynccontextmanager
async def subscribed_over_sse(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    """Subscribe by the answer to a POST; entered once the server has confirmed.

    Raises:
        OSError: nothing accepts connections there, or the connection ended unanswered.
        UnexpectedAnswer: the server sends no event stream, or refuses to subscribe.
    """
    place = _endpoint(seat)
    events = Events(seat, deliver)
    async with parsing_link(seat, place, lambda: events.link) as link:
        link.transport.write(
            b"POST %b HTTP/1.1\r\nHost: %b\r\nContent-Type: application/json\r\n"
            b"Accept: text/event-stream\r\nContent-Length: %d\r\n\r\n%b"
            % (place.target, place.host, len(_BODY), _BODY)
        )
        await link.answer(link.opened)
        await link.answer(events.subscription.confirmed)
        yield
