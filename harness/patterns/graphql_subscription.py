"""A GraphQL subscription: a result for each message, over a WebSocket or server-sent events.

``subscription{messages}`` yields an empty message first, once it is registered: neither
graphql-transport-ws nor GraphQL over SSE confirms a subscription by itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

from harness.library import graphql as library
from harness.pattern import EDGE, Client, Endpoints, Pattern, Seat, Send, Sent
from harness.patterns.reference_server import reference_server
from harness.wire import graphql_subscription as wire
from harness.wire.frames import publish_to_feed
from harness.wire.graphql import MESSAGES, PUBLISH, TARGET
from harness.workload import ClientKind, Exchange, Ingress


@asynccontextmanager
async def _publish_by_mutation(seat: Seat, sent: Sent) -> AsyncIterator[Send]:
    async with library.executing(seat, PUBLISH, sent, _ignore, drain=True) as send:
        yield send


def _ignore(_cursor: bytes) -> None:
    """A publisher asks for no more than that its mutation has a result."""


def _over_websocket(endpoints: Endpoints) -> tuple[str, ...]:
    url = f"ws://{urlsplit(endpoints['http']).netloc}{TARGET}"
    subscribe = f'{{"id":"1","type":"subscribe","payload":{{"query":"{MESSAGES.document}"}}}}'
    return (
        f"(echo '{{\"type\":\"connection_init\"}}'; sleep 1; echo '{subscribe}'; cat) | "
        f"websocat --protocol graphql-transport-ws {url}",
        _publishing(endpoints),
    )


def _over_sse(endpoints: Endpoints) -> tuple[str, ...]:
    url = f"{endpoints['http']}{TARGET}"
    return (
        f"curl -N -G -H 'Accept: text/event-stream' {url} "
        f"--data-urlencode 'query={MESSAGES.document}'",
        _publishing(endpoints),
    )


def _publishing(endpoints: Endpoints) -> str:
    asked = f'{{"query": "{PUBLISH.document}", "variables": {{"message": "a message"}}}}'
    return f"curl {endpoints['http']}{TARGET} -H 'Content-Type: application/json' -d '{asked}'"


GRAPHQL_SUBSCRIPTION = Pattern(
    name="graphql_subscription",
    block=EDGE,
    exchanges=frozenset({Exchange.BROADCAST}),
    path="server sends a result of the subscription as a text frame over the open WebSocket",
    guarantees=(
        "in order and nothing dropped within a connection; a reader whose queue (65,536 "
        "messages, 256 MiB) overflows gets the error 'evicted' and no more; what was "
        "published while it was away is gone"
    ),
    stack="strawberry",
    servers=lambda _workload: (reference_server("strawberry_graphql"),),
    publish={Ingress.FEED: publish_to_feed, Ingress.NATIVE: _publish_by_mutation},
    clients={
        ClientKind.WIRE: Client(subscribe=wire.subscribed_over_websocket),
        ClientKind.LIBRARY: Client(subscribe=library.subscribed_over_websocket),
    },
    example=_over_websocket,
)
OVER_SSE = replace(
    GRAPHQL_SUBSCRIPTION,
    name="graphql_subscription_sse",
    path="server writes a result of the subscription as an event into the open answer",
    clients={
        ClientKind.WIRE: Client(subscribe=wire.subscribed_over_sse),
        ClientKind.LIBRARY: Client(subscribe=library.subscribed_over_sse),
    },
    example=_over_sse,
)
