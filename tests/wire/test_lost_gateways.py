"""What subscribers and publishers of gateways try again after, and what they tell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from harness.pattern import Deliver, Endpoints, Seat
from harness.patterns.websocket_scaled import WEBSOCKET_SCALED
from harness.wire import reconnecting
from harness.wire.http import UnexpectedAnswer
from harness.wire.websocket import Unavailable
from harness.workload import ClientKind, Ingress, Workload

LOSE, BREAK, STAY = "lose", "break", "stay"
RESERVED_BITS = b"\xf1\x00"
PATIENCE_S = 10.0

each_client = pytest.mark.parametrize("kind", ClientKind, ids=str)


class Peer:
    """A balancer with a gateway behind it that does one thing after another."""

    def __init__(self, *course: str | HTTPStatus) -> None:
        self.received: list[str] = []
        self.over = asyncio.Event()
        """The last of the course is done, or has begun to stay."""
        self.left = asyncio.Event()
        """Whoever it stayed with has closed, and is read to the end."""
        self._course = list(course)

    def refuse(self, connection: ServerConnection, _request: Request) -> Response | None:
        status = self._course[0]
        if not isinstance(status, HTTPStatus):
            return None
        self._done()
        return connection.respond(status, "nobody")

    async def handle(self, connection: ServerConnection) -> None:
        what = self._course[0]
        await connection.send(f"before {what}")
        if what != STAY:
            if what == BREAK:
                connection.transport.write(RESERVED_BITS)
            else:
                connection.transport.abort()
            await connection.wait_closed()
            self._done()
            return
        self.over.set()
        with suppress(ConnectionClosed):
            while True:
                self.received.append(str(await connection.recv()))
        self.left.set()

    def _done(self) -> None:
        del self._course[0]
        if not self._course:
            self.over.set()


@asynccontextmanager
async def seat_at(peer: Peer) -> AsyncIterator[Seat]:
    async with serve(peer.handle, "127.0.0.1", 0, process_request=peer.refuse) as server:
        port = server.sockets[0].getsockname()[1]
        endpoints = Endpoints(urls={"http": f"http://127.0.0.1:{port}"})
        yield Seat(endpoints=endpoints, workload=Workload(), index=0)


@asynccontextmanager
async def reading(kind: ClientKind, peer: Peer, deliver: Deliver) -> AsyncIterator[None]:
    subscribe = WEBSOCKET_SCALED.clients[kind].subscribe
    assert subscribe is not None
    async with asyncio.timeout(PATIENCE_S), seat_at(peer) as seat, subscribe(seat, deliver):
        yield


async def read(kind: ClientKind, peer: Peer, deliver: Deliver = lambda _message: None) -> None:
    async with reading(kind, peer, deliver):
        await peer.over.wait()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnecting, "FIRST_CEILING_S", 0.001)


@each_client
@pytest.mark.parametrize(
    "status",
    [HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT],
)
async def test_a_balancer_that_reaches_nobody_is_asked_again(
    kind: ClientKind, status: HTTPStatus
) -> None:
    peer = Peer(LOSE, status, STAY)
    came: asyncio.Queue[bytes] = asyncio.Queue()
    async with reading(kind, peer, came.put_nowait):
        assert await came.get() == b"before lose"
        assert await came.get() == b"before stay"


@each_client
@pytest.mark.parametrize("status", [HTTPStatus.NOT_FOUND, HTTPStatus.OK])
async def test_any_other_answer_is_told(kind: ClientKind, status: HTTPStatus) -> None:
    with pytest.raises(UnexpectedAnswer, match=f"answered with {status:d}: b'nobody'") as told:
        await read(kind, Peer(LOSE, status))
    assert not isinstance(told.value, Unavailable)


@each_client
async def test_a_first_answer_is_told_whatever_it_is(kind: ClientKind) -> None:
    with pytest.raises(Unavailable, match="answered with 503"):
        await read(kind, Peer(HTTPStatus.SERVICE_UNAVAILABLE))


@pytest.mark.parametrize(
    ("kind", "error"), [(ClientKind.WIRE, ValueError), (ClientKind.LIBRARY, UnexpectedAnswer)]
)
async def test_a_broken_protocol_is_told(kind: ClientKind, error: type[Exception]) -> None:
    came: list[bytes] = []
    with pytest.raises(error, match="reserved bits"):
        await read(kind, Peer(BREAK), came.append)
    assert came == [b"before break"]


async def test_a_native_publisher_goes_on_after_a_loss() -> None:
    peer = Peer(LOSE, HTTPStatus.BAD_GATEWAY, STAY)
    sent: list[bytes] = []
    async with asyncio.timeout(PATIENCE_S), seat_at(peer) as seat:
        async with WEBSOCKET_SCALED.publish[Ingress.NATIVE](seat, sent.append) as send:
            await peer.over.wait()
            send(b"one")
            send(b"two")
        await peer.left.wait()
        assert peer.received == ["one", "two"]
    assert sent == [b"one", b"two"]
