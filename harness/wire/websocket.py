"""WebSocket connections (RFC 6455) with permessage-deflate (RFC 7692), from the client's side.

``Handshake`` and ``Deflate`` do no input or output; ``WebSocketLink`` is the thin protocol
around them and the frames.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import random
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import httptools

from harness.pattern import EVICTED, Deliver, Note, Seat, Send, Sent
from harness.wire.http import ParsingLink, UnexpectedAnswer, parsing_link
from harness.wire.place import Place
from harness.wire.websocket_frames import (
    CLOSE,
    COMPRESSED,
    FINAL,
    PING,
    PONG,
    TEXT,
    MessageParser,
    client_frame,
)

# Close codes (§7.4.1, and 1013 of the IANA registry), as a Close frame holds them.
_NORMAL = (1000).to_bytes(2, "big")
_TRY_AGAIN_LATER = (1013).to_bytes(2, "big")

_GOODBYE_S = 2.0
"""For a server to read what a publisher sent it, and to answer its goodbye; not all do."""
_SWITCHING_PROTOCOLS = 101
_OK = 200
_NOBODY_BEHIND = frozenset({502, 503, 504})
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_EMPTY_BLOCK = b"\x00\x00\xff\xff"


class Unavailable(UnexpectedAnswer):
    """A balancer, or a proxy, has no server that would open the WebSocket now."""


def no_upgrade(status: int, body: bytes) -> UnexpectedAnswer:
    """Make the error for a handshake that is answered with another status than 101."""
    kind = Unavailable if status in _NOBODY_BEHIND else UnexpectedAnswer
    return kind(f"a handshake was answered with {status}: {body[:200]!r}")


class Deflate:
    """permessage-deflate as one connection agreed on it (RFC 7692 §7)."""

    def __init__(self, agreed: str) -> None:
        """Read the parameters that the server answered a plain offer with.

        Raises:
            UnexpectedAnswer: it answered something that was not offered (§7.1).
        """
        name, *parameters = (part.strip() for part in agreed.split(";"))
        names = {parameter.partition("=")[0].strip() for parameter in parameters}
        # client_max_window_bits may not be answered unless offered; a smaller window of the
        # server's is one that any inflater reads.
        known = {"server_no_context_takeover", "client_no_context_takeover"}
        if name != "permessage-deflate" or names - known - {"server_max_window_bits"}:
            raise UnexpectedAnswer(f"the WebSocket extension {agreed!r} was not offered")
        self._renew_inflater = "server_no_context_takeover" in names
        self._renew_deflater = "client_no_context_takeover" in names
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        # Made when first used: it is a quarter of a MiB, and subscribers send nothing.
        self._deflater: zlib._Compress | None = None

    def inflate(self, payload: bytes) -> bytes:
        """Decompress one message (§7.2.2)."""
        if self._renew_inflater:
            self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        return self._inflater.decompress(payload + _EMPTY_BLOCK)

    def deflate(self, message: bytes) -> bytes:
        """Compress one message (§7.2.1)."""
        if self._deflater is None or self._renew_deflater:
            self._deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        flushed = self._deflater.compress(message) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
        return flushed[: -len(_EMPTY_BLOCK)]


class Handshake:
    """The opening handshake (§4.1); does no input or output."""

    def __init__(
        self, host: bytes, target: bytes, *, offer_deflate: bool, protocol: bytes = b""
    ) -> None:
        """Ask for ``protocol`` (§1.9), where one is given, and take no other."""
        key = base64.b64encode(random.randbytes(16))
        self.deflate: Deflate | None = None
        """Set by an answer that agrees to the extension."""
        self._http = httptools.HttpResponseParser(self)
        self._headers: dict[bytes, bytes] = {}
        self._body = b""
        self._refused = False
        self._accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
        self._offered = offer_deflate
        self._path = target.partition(b"?")[0].decode()
        self._protocol = protocol
        offer = b"Sec-WebSocket-Extensions: permessage-deflate\r\n" if offer_deflate else b""
        if protocol:
            offer += b"Sec-WebSocket-Protocol: %b\r\n" % protocol
        self.request = (
            b"GET %b HTTP/1.1\r\nHost: %b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n%b\r\n"
            % (target, host, key, offer)
        )

    def feed(self, data: bytes) -> bytes | None:
        """Take a piece of the answer; once it is whole, give the bytes that follow it.

        Raises:
            UnexpectedAnswer: the server does not open the WebSocket that was asked for.
        """
        try:
            self._http.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._check()
            return data[upgrade.args[0] :]
        if self._refused:
            raise no_upgrade(self._http.get_status_code(), self._body)
        return None

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header (called by httptools)."""
        self._headers[name.lower()] = value

    def on_body(self, piece: bytes) -> None:
        """Keep the server's explanation (called by httptools)."""
        self._body += piece

    def on_headers_complete(self) -> None:
        """See that a page, or a stream without end, is to follow (called by httptools)."""
        self._refused = self._http.get_status_code() == _OK

    def on_message_complete(self) -> None:
        """See an answer that is no upgrade (called by httptools)."""
        self._refused = self._http.get_status_code() != _SWITCHING_PROTOCOLS

    def _check(self) -> None:
        accept = self._headers.get(b"sec-websocket-accept")
        if accept != self._accept:
            raise UnexpectedAnswer(f"Sec-WebSocket-Accept is {accept!r}, not {self._accept!r}")
        spoken = self._headers.get(b"sec-websocket-protocol", b"")
        if spoken != self._protocol:
            raise UnexpectedAnswer(
                f"the WebSocket's subprotocol is {spoken!r}, not {self._protocol!r}"
            )
        agreed = self._headers.get(b"sec-websocket-extensions")
        if agreed is not None:
            if not self._offered:
                raise UnexpectedAnswer(f"the WebSocket extension {agreed!r} was not offered")
            self.deflate = Deflate(agreed.decode("latin-1"))


class WebSocketLink(ParsingLink):
    """A connection that delivers each message; ``opened`` once the handshake is done."""

    def __init__(self, note: Note, deliver: Deliver, handshake: Handshake) -> None:
        super().__init__(note)
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._handshake = handshake
        self._deliver = deliver
        self._take: Callable[[bytes], None] = self._shake_hands

    @property
    def deflate(self) -> Deflate | None:
        """Give the compression that was agreed on, if any."""
        return self._handshake.deflate

    def data_received(self, data: bytes) -> None:
        """Deliver what is whole."""
        self._take(data)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the WebSocket."""
        super().connection_made(transport)
        self.transport.write(self._handshake.request)

    def say_goodbye(self) -> None:
        """Begin the closing handshake (§7.1.2), unless the other side did."""
        if not self.closing:
            self.closing = True
            self._send_control(CLOSE, _NORMAL)

    def _shake_hands(self, data: bytes) -> None:
        try:
            rest = self._handshake.feed(data)
        except (UnexpectedAnswer, httptools.HttpParserError) as error:
            self.opened.set_exception(error)
            self.closing = True
            self.transport.close()
            return
        if rest is not None:
            deflate = self._handshake.deflate
            self._take = MessageParser(
                self._deliver, self._control, None if deflate is None else deflate.inflate
            ).feed
            self.opened.set_result(None)
            self._take(rest)

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self._send_control(PONG, payload)
        elif opcode == CLOSE:
            code = payload[: len(_NORMAL)]
            self._send_control(CLOSE, code)
            if code == _TRY_AGAIN_LATER:
                self._note(EVICTED)
                self.closing = True
            self.transport.close()

    def _send_control(self, opcode: int, payload: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(client_frame(FINAL | opcode, payload, random.randbytes(4)))


def websocket_send(link: WebSocketLink, sent: Sent) -> Send:
    """Make the ``Send`` that writes each message to ``link`` as one text frame, in one write."""
    write = link.transport.write
    is_closing = link.transport.is_closing
    # §5.3 wants a key that no proxy can foresee; on loopback there is none to fool, and the
    # kernel's randomness would cost as much as the rest of the frame.
    random_key = random.Random().randbytes
    deflate = None if link.deflate is None else link.deflate.deflate
    first = FINAL | TEXT if deflate is None else FINAL | TEXT | COMPRESSED

    def send(message: bytes) -> None:
        # uvloop raises on a write to a lost connection; what is lost shows in the audit.
        if not is_closing():
            payload = message if deflate is None else deflate(message)
            write(client_frame(first, payload, random_key(4)))
            sent(message)

    return send


def websocket_url(seat: Seat, mode: str) -> str:
    """Give the URL of a WebSocket that is for ``mode``."""
    role = {"publish": "publish", "echo": "call"}.get(mode, "subscribe")
    return seat.endpoints.at(role, f"/ws?mode={mode}")


@asynccontextmanager
async def websocket_link(seat: Seat, mode: str, deliver: Deliver) -> AsyncIterator[WebSocketLink]:
    """Open a WebSocket at the role ``http``; leaving says goodbye and closes.

    ``mode`` is ``subscribe``, perhaps with ``&channel=NAME`` behind it, ``echo`` or ``join``.
    A server of the user's own is not told: there a frame comes to all, or back.

    Raises:
        OSError: nothing accepts connections there, or the connection ended unanswered.
        UnexpectedAnswer: the server opens no WebSocket.
    """
    place = Place.of(websocket_url(seat, mode))
    handshake = Handshake(place.host, place.target, offer_deflate=seat.workload.deflate)
    make = partial(WebSocketLink, seat.note, deliver, handshake)
    async with parsing_link(seat, place, make) as link:
        await link.answer(link.opened)
        try:
            yield link
        finally:
            link.say_goodbye()


@asynccontextmanager
async def publish_frames(seat: Seat, sent: Sent) -> AsyncIterator[Send]:
    """Publish text frames; what comes back, as to all others, is dropped.

    Leaving waits until the server has read all and said goodbye, too: a connection that is closed
    with echoes unread is reset, and a server that writes to it gives up on what it has not read.

    Raises:
        OSError: nothing accepts connections there, or the connection ended unanswered.
        UnexpectedAnswer: the server opens no WebSocket.
    """
    async with websocket_link(seat, "publish", _drop) as link:
        try:
            yield websocket_send(link, sent)
        finally:
            link.say_goodbye()
            await asyncio.wait((link.lost,), timeout=_GOODBYE_S)


def _drop(_message: bytes) -> None:
    """A publisher is no subscriber."""
