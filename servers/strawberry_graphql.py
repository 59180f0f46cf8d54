"""GraphQL by strawberry on uvicorn: a query, two mutations and a subscription, ``/graphql``.

Roles: http, feed. The subscription comes over a WebSocket (graphql-transport-ws) or as
server-sent events (GraphQL over SSE, distinct connections mode), both by strawberry itself.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

import strawberry
from graphql import GraphQLError
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionContext

from servers.asgi import Routes, application
from servers.contract import BAD_MESSAGE, EVICTED, as_text, is_message
from servers.hub import Closed, Evicted, Hub
from servers.serving import Options, argument_parser, options_of, publishing, run
from servers.uvicorn_stack import serve

SUBSCRIBED = ""
"""What a subscription yields first: no message, but word that all from now on will come.

Neither protocol confirms a subscription by itself.
"""


class _Schema(strawberry.Schema):
    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Log our own failures; what a client did wrong it is told, and needs no traceback."""
        ours = [
            error for error in errors if not isinstance(error.original_error, GraphQLError | None)
        ]
        super().process_errors(ours, execution_context)


def schema_over(hub: Hub) -> strawberry.Schema:
    """Make the schema whose messages come from the main channel of ``hub``, and go there.

    Parsed and validated documents are kept, as applications do whose clients ask the same few
    questions again and again.
    """
    channel = hub.channel()

    @strawberry.type
    class Query:
        @strawberry.field
        def echo(self, message: str) -> str:
            return message

    @strawberry.type
    class Mutation:
        @strawberry.mutation
        def echo(self, message: str) -> str:
            return message

        @strawberry.mutation
        def publish(self, message: str) -> strawberry.ID:
            """Give the message's cursor; an Int of GraphQL would end at 2^31."""
            encoded = message.encode("utf-8", "surrogatepass")
            if not is_message(encoded):
                raise GraphQLError(BAD_MESSAGE)
            return strawberry.ID(str(channel.publish(encoded)))

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def messages(self) -> AsyncGenerator[str, None]:
            subscription = channel.subscribe(as_text)
            try:
                yield SUBSCRIBED
                while True:
                    for text in await subscription.take():
                        yield text
            except Evicted:
                raise GraphQLError(EVICTED) from None
            except Closed:
                return
            finally:
                subscription.close()

    return _Schema(Query, Mutation, Subscription, extensions=[ParserCache, ValidationCache])


def routes(hub: Hub) -> Routes:
    """Make the handlers of ``/graphql``: HTTP both ways, and WebSockets without a mode."""
    graphql = GraphQL(
        schema_over(hub),
        # Its page would come from somebody else's server.
        graphql_ide=None,
        subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
    )
    return {(method, "/graphql"): graphql for method in ("GET", "POST", "WS ")}


async def main(options: Options) -> None:
    """Run the server until SIGTERM."""
    hub = Hub(options.bounds)
    await serve(application(routes(hub)), hub, publishing(hub.channel().publish), options)


if __name__ == "__main__":
    parser = argument_parser("strawberry_graphql", "GraphQL by strawberry on uvicorn.")
    run("strawberry_graphql", main(options_of(parser.parse_args())))
