"""GraphQL over HTTP: a message as a variable of a request, and as the one field of its result.

JSON as servers write it for machines, without spaces, is read by slicing; a parser reads the
rest. What a server reports under ``errors`` is a failure, and is noted in its words.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from harness.pattern import Deliver, Note, Seat, Send, Sent
from harness.wire.http import Answered, Response, UnexpectedAnswer, http_link
from harness.wire.posts import posting_in_turn

TARGET = "/graphql"
SUBSCRIBED = b""
"""The first result of a subscription: not a message, but word that all from now on will come."""

_OK = 200
_JSON = b"application/json"
_LONGEST_WORDS = 200


class OperationFailed(Exception):
    """A result holds errors; the message is the server's own, of the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What is asked: a document, and the field of the result whose value counts."""

    document: str
    field: str

    @property
    def kind(self) -> str:
        """``query``, ``mutation`` or ``subscription``."""
        return self.document.partition("(")[0].partition("{")[0]


ECHO = Operation(document="query($message:String!){echo(message:$message)}", field="echo")
ECHO_BY_MUTATION = Operation(
    document="mutation($message:String!){echo(message:$message)}", field="echo"
)
PUBLISH = Operation(
    document="mutation($message:String!){publish(message:$message)}", field="publish"
)
MESSAGES = Operation(document="subscription{messages}", field="messages")


class Results:
    """Finds the value of an operation's field in results; does no input or output."""

    __slots__ = ("_field", "_head", "_head_bytes", "_tail", "_tail_bytes")

    def __init__(self, operation: Operation, before: bytes = b"", after: bytes = b"") -> None:
        """Take results that stand between ``before`` and ``after``."""
        self._field = operation.field
        self._head = b'%b{"data":{"%b":"' % (before, operation.field.encode())
        self._tail = b'"}}' + after
        self._head_bytes, self._tail_bytes = len(self._head), len(self._tail)

    def sliced(self, data: bytes, begin: int = 0) -> bytes | None:
        """Give the value if ``data`` from ``begin`` is exactly one result with nothing but it.

        None says nothing: it has to be parsed.
        """
        start = begin + self._head_bytes
        end = len(data) - self._tail_bytes
        if (
            data.startswith(self._head, begin)
            and data.endswith(self._tail)
            and data.find(b'"', start) == end
        ):
            value = data[start:end]
            # What is escaped is not what was sent.
            return None if b"\\" in value else value
        return None

    def parsed(self, result: Any) -> bytes:
        """Give the value in a result that a parser has read.

        Raises:
            OperationFailed: it holds errors.
            UnexpectedAnswer: it is no result of this operation.
        """
        if isinstance(result, dict):
            if result.get("errors"):
                raise failure(result["errors"])
            data = result.get("data")
            value = data.get(self._field) if isinstance(data, dict) else None
            if isinstance(value, str):
                return value.encode()
        raise UnexpectedAnswer(f"no result of GraphQL with {self._field}: {result!r:.200}")


def failure(errors: Any) -> OperationFailed:
    """Make an exception of the errors in a result, with the words of the first."""
    first = errors[0] if isinstance(errors, list) and errors else errors
    words = first.get("message") if isinstance(first, dict) else first
    return OperationFailed(f"{words}"[:_LONGEST_WORDS])


def parsed_json(data: bytes) -> Any:
    """Parse what a server sent as JSON.

    Raises:
        UnexpectedAnswer: it is none.
    """
    try:
        return json.loads(data)
    except ValueError:
        raise UnexpectedAnswer(f"no JSON: {data[:_LONGEST_WORDS]!r}") from None


def answering(operation: Operation, note: Note, deliver: Deliver) -> Answered:
    """Make what takes the answers to ``operation``: a value is delivered, an error noted.

    An answer that is no result ends the connection with ``UnexpectedAnswer``.
    """
    results = Results(operation)

    def take(response: Response) -> None:
        if response.status != _OK:
            raise UnexpectedAnswer(
                f"POST {TARGET} was answered with {response.status}: {response.body[:200]!r}"
            )
        value = results.sliced(response.body)
        if value is None:
            try:
                value = results.parsed(parsed_json(response.body))
            except OperationFailed as failed:
                note(str(failed))
                return
        deliver(value)

    return take


@asynccontextmanager
async def call_graphql(
    seat: Seat, operation: Operation, sent: Sent, deliver: Deliver
) -> AsyncIterator[Send]:
    """Post ``operation`` with each message as its variable, each after the answer to the last.

    The document travels with each request, as it does from most clients.

    Raises:
        OSError: nothing accepts connections there.
    """
    target = TARGET.encode()
    # Messages are legal in a JSON string as they stand.
    body = b'{"query":"%b","variables":{"message":"%%b"}}' % operation.document.encode()
    async with http_link(seat) as link:

        def ask(message: bytes, answered: Answered) -> bool:
            return link.post(target, body % message, answered, _JSON)

        yield posting_in_turn(ask, sent, answering(operation, seat.note, deliver))
