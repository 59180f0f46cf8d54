"""GraphQL: a query, or a mutation, and its result; ``POST /graphql`` beside the echo of ``rest``.

The message travels as a variable of the operation and comes back as its one field. As with
``rest`` a connection carries one request at a time; the wait for one's turn is the pool wait.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harness.library.graphql import executing
from harness.pattern import EDGE, Client, Deliver, Endpoints, Pattern, Seat, Send, Sent
from harness.patterns.reference_server import reference_server
from harness.wire.graphql import ECHO, ECHO_BY_MUTATION, TARGET, Operation, call_graphql
from harness.workload import ClientKind, Exchange


def _pattern(name: str, operation: Operation, *, only_by_name: bool = False) -> Pattern:
    @asynccontextmanager
    async def call_wire(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
        async with call_graphql(seat, operation, sent, deliver) as send:
            yield send

    @asynccontextmanager
    async def call_library(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
        async with executing(seat, operation, sent, deliver, drain=False) as send:
            yield send

    def example(endpoints: Endpoints) -> tuple[str, ...]:
        post = f"curl {endpoints['http']}{TARGET} -H 'Content-Type: application/json' -d"
        asked = f'{{"query": "{operation.document}", "variables": {{"message": "a message"}}}}'
        return (f'{post} \'{{"query": "{{__typename}}"}}\'', f"{post} '{asked}'")

    return Pattern(
        name=name,
        block=EDGE,
        exchanges=frozenset({Exchange.REQUEST_REPLY}),
        path=f"caller posts a {operation.kind} with the message as its variable and waits for "
        "the result; one request a connection",
        guarantees=(
            "every request is answered, perhaps with errors instead of a result, or fails "
            "visibly; whether one that failed was carried out, the caller cannot know"
        ),
        stack="strawberry",
        servers=lambda _workload: (reference_server("strawberry_graphql"),),
        publish={},
        clients={
            ClientKind.WIRE: Client(call=call_wire),
            ClientKind.LIBRARY: Client(call=call_library),
        },
        only_by_name=only_by_name,
        example=example,
    )


GRAPHQL = _pattern("graphql", ECHO)
BY_MUTATION = _pattern("graphql@mutation", ECHO_BY_MUTATION, only_by_name=True)
