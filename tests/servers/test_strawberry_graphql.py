"""GraphQL as it is on the wire: what curl sees, and what clients of both protocols rely on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from websockets.sync.client import ClientConnection, connect

if TYPE_CHECKING:
    from tests.servers.conftest import Running, Start

SERVER = "strawberry_graphql"
SUBSCRIPTION = "subscription{messages}"


def ask(server: Running, document: str, **variables: str) -> Any:
    """Post an operation; give its result."""
    connection = server.http()
    body = json.dumps({"query": document, "variables": variables})
    connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
    status, answer, _ = server.answer(connection)
    assert status == 200
    return json.loads(answer)


def publish(server: Running, message: str) -> Any:
    return ask(server, "mutation($m:String!){publish(message:$m)}", m=message)


def stream(server: Running, document: str) -> HTTPResponse:
    headers = {"Accept": "text/event-stream"}
    return server.stream(f"/graphql?query={quote(document)}", headers)


@contextmanager
def socket(server: Running) -> Iterator[ClientConnection]:
    """Open a WebSocket that is acknowledged."""
    url = f"ws{server.urls[0][4:]}/graphql"
    with connect(url, subprotocols=["graphql-transport-ws"]) as connection:
        connection.send('{"type":"connection_init"}')
        assert json.loads(connection.recv(10)) == {"type": "connection_ack"}
        yield connection


def test_queries_mutations_and_introspection(start: Start) -> None:
    server = start(SERVER)
    assert server.ask("GET", "/health")[:2] == (200, b"ok")
    assert server.ask("PUT", "/graphql")[:2] == (405, b"/graphql: use GET or POST")
    assert server.ask("GET", "/graphql?query=%7B__typename%7D")[:2] == (
        200,
        b'{"data":{"__typename":"Query"}}',
    )
    fields = ask(server, "{__schema{subscriptionType{fields{name}}}}")
    assert fields == {
        "data": {"__schema": {"subscriptionType": {"fields": [{"name": "messages"}]}}}
    }
    for kind in ("query", "mutation"):
        document = f"{kind}($message:String!){{echo(message:$message)}}"
        assert ask(server, document, message='a "ü"\n') == {"data": {"echo": 'a "ü"\n'}}
    assert publish(server, "one") == {"data": {"publish": "1"}}
    for illegal in ("", "two\nlines", "\ud800"):
        (error,) = publish(server, illegal)["errors"]
        assert error["message"] == "a message is one line of UTF-8 text and not empty"


def test_events_are_those_of_graphql_over_sse(start: Start) -> None:
    server = start(SERVER)
    events = stream(server, SUBSCRIPTION)
    assert events.getheader("content-type") == "text/event-stream"
    assert events.read1(99) == b'event: next\r\ndata: {"data":{"messages":""}}\r\n\r\n'
    server.feed(b"one")
    assert events.read1(99) == b'event: next\r\ndata: {"data":{"messages":"one"}}\r\n\r\n'
    publish(server, "two")
    assert events.read1(99) == b'event: next\r\ndata: {"data":{"messages":"two"}}\r\n\r\n'
    wrong = stream(server, "subscription{other}").read()
    assert wrong.startswith(b'event: next\r\ndata: {"data":null,"errors":[{"message":"Cannot query')
    assert wrong.endswith(b"]}\r\n\r\nevent: complete\r\ndata: \r\n\r\n")


def test_frames_are_those_of_graphql_transport_ws(start: Start) -> None:
    server = start(SERVER)
    with socket(server) as connection:
        subscribe = {"id": "7", "type": "subscribe", "payload": {"query": SUBSCRIPTION}}
        connection.send(json.dumps(subscribe))
        assert connection.recv(10) == (
            '{"id":"7","type":"next","payload":{"data":{"messages":""}}}'
        )
        connection.send('{"type":"ping"}')
        assert json.loads(connection.recv(10)) == {"type": "pong"}
        server.feed(b"one")
        assert connection.recv(10) == (
            '{"id":"7","type":"next","payload":{"data":{"messages":"one"}}}'
        )
        connection.send('{"id":"7","type":"complete"}')
        connection.send(json.dumps({**subscribe, "payload": {"query": "subscription{other}"}}))
        error = json.loads(connection.recv(10))
        assert (error["id"], error["type"]) == ("7", "error")


def test_sigterm_completes_open_subscriptions(start: Start) -> None:
    server = start(SERVER)
    with socket(server) as connection:
        payload = {"query": SUBSCRIPTION}
        connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        events = stream(server, SUBSCRIPTION)
        connection.recv(10)
        events.read1(99)
        assert server.stop() < 2
        assert json.loads(connection.recv(10)) == {"id": "1", "type": "complete"}
        assert events.read() == b"event: complete\r\ndata: \r\n\r\n"
