"""WebSocket frames and handshake: the websockets library's own code is the other side."""

import zlib

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from harness.wire.http import UnexpectedAnswer
from harness.wire.websocket import Deflate, Handshake
from harness.wire.websocket_frames import (
    COMPRESSED,
    FINAL,
    PING,
    TEXT,
    MessageParser,
    client_frame,
    masked,
)

KEY = bytes.fromhex("37fa213d")
SIZES = st.sampled_from([0, 1, 5, 125, 126, 127, 300, 65_535, 65_536])
PAYLOADS = st.one_of(st.binary(max_size=40), SIZES.map(lambda size: (b"payload " * 8193)[:size]))


def frame(opcode: Opcode, payload: bytes, *, final: bool = True) -> bytes:
    return Frame(opcode, payload, fin=final).serialize(mask=False)


def fragmented(pieces: list[bytes], ping: bytes) -> bytes:
    """Write one message in fragments, with a ping among them (RFC 6455 §5.4)."""
    frames = [
        frame(Opcode.CONT if at else Opcode.TEXT, piece, final=at == len(pieces) - 1)
        for at, piece in enumerate(pieces)
    ]
    return frame(Opcode.PING, ping).join(frames)


MESSAGES = st.lists(
    st.one_of(
        PAYLOADS.map(lambda payload: ([payload], frame(Opcode.TEXT, payload), [])),
        PAYLOADS.map(lambda payload: ([payload], frame(Opcode.BINARY, payload), [])),
        st.binary(max_size=125).map(
            lambda payload: ([], frame(Opcode.PING, payload), [(int(Opcode.PING), payload)])
        ),
        st.tuples(st.lists(PAYLOADS, min_size=1, max_size=4), st.binary(max_size=9)).map(
            lambda drawn: (
                [b"".join(drawn[0])],
                fragmented(*drawn),
                [(PING, drawn[1])] * (len(drawn[0]) - 1),
            )
        ),
    ),
    max_size=6,
)


def parse(pieces: list[bytes], deflate: Deflate | None = None) -> tuple[list[bytes], list[object]]:
    messages: list[bytes] = []
    controls: list[object] = []
    parser = MessageParser(
        messages.append,
        lambda opcode, payload: controls.append((opcode, payload)),
        None if deflate is None else deflate.inflate,
    )
    for piece in pieces:
        parser.feed(piece)
    return messages, controls


@given(MESSAGES, st.data())
def test_any_cutting_of_the_stream_gives_the_same_messages(
    written: list[tuple[list[bytes], bytes, list[object]]], data: st.DataObject
) -> None:
    stream = b"".join(encoded for _, encoded, _ in written)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12).map(sorted))
    pieces = [
        stream[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
    ]
    messages, controls = parse(pieces)
    assert messages == [message for expected, _, _ in written for message in expected]
    assert controls == [control for _, _, expected in written for control in expected]


def test_a_message_is_given_as_soon_as_its_last_byte_is_there() -> None:
    messages: list[bytes] = []
    parser = MessageParser(messages.append, lambda _opcode, _payload: None)
    stream = frame(Opcode.TEXT, b"first") + frame(Opcode.TEXT, b"x" * 200)
    given_at = []
    for at in range(len(stream)):
        before = len(messages)
        parser.feed(stream[at : at + 1])
        given_at += [at] * (len(messages) - before)
    assert given_at == [6, len(stream) - 1]


@pytest.mark.parametrize(
    ("stream", "problem"),
    [
        (bytes([0x81, 0x80]) + KEY, "masked frame from a server"),
        (bytes([0x91, 0]), "reserved bits: 0x91"),
        (bytes([0xC1, 1, 0]), "may not be compressed: 0xc1"),
        (bytes([0x83, 0]), "out of turn: 0x83"),
        (bytes([0x80, 0]), "out of turn: 0x80"),
        (bytes([0x01, 0, 0x81, 0]), "out of turn: 0x81"),
        (bytes([0x09, 0]), "control frame that is fragmented or long: 0x9"),
        (bytes([0x89, 126, 0, 126]) + bytes(126), "control frame that is fragmented or long"),
        (bytes([0x81, 127]) + (3 << 20).to_bytes(8, "big"), "3,145,728 bytes, limit 2,097,152"),
    ],
)
def test_what_no_server_may_send_is_refused(stream: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse([stream])


@given(PAYLOADS, st.binary(min_size=4, max_size=4))
def test_masking_is_an_exclusive_or_with_the_key(payload: bytes, key: bytes) -> None:
    expected = bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))
    assert masked(payload, key) == expected


def test_the_example_of_the_specification() -> None:
    # RFC 6455 §5.7: a single-frame masked text message.
    assert client_frame(FINAL | TEXT, b"Hello", KEY) == bytes.fromhex("818537fa213d7f9f4d5158")


class Server:
    """The other side: the websockets library's protocol, which does no I/O either."""

    def __init__(self, *, deflate: ServerPerMessageDeflateFactory | None = None) -> None:
        self.protocol = ServerProtocol(extensions=None if deflate is None else [deflate])

    def answer(self, request: bytes) -> bytes:
        self.protocol.receive_data(request)
        (event,) = self.protocol.events_received()
        assert isinstance(event, Request)
        self.protocol.send_response(self.protocol.accept(event))
        assert self.protocol.state is OPEN
        return b"".join(self.protocol.data_to_send())

    def frames(self, messages: list[bytes]) -> bytes:
        for message in messages:
            self.protocol.send_text(message)
        return b"".join(self.protocol.data_to_send())

    def received(self, frames: bytes) -> list[bytes]:
        self.protocol.receive_data(frames)
        return [
            bytes(event.data)
            for event in self.protocol.events_received()
            if isinstance(event, Frame)
        ]


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536, 1 << 20])
def test_a_server_reads_frames_of_every_length(size: int) -> None:
    handshake = Handshake(b"127.0.0.1:80", b"/ws", offer_deflate=False)
    server = Server()
    server.answer(handshake.request)
    message = (b"message " * (size // 8 + 1))[:size]
    assert server.received(client_frame(FINAL | TEXT, message, KEY)) == [message]


@given(st.data())
def test_a_handshake_gives_what_follows_it_however_it_is_cut(data: st.DataObject) -> None:
    handshake = Handshake(b"127.0.0.1:80", b"/ws?mode=echo", offer_deflate=False)
    server = Server()
    stream = server.answer(handshake.request)
    head_bytes = len(stream)
    stream += server.frames([b"first"])
    cut = data.draw(st.integers(1, len(stream)))
    rest = handshake.feed(stream[:cut])
    if cut < head_bytes:
        assert rest is None
        rest = handshake.feed(stream[cut:])
    else:
        assert rest is not None
        rest += stream[cut:]
    assert rest is not None
    assert parse([rest]) == ([b"first"], [])
    assert handshake.deflate is None


@pytest.mark.parametrize("server_keeps", [True, False])
@pytest.mark.parametrize("client_keeps", [True, False])
def test_compression_both_ways_with_and_without_context(
    server_keeps: bool, client_keeps: bool
) -> None:
    server = Server(
        deflate=ServerPerMessageDeflateFactory(
            server_no_context_takeover=not server_keeps,
            client_no_context_takeover=not client_keeps,
            server_max_window_bits=12,
        )
    )
    handshake = Handshake(b"127.0.0.1:80", b"/ws", offer_deflate=True)
    assert handshake.feed(server.answer(handshake.request)) == b""
    deflate = handshake.deflate
    assert deflate is not None
    messages = [b"the same text again " * 20] * 3 + [b"", b"x" * 100_000]

    frames = server.frames(messages)
    assert len(frames) < 3_000
    assert parse([frames], deflate) == (messages, [])
    cut = [frames[at : at + 7] for at in range(0, len(frames), 7)]
    if not server_keeps:
        assert parse(cut, deflate) == (messages, [])

    sent = [client_frame(FINAL | TEXT | COMPRESSED, deflate.deflate(m), KEY) for m in messages]
    assert (len(sent[1]) < len(sent[0])) == client_keeps
    assert server.received(b"".join(sent)) == messages


def test_a_compressed_message_may_come_in_fragments() -> None:
    text = b"a compressed message " * 30
    compressor = zlib.compressobj(wbits=-15)
    raw = (compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]
    stream = bytes([0x41, 5]) + raw[:5] + bytes([0x80, len(raw) - 5]) + raw[5:]
    assert parse([stream], Deflate("permessage-deflate")) == ([text], [])


@pytest.mark.parametrize(
    "agreed",
    ["permessage-deflate; client_max_window_bits=9", "x-webkit-deflate", "permessage-deflate; x"],
)
def test_an_extension_that_was_not_offered_is_refused(agreed: str) -> None:
    with pytest.raises(UnexpectedAnswer, match="was not offered"):
        Deflate(agreed)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (b"Sec-WebSocket-Accept: ", b"Sec-WebSocket-Accept: x", "Sec-WebSocket-Accept is b'x"),
        (b"\r\n\r\n", b"\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", "not offered"),
    ],
)
def test_a_handshake_that_is_wrong_is_refused(old: bytes, new: bytes, problem: str) -> None:
    handshake = Handshake(b"127.0.0.1:80", b"/ws", offer_deflate=False)
    with pytest.raises(UnexpectedAnswer, match=problem):
        handshake.feed(Server().answer(handshake.request).replace(old, new))


def test_a_refused_handshake_says_what_the_server_said() -> None:
    handshake = Handshake(b"127.0.0.1:80", b"/ws?mode=x", offer_deflate=False)
    assert handshake.feed(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 10\r\n\r\nmode:") is None
    with pytest.raises(UnexpectedAnswer, match="answered with 400: b'mode: give'"):
        handshake.feed(b" give")


def test_what_is_no_http_is_refused() -> None:
    with pytest.raises(httptools.HttpParserError):
        Handshake(b"127.0.0.1:80", b"/ws", offer_deflate=False).feed(b"\x00\x00\x00\x05hello")
