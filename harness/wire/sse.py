"""Server-sent events (HTML Living Standard §9.2) in the body of an HTTP answer.

``EventParser`` does no input or output; ``EventLink`` is the thin protocol around it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httptools

from harness.pattern import EVICTED, Deliver, Note, Seat
from harness.wire.http import ParsingLink, UnexpectedAnswer, parsing_link
from harness.wire.place import Place

Named = Callable[[bytes, bytes], None]
"""Takes an event that has a name of its own: the name, and its data."""

MESSAGE_NAMES = (b"", b"message")
"""What an event is called that is a message: nothing, or what that stands for (§9.2.6)."""

Sole = Callable[[bytes], bytes | None]
"""Gives the message of a piece that is one whole chunk with one event; None: look more closely."""

_EVENT_STREAM = b"text/event-stream"
_DATA = b"data: "
_DATA_BYTES = len(_DATA)


class EventParser:
    """Finds the messages in an event stream, however it is cut; does no input or output."""

    __slots__ = ("_after_return", "_message", "_named", "_pieces")

    def __init__(self, message: Deliver, named: Named) -> None:
        """Call ``message`` with the data of each event without a name, ``named`` for the others."""
        self._message = message
        self._named = named
        self._after_return = False
        # The beginning of an event, in the pieces it came in: they are joined once, when the
        # event is whole, so that a long message is not copied again for every piece.
        self._pieces: list[bytes] = []

    @property
    def at_rest(self) -> bool:
        """Whether nothing of an event that has begun is kept."""
        return not self._pieces and not self._after_return

    def feed(self, data: bytes) -> None:
        """Take a piece of the stream, hand on the events that are whole now."""
        if self._after_return or b"\r" in data:
            data = self._with_line_feeds(data)
            if not data:
                return
        pieces = self._pieces
        if pieces:
            ends_event = b"\n" in data and (
                b"\n\n" in data or (data.startswith(b"\n") and pieces[-1].endswith(b"\n"))
            )
            pieces.append(data)
            if not ends_event:
                return
            data = b"".join(pieces)
            pieces.clear()
        message, find, startswith = self._message, data.find, data.startswith
        start = 0
        while True:
            # First the shape that servers write, without a list of lines: an id that nobody
            # asks for, one line of data, an empty line.
            begin = start
            if startswith(b"id:", start):
                begin = find(b"\n", start) + 1
                if not begin:
                    break
            if startswith(_DATA, begin):
                end = find(b"\n", begin)
                if end >= 0 and startswith(b"\n", end + 1):
                    message(data[begin + _DATA_BYTES : end])
                    start = end + 2
                    continue
            end = find(b"\n\n", start)
            if end < 0:
                break
            self._dispatch(data[start:end])
            start = end + 2
        if start < len(data):
            pieces.append(data[start:])

    def _with_line_feeds(self, data: bytes) -> bytes:
        """Make every end of a line a line feed: CR LF, CR and LF all end one (§9.2.5).

        A CR at the end of a piece ends its line at once; an LF that follows it is dropped.
        """
        if not data:
            return data  # says nothing, and leaves open what follows a CR
        if self._after_return and data.startswith(b"\n"):
            data = data[1:]
        self._after_return = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _dispatch(self, block: bytes) -> None:
        """Interpret the lines of one event (§9.2.6); comments and other fields say nothing."""
        name = b""
        lines: list[bytes] = []
        for line in block.split(b"\n"):
            field, _, value = line.partition(b":")
            if field == b"data":
                lines.append(value.removeprefix(b" "))
            elif field == b"event":
                name = value.removeprefix(b" ")
        if not lines:
            return
        data = b"\n".join(lines)
        if name in MESSAGE_NAMES:
            self._message(data)
        else:
            self._named(name, data)


def sole_message(data: bytes) -> bytes | None:
    """Give the message if ``data`` is one whole chunk that holds one event of an id and a message.

    That is how a server sends a message that is not late, and looking for it costs a third of
    the way through both parsers. None says nothing: they have to look.
    """
    chunk = data.find(b"\r\n") + 2
    begin = data.find(b"\ndata: ", chunk) + 7
    end = len(data) - 4
    if (
        data.startswith(b"id:", chunk)
        and data.endswith(b"\n\n\r\n")
        and data.find(b"\n", chunk) == begin - 7
        and data.find(b"\n", begin) == end
        and data.find(b"\r", chunk) == end + 2
        and data.startswith(b"%x\r\n" % (end + 2 - chunk))
    ):
        return data[begin:end]
    return None


class EventLink(ParsingLink):
    """A connection that delivers each message of one event stream; ``opened`` once it begins."""

    def __init__(
        self,
        note: Note,
        deliver: Deliver,
        *,
        named: Named | None = None,
        arrived: Deliver | None = None,
        sole: Sole = sole_message,
    ) -> None:
        """Give events with names to ``named``; without it, an eviction is noted.

        The data of other names then goes to ``arrived``, or to nobody.

        ``sole`` finds the message of a piece that is one whole chunk with one event, quickly.
        """
        super().__init__(note)
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._events = EventParser(deliver, named or self._named)
        self._arrived = arrived
        self._sole = sole
        self.on_body = self._events.feed
        """Called by httptools, which looks its callbacks up when it is made."""
        self._deliver = deliver
        self._kind = b""
        self._between_chunks = False
        self._at_rest = False
        # Uvicorn and aiohttp send a stream of unknown length chunked; httptools undoes that.
        self._http = httptools.HttpResponseParser(self)
        self._feed = self._http.feed_data

    def data_received(self, data: bytes) -> None:
        """Deliver what is whole."""
        if self._at_rest:
            message = self._sole(data)
            if message is not None:
                self._deliver(message)
                return
        self._feed(data)
        # A chunk ends with a line: what ends otherwise may hold the first digits of the next one.
        self._at_rest = self._between_chunks and data.endswith(b"\r\n") and self._events.at_rest

    def on_chunk_header(self) -> None:
        """Remember that a chunk has begun (called by httptools)."""
        self._between_chunks = False

    def on_chunk_complete(self) -> None:
        """Remember that it is whole (called by httptools)."""
        self._between_chunks = True

    def on_headers_complete(self) -> None:
        """Look whether an event stream follows (called by httptools)."""
        status = self._http.get_status_code()
        if status == 200 and self._kind == _EVENT_STREAM:
            self.opened.set_result(None)
            return
        kind = f" and {self._kind.decode('latin-1')}" if status == 200 and self._kind else ""
        self.opened.set_exception(
            UnexpectedAnswer(f"GET was answered with status {status}{kind}, not with events")
        )

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the media type (called by httptools)."""
        if name.lower() == b"content-type":
            self._kind = value.partition(b";")[0].strip().lower()

    def on_message_complete(self) -> None:
        """End with the stream: the connection would wait for a next request for ever."""
        self.transport.close()

    def _named(self, name: bytes, data: bytes) -> None:
        if name == b"evicted":
            self._note(EVICTED)
            self.closing = True
        elif self._arrived is not None:
            self._arrived(data)


@asynccontextmanager
async def event_link(
    seat: Seat, deliver: Deliver, path: str = "/events"
) -> AsyncIterator[EventLink]:
    """Read the event stream of the role ``subscribe``, or else ``path`` of the role ``http``.

    Entered once the server sends it.

    Raises:
        OSError: nothing accepts connections there, or the connection ended unanswered.
        UnexpectedAnswer: the server sends no event stream.
    """
    place = Place.of(seat.endpoints.at("subscribe", path))
    async with parsing_link(
        seat, place, lambda: EventLink(seat.note, deliver, arrived=seat.arrived)
    ) as link:
        link.transport.write(
            b"GET %b HTTP/1.1\r\nHost: %b\r\nAccept: text/event-stream\r\n\r\n"
            % (place.target, place.host)
        )
        await link.answer(link.opened)
        yield link
