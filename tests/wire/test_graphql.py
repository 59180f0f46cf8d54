"""GraphQL: what is read by slicing, what by a parser; against a real server and a scripted one."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websockets

from harness.library import graphql as library
from harness.pattern import DISCONNECTED, EVICTED, Deliver, Endpoints, Pattern, Seat, Send, Sent
from harness.patterns.graphql import GRAPHQL
from harness.patterns.graphql_subscription import GRAPHQL_SUBSCRIPTION, OVER_SSE
from harness.rig import LEGAL, legal_message
from harness.wire.frames import publish_to_feed
from harness.wire.graphql import (
    ECHO,
    MESSAGES,
    PUBLISH,
    Operation,
    OperationFailed,
    Results,
    call_graphql,
)
from harness.wire.graphql_subscription import Events, WebSocketMessages, subscribed_over_websocket
from harness.wire.http import UnexpectedAnswer
from harness.wire.place import Place
from harness.workload import ClientKind, Ingress, Workload
from tests.wire.test_edge_patterns import CALL, OPEN, Inbox, Server, named, run, serving

NOWHERE = Endpoints(urls={"http": "http://127.0.0.1:1"})
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
REFUSED = "a message is one line of UTF-8 text and not empty"

Execute = Callable[[Seat, Operation, Sent, Deliver], AbstractAsyncContextManager[Send]]


@asynccontextmanager
async def by_library(
    seat: Seat, operation: Operation, sent: Sent, deliver: Deliver
) -> AsyncIterator[Send]:
    async with library.executing(seat, operation, sent, deliver, drain=False) as send:
        yield send


each_execute = pytest.mark.parametrize("execute", [call_graphql, by_library])
each_subscription = pytest.mark.parametrize("pattern", [GRAPHQL_SUBSCRIPTION, OVER_SSE], ids=named)
each_client = pytest.mark.parametrize("client", ClientKind, ids=str)


@pytest.fixture(scope="module")
def endpoints() -> Iterator[Endpoints]:
    with serving(GRAPHQL, CALL) as server:
        yield server.endpoints


def compact(result: object) -> bytes:
    """Write JSON as the server does."""
    return json.dumps(result, separators=(",", ":")).encode()


def test_legal_messages_are_sliced() -> None:
    results = Results(ECHO)
    for message in (legal_message(1), legal_message(2, 1 << 20), bytes(LEGAL)):
        body = compact({"data": {"echo": message.decode()}})
        assert results.sliced(body) == message


@settings(deadline=None, max_examples=50)
@given(st.text(), st.sampled_from([None, {"a": "b"}, {}]))
def test_slicing_gives_what_a_parser_gives_or_nothing(text: str, extensions: object) -> None:
    result = {"data": {"echo": text}}
    if extensions is not None:
        result["extensions"] = extensions  # type: ignore[assignment]
    results = Results(ECHO)
    for body in (compact(result), json.dumps(result, ensure_ascii=False).encode()):
        assert results.sliced(body) in (None, text.encode())
        assert results.parsed(json.loads(body)) == text.encode()


@pytest.mark.parametrize(
    "result",
    [
        {"data": None, "errors": [{"message": "No such field", "path": ["echo"]}]},
        {"data": {"echo": "text"}, "errors": [{"message": "No such field"}]},
        {"errors": ["No such field"]},
    ],
)
def test_errors_fail_with_their_words(result: object) -> None:
    assert Results(ECHO).sliced(compact(result)) is None
    with pytest.raises(OperationFailed, match=r"^No such field$"):
        Results(ECHO).parsed(result)


@pytest.mark.parametrize(
    "result", [None, [], {}, {"data": None}, {"data": {"other": "x"}}, {"data": {"echo": 1}}]
)
def test_what_is_no_result_is_unexpected(result: object) -> None:
    with pytest.raises(UnexpectedAnswer, match="no result of GraphQL with echo"):
        Results(ECHO).parsed(result)


def chunk(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)


def event(result: object) -> bytes:
    return b"event: next\r\ndata: %b\r\n\r\n" % compact(result)


def yielded(message: str) -> object:
    return {"data": {"messages": message}}


@settings(deadline=None)
@given(st.lists(st.text(min_size=1), max_size=5), st.data())
def test_events_are_the_same_however_they_are_cut(texts: list[str], data: st.DataObject) -> None:
    whole = [chunk(event(yielded(text))) for text in texts]
    whole.insert(data.draw(st.integers(0, len(whole))), chunk(b": ping\r\n\r\n"))
    stream = b"".join(whole)
    if data.draw(st.booleans()):
        pieces = whole
    else:
        cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=6).map(sorted))
        pieces = [stream[at:to] for at, to in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    async def delivered() -> list[bytes]:
        messages: list[bytes] = []
        seat = Seat(endpoints=NOWHERE, workload=OPEN, index=0)
        events = Events(seat, messages.append)
        for piece in (HEAD, chunk(event(yielded(""))), *pieces):
            events.link.data_received(piece)
        assert events.subscription.confirmed.done()
        return messages

    assert asyncio.run(delivered()) == [text.encode() for text in texts]


def test_frames_are_read_by_slicing_or_parsing() -> None:
    async def delivered() -> tuple[list[bytes], list[str]]:
        messages: list[bytes] = []
        notes: list[str] = []
        seat = Seat(endpoints=NOWHERE, workload=OPEN, index=0, note=notes.append)
        socket = WebSocketMessages(seat, Place.of("http://127.0.0.1:1/graphql"), messages.append)
        ack = {"type": "connection_ack", "payload": {"who": "knows"}}
        results = [yielded(""), yielded("one"), yielded("ü"), {"errors": [{"message": "odd"}]}]
        frames = [{"id": "1", "type": "next", "payload": one} for one in results]
        for frame in (compact(ack), *map(compact, frames), json.dumps(frames[1]).encode()):
            socket.take(frame)
        assert socket.acknowledged.done()
        with pytest.raises(UnexpectedAnswer, match="nothing of graphql-transport-ws"):
            socket.take(b'{"type":"ka"}')
        with pytest.raises(UnexpectedAnswer, match="no JSON"):
            socket.take(b"hello")
        return messages, notes

    assert asyncio.run(delivered()) == ([b"one", "ü".encode(), b"one"], ["odd"])


@each_execute
def test_errors_of_the_server_are_noted_and_never_delivered(
    endpoints: Endpoints, execute: Execute
) -> None:
    # Escaped, so that the wire client sends legal JSON too.
    illegal = b"two\\nlines" if execute is call_graphql else b"two\nlines"

    async def test() -> None:
        inbox = Inbox(endpoints, CALL)
        async with execute(inbox.seat, PUBLISH, inbox.sent.append, inbox._deliver) as send:
            for message in (b"one", illegal, b"three"):
                send(message)
            await inbox.has(2)
        first, second = map(int, inbox.messages)
        assert second == first + 1
        assert inbox.notes == [REFUSED]

    run(test())


@each_execute
def test_an_operation_that_the_schema_lacks_is_noted(
    endpoints: Endpoints, execute: Execute
) -> None:
    unknown = Operation(document="query($message:String!){say(message:$message)}", field="say")

    async def test() -> None:
        inbox = Inbox(endpoints, CALL)
        async with execute(inbox.seat, unknown, inbox.sent.append, inbox._deliver) as send:
            send(b"one")
            await inbox.noted()
        assert inbox.messages == []
        assert inbox.notes == ["Cannot query field 'say' on type 'Query'."]

    run(test())


@each_client
@each_subscription
def test_what_is_fed_and_published_arrives_once(
    endpoints: Endpoints, pattern: Pattern, client: ClientKind
) -> None:
    messages = [legal_message(sequence) for sequence in range(300)]

    async def test() -> None:
        inbox = Inbox(endpoints, OPEN)
        async with inbox.subscribed(pattern, client):
            for ingress, some in ((Ingress.FEED, messages[:200]), (Ingress.NATIVE, messages[200:])):
                async with inbox.publishing(pattern, ingress) as send:
                    for message in some:
                        send(message)
                await inbox.has(200)
            await inbox.has(300)
        assert inbox.messages == messages
        assert inbox.notes == []

    run(test())


@each_client
@each_subscription
def test_a_reader_that_fell_behind_is_told_and_the_end_is_noted(
    pattern: Pattern, client: ClientKind
) -> None:
    burst = [legal_message(sequence) for sequence in range(500)]

    async def test(server: Server) -> None:
        slow, later = Inbox(server.endpoints, OPEN), Inbox(server.endpoints, OPEN)
        async with (
            slow.subscribed(pattern, client),
            publish_to_feed(slow.seat, ignore) as send,
        ):
            # Frozen meanwhile, the server finds the whole burst at once, however busy the machine.
            server.process.send_signal(signal.SIGSTOP)
            for message in burst:
                send(message)
            server.process.send_signal(signal.SIGCONT)
            await slow.noted()
        assert slow.notes == [EVICTED]
        async with later.subscribed(pattern, client):
            server.process.terminate()
            await later.noted()
        assert later.notes == [DISCONNECTED]

    with serving(pattern, OPEN, "--queue-messages", "8", "--log-messages", "8") as server:
        run(test(server))


def ignore(_message: bytes) -> None:
    """Somebody else's ``sent``."""


@asynccontextmanager
async def scripted(*frames: object, awaited: str = "") -> AsyncIterator[Endpoints]:
    """Serve graphql-transport-ws that answers a subscription with ``frames``.

    Before the last of them it waits for a message of the type ``awaited``, if there is one.
    """

    async def speak(connection: ServerConnection) -> None:
        assert json.loads(await connection.recv())["type"] == "connection_init"
        await connection.send('{"type": "connection_ack"}')
        asked = json.loads(await connection.recv())
        # gql writes the document with spaces of its own.
        assert "".join(asked["payload"]["query"].split()) == MESSAGES.document
        for number, frame in enumerate(frames):
            if awaited and number == len(frames) - 1:
                assert json.loads(await connection.recv())["type"] == awaited
            await connection.send(json.dumps(frame))
        await connection.wait_closed()

    async with serve_websockets(
        speak, "127.0.0.1", 0, subprotocols=["graphql-transport-ws"]
    ) as server:
        (socket,) = server.sockets
        host, port = socket.getsockname()
        yield Endpoints(urls={"http": f"http://{host}:{port}"})


def following(result: object) -> object:
    return {"id": "1", "type": "next", "payload": result}


async def test_pings_are_answered_and_errors_end_it() -> None:
    error = {"id": "1", "type": "error", "payload": [{"message": "enough"}]}
    frames = (following(yielded("")), following(yielded("one")), {"type": "ping"}, error)
    async with scripted(*frames, awaited="pong") as endpoints:
        inbox = Inbox(endpoints, Workload())
        async with subscribed_over_websocket(inbox.seat, inbox._deliver):
            await inbox.noted()
    assert (inbox.messages, inbox.notes) == ([b"one"], ["enough"])


@pytest.mark.parametrize(
    "subscribe", [subscribed_over_websocket, library.subscribed_over_websocket]
)
@pytest.mark.parametrize(
    "frame",
    [
        {"id": "1", "type": "error", "payload": [{"message": "not today"}]},
        following({"data": None, "errors": [{"message": "not today"}]}),
    ],
)
async def test_a_refused_subscription_is_told(subscribe, frame: object) -> None:
    async with scripted(frame) as endpoints:
        inbox = Inbox(endpoints, Workload())
        with pytest.raises(UnexpectedAnswer, match="the subscription failed: not today"):
            async with subscribe(inbox.seat, inbox._deliver):
                pass
    assert (inbox.messages, inbox.notes) == ([], [])


async def test_a_server_of_another_protocol_is_refused() -> None:
    async def speak(_connection: ServerConnection) -> None:
        pass

    async with serve_websockets(speak, "127.0.0.1", 0) as server:
        (socket,) = server.sockets
        url = "http://{}:{}".format(*socket.getsockname())
        inbox = Inbox(Endpoints(urls={"http": url}), Workload())
        with pytest.raises(UnexpectedAnswer, match="subprotocol is b'', not b'graphql-transport"):
            async with subscribed_over_websocket(inbox.seat, inbox._deliver):
                pass
