"""GraphQL as an application speaks it: gql, and aiohttp for what gql does not speak, SSE."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.library.background import background
from harness.library.http import http_session, noting_loss, only_connection, read_events
from harness.library.outbox import outbox
from harness.pattern import DISCONNECTED, EVICTED, Deliver, Note, Seat, Send, Sent
from harness.wire.graphql import (
    MESSAGES,
    SUBSCRIBED,
    TARGET,
    Operation,
    OperationFailed,
    Results,
    failure,
)
from harness.wire.http import UnexpectedAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gql.client import (
        AsyncClientSession,
    )  # importing it takes longer than all else that is needed

_CLOSE_S = 1
"""How long the other side may take over the closing handshake."""


@asynccontextmanager
async def executing(
    seat: Seat, operation: Operation, sent: Sent, answered: Deliver, *, drain: bool
) -> AsyncIterator[Send]:
    """Execute ``operation`` with each message as its variable, each after the one before.

    Raises:
        OSError: nothing accepts connections there.
        gql.transport.exceptions.TransportError: on leaving, if a request was refused.
    """
    from gql import Client, GraphQLRequest
    from gql.transport.aiohttp import AIOHTTPTransport
    from gql.transport.exceptions import TransportQueryError

    transport = AIOHTTPTransport(
        f"{seat.endpoints['http']}{TARGET}", client_session_args=only_connection()
    )
    # How long an answer may take is the harness's.
    client = Client(transport=transport, execute_timeout=None)
    async with client as session:
        # The library connects with the first request; entering is to have connected.
        with _connecting():
            await session.execute(GraphQLRequest("{__typename}"))
        document = GraphQLRequest(operation.document).document
        field = operation.field

        async def post(message: bytes) -> None:
            sent(message)
            request = GraphQLRequest(document, variable_values={"message": message.decode()})
            try:
                data: dict[str, Any] = await session.execute(request)
            except TransportQueryError as error:
                seat.note(str(failure(error.errors)))
            else:
                answered(data[field].encode())

        async with outbox(post, _ending(seat.note), drain=drain) as send:
            yield send


@asynccontextmanager
async def subscribed_over_websocket(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    """Subscribe with gql over graphql-transport-ws; entered once the server has confirmed.

    Raises:
        OSError: nothing accepts connections there, or it ends the connection instead.
        UnexpectedAnswer: the server refuses to subscribe.
    """
    from gql import Client
    from gql.transport.aiohttp_websockets import AIOHTTPWebsocketsTransport

    transport = AIOHTTPWebsocketsTransport(
        url=f"ws://{urlsplit(seat.endpoints['http']).netloc}{TARGET}",
        subprotocols=[AIOHTTPWebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
        websocket_close_timeout=_CLOSE_S,
        close_timeout=_CLOSE_S,
    )
    async with AsyncExitStack() as stack:
        with _connecting():
            session = await stack.enter_async_context(Client(transport=transport))
        await stack.enter_async_context(_reading(seat, _results_of_gql(session), deliver))
        yield


@asynccontextmanager
async def subscribed_over_sse(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    """Subscribe with aiohttp over server-sent events; entered once the server has confirmed.

    Raises:
        OSError: nothing accepts connections there, or it ends the connection instead.
        UnexpectedAnswer: the server refuses to subscribe.
    """
    async with (
        http_session(seat) as session,
        session.post(
            f"{seat.endpoints['http']}{TARGET}",
            json={"query": MESSAGES.document},
            headers={"Accept": "text/event-stream"},
            raise_for_status=True,
        ) as answer,
    ):

        async def results() -> AsyncGenerator[Any, None]:
            with noting_loss(_ignore):
                async with aclosing(read_events(answer.content)) as events:
                    async for name, data in events:
                        if name == b"next":
                            yield json.loads(data)
                        elif name == b"complete":
                            return

        async with _reading(seat, results(), deliver):
            yield


async def _results_of_gql(session: AsyncClientSession) -> AsyncGenerator[Any, None]:
    from gql import GraphQLRequest
    from gql.transport.exceptions import TransportError, TransportQueryError

    try:
        request = GraphQLRequest(MESSAGES.document)
        async with aclosing(session.subscribe(request)) as results:
            async for data in results:
                yield {"data": data}
    except TransportQueryError as error:
        yield {"errors": error.errors}
    except TransportError:
        return


@asynccontextmanager
async def _reading(
    seat: Seat, results: AsyncGenerator[Any, None], deliver: Deliver
) -> AsyncIterator[None]:
    """Deliver the messages of a subscription's ``results``; entered with the first of them."""
    confirmed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    parsed = Results(MESSAGES).parsed

    async def read() -> None:
        evicted = False
        async with aclosing(results):
            async for result in results:
                try:
                    value = parsed(result)
                except OperationFailed as failed:
                    if not confirmed.done():
                        confirmed.set_exception(
                            UnexpectedAnswer(f"the subscription failed: {failed}")
                        )
                        return
                    seat.note(str(failed))
                    evicted = evicted or str(failed) == EVICTED
                    continue
                if value != SUBSCRIBED:
                    deliver(value)
                elif not confirmed.done():
                    confirmed.set_result(None)
        if not confirmed.done():
            confirmed.set_exception(ConnectionResetError("the subscription ended unconfirmed"))
        elif not evicted:
            seat.note(DISCONNECTED)

    async with background(read()):
        await confirmed
        yield


@contextmanager
def _connecting() -> Iterator[None]:
    """Tell of a connection that cannot be made as others do."""
    from gql.transport.exceptions import TransportConnectionFailed

    try:
        yield
    except TransportConnectionFailed as error:
        raise ConnectionError(str(error)) from error


@contextmanager
def _ending(note: Note) -> Iterator[None]:
    """End the body with the connection, and note that it is lost."""
    from gql.transport.exceptions import TransportConnectionFailed

    try:
        yield
    except TransportConnectionFailed:
        note(DISCONNECTED)


def _ignore(_cause: str) -> None:
    """The end of results tells of the loss."""
