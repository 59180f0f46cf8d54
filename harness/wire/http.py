"""HTTP/1.1 on one keep-alive connection (RFC 9112), one request at a time.

``ResponseParser`` does no input or output; ``HttpLink`` is the thin protocol around it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple, TypeVar

import httptools

from harness.pattern import EVICTED, Deliver, Note, Seat
from harness.wire.link import Link, linked
from harness.wire.place import Place
from harness.wire.trust import trusted

NO_CURSOR = -1
_OK = 200
_GONE = 410


class UnexpectedAnswer(Exception):
    """The server answered something that its contract does not allow."""


class Response(NamedTuple):
    """One whole answer; ``cursor`` is its header ``x-cursor``, ``NO_CURSOR`` without one."""

    status: int
    cursor: int
    body: bytes


Answered = Callable[[Response], None]


class ResponseParser:
    """Cuts a stream of bytes into answers; does no input or output."""

    __slots__ = ("_body", "_cursor", "_http", "_whole")

    def __init__(self) -> None:
        self._http = httptools.HttpResponseParser(self)
        self._cursor = NO_CURSOR
        self._body: list[bytes] = []
        self._whole: list[Response] = []

    def feed(self, data: bytes) -> list[Response]:
        """Take what the socket gave, give the answers that are whole now, in order.

        Raises:
            httptools.HttpParserError: this is no HTTP.
        """
        self._http.feed_data(data)
        whole = self._whole
        if whole:
            self._whole = []
        return whole

    def on_message_begin(self) -> None:
        """Begin an answer (called by httptools)."""
        self._cursor = NO_CURSOR
        self._body = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the one header that matters here (called by httptools)."""
        if name.lower() == b"x-cursor":
            self._cursor = int(value)

    def on_body(self, piece: bytes) -> None:
        """Keep a piece, whose transfer coding is undone (called by httptools)."""
        self._body.append(piece)

    def on_message_complete(self) -> None:
        """End an answer (called by httptools)."""
        self._whole.append(
            Response(self._http.get_status_code(), self._cursor, b"".join(self._body))
        )


class LogReader:
    """One reader of ``GET /messages``: where it stands, and what each answer brings."""

    __slots__ = ("_deliver", "_note", "cursor")

    def __init__(self, note: Note, deliver: Deliver) -> None:
        self.cursor = 0
        """The newest message that was read; the next request asks for what is after it."""
        self._note = note
        self._deliver = deliver

    def take(self, status: int, cursor: int, body: bytes) -> None:
        """Deliver what an answer holds and go on from its cursor.

        Raises:
            UnexpectedAnswer: it is neither messages nor word of their eviction.
        """
        if status not in (_OK, _GONE) or cursor == NO_CURSOR:
            lacks = " without X-Cursor" if status in (_OK, _GONE) else ""
            raise UnexpectedAnswer(f"a poll was answered with {status}{lacks}: {body[:200]!r}")
        self.cursor = cursor
        if status == _GONE:
            self._note(EVICTED)
        elif body:
            deliver = self._deliver
            for message in body.split(b"\n"):
                deliver(message)


class ParsingLink(Link):
    """A connection to an HTTP server whose reader can fail: see ``parsing_link``."""

    failure: Exception | None = None
    """What the reader raised, which ends the connection."""

    def connection_lost(self, error: Exception | None) -> None:
        """Keep an error that is no mere end of the connection."""
        if error is not None and not isinstance(error, OSError):
            self.failure = error
        super().connection_lost(error)


P = TypeVar("P", bound=ParsingLink)


@asynccontextmanager
async def parsing_link(seat: Seat, place: Place, make: Callable[[], P]) -> AsyncIterator[P]:
    """Connect to the server at ``place``; leaving closes, and raises what the reader raised.

    Raises:
        OSError: nothing accepts connections there.
    """
    link: P | None = None
    try:
        async with linked(place.address, make, trusted(seat, place.url)) as link:
            yield link
    finally:
        if link is not None and link.failure is not None:
            raise link.failure


class HttpLink(ParsingLink):
    """A connection that carries one request at a time."""

    def __init__(self, note: Note, host: bytes) -> None:
        """Name ``host`` in each request."""
        super().__init__(note)
        self._host = host
        self._parse = ResponseParser().feed
        self._answered: Answered | None = None

    def data_received(self, data: bytes) -> None:
        """Hand on what is whole."""
        for response in self._parse(data):
            answered = self._answered
            if answered is None:
                raise UnexpectedAnswer(f"{response.status} without a request")
            self._answered = None
            answered(response)

    def get(self, target: bytes, answered: Answered) -> bool:
        """Ask for ``target``; False if the connection is gone."""
        return self._ask(b"GET %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (target, self._host), answered)

    def post(
        self, target: bytes, body: bytes, answered: Answered, kind: bytes = b"text/plain"
    ) -> bool:
        """Post ``body`` of a media type to ``target``; False if the connection is gone."""
        return self._ask(
            b"POST %b HTTP/1.1\r\nHost: %b\r\nContent-Type: %b\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (target, self._host, kind, len(body), body),
            answered,
        )

    async def answer_to(self, target: bytes) -> Response:
        """Ask for ``target`` and wait for the answer.

        Raises:
            ConnectionResetError: the connection ended before.
        """
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self.get(target, future.set_result)
        return await self.answer(future)

    def _ask(self, request: bytes, answered: Answered) -> bool:
        # uvloop raises on a write to a lost connection.
        if self.transport.is_closing():
            return False
        self._answered = answered
        self.transport.write(request)
        return True


class PatientLink(HttpLink):
    """One whose answers give way to all that the loop has to read in the same turn.

    What a POST is answered with tells its publisher nothing, and to handle it takes 0.1 ms in a
    core that has just woken: messages that came in with it would wait for that inside of us.
    """

    def data_received(self, data: bytes) -> None:
        """Hand on later what is whole."""
        asyncio.get_running_loop().call_soon(self._hand_on, data)

    def _hand_on(self, data: bytes) -> None:
        if self.failure is not None:
            return
        try:
            super().data_received(data)
        except Exception as error:  # noqa: BLE001  whatever it is, as the loop does on the way in
            self.failure = error
            self.transport.abort()


@asynccontextmanager
async def http_link(
    seat: Seat, place: Place | None = None, link_type: type[HttpLink] = HttpLink
) -> AsyncIterator[HttpLink]:
    """Connect to the server at ``place``, or else to the role ``http``; leaving closes.

    Raises:
        OSError: nothing accepts connections there.
    """
    at = place or Place.of(seat.endpoints["http"])
    async with parsing_link(seat, at, lambda: link_type(seat.note, at.host)) as link:
        yield link
