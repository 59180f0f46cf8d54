"""RESP, the protocol of Redis: commands packed by hand, replies read by hiredis.

Commands are pipelined: nothing waits for a reply but the set-up and the drain.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import hiredis

from harness.errors import BadInput
from harness.pattern import Note, Seat, Send, Sent
from harness.wire.link import Link, linked
from harness.wire.redis_place import RedisPlace, without_login

Take = Callable[[Any], None]
"""Called with each reply: bytes, int, a list of these, None, or a ``hiredis.ReplyError``."""


def command(*words: bytes) -> bytes:
    """Pack one command."""
    return b"*%d\r\n%b" % (len(words), b"".join(map(_bulk, words)))


def command_about(*words: bytes) -> Callable[[bytes], bytes]:
    """Prepare a command whose last word, the message, is given later."""
    beginning = b"*%d\r\n%b" % (len(words) + 1, b"".join(map(_bulk, words)))

    def about(message: bytes) -> bytes:
        return b"%b$%d\r\n%b\r\n" % (beginning, len(message), message)

    return about


def _bulk(word: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(word), word)


PING = command(b"PING")


def run_token(url: str) -> str:
    """Read what tells this run's keys from those of others: the URL's query ``run``, or 0."""
    return parse_qs(urlsplit(url).query).get("run", ["0"])[0]


def channel(url: str) -> bytes:
    """Name the channel to publish this run's messages to."""
    return f"abec:main:{run_token(url)}".encode()


def queue(url: str) -> bytes:
    """Name the key of the list that is this run's queue."""
    return f"abec:queue:{run_token(url)}".encode()


def stream(url: str) -> bytes:
    """Name the key of the stream that is this run's queue."""
    return f"abec:stream:{run_token(url)}".encode()


def greeting(url: str) -> list[bytes]:
    """Pack what a new connection to ``url`` says first; each command has one reply.

    Raises:
        BadInput: what it names as the database is no number.
    """
    place = RedisPlace.of(url)
    commands = []
    if place.password:
        words = ("AUTH", *filter(None, (place.username,)), place.password)
        commands.append(command(*(word.encode() for word in words)))
    database = place.database
    if database and not database.isdecimal():
        raise BadInput(
            "--redis", without_login(url), f"{database} is no database number; for example 0"
        )
    if database.strip("0"):
        commands.append(command(b"SELECT", database.encode()))
    commands.append(PING)
    return commands


class RespLink(Link):
    """A connection that passes each reply it reads to ``take``."""

    def __init__(self, note: Note, take: Take) -> None:
        """``take`` may be replaced at any time; the next reply goes to the new one."""
        super().__init__(note)
        reader = hiredis.Reader()
        self.take = take
        self._feed, self._gets = reader.feed, reader.gets

    def data_received(self, data: bytes) -> None:
        """Pass on what is whole."""
        gets = self._gets
        self._feed(data)
        while (reply := gets()) is not False:
            self.take(reply)

    async def ask(self, *commands: bytes) -> list[Any]:
        """Write ``commands``, wait for the reply to each; what is read next goes to ``take``.

        Only for a connection on which no other reply is due.

        Raises:
            ConnectionResetError: the connection ended before.
        """
        replies: list[Any] = []
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        take = self.take

        def collect(reply: Any) -> None:
            replies.append(reply)
            if len(replies) == len(commands):
                self.take = take
                done.set_result(None)

        self.take = collect
        self.transport.write(b"".join(commands))
        await self.answer(done)
        return replies

    async def settle(self) -> None:
        """Wait until all that was written is answered; the replies go to ``take``.

        Raises:
            ConnectionResetError: the connection ended before.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        take = self.take

        def until_pong(reply: Any) -> None:
            if reply == b"PONG":
                self.take = take
                done.set_result(None)
            else:
                take(reply)

        self.take = until_pong
        self.transport.write(PING)
        await self.answer(done)


@asynccontextmanager
async def linked_to_redis(seat: Seat, take: Take, *commands: bytes) -> AsyncIterator[RespLink]:
    """Connect, authenticate and run ``commands``; every later reply goes to ``take``.

    Raises:
        OSError: nothing accepts connections there, or ended this one.
        BadInput: the server refuses the password, the database or a command.
    """
    url = seat.endpoints["redis"]
    greetings, place = greeting(url), RedisPlace.of(url)
    async with linked(place.address, lambda: RespLink(seat.note, take), place.tls) as link:
        for reply in await link.ask(*greetings, *commands):
            if isinstance(reply, hiredis.ReplyError):
                raise refused(url, reply)
        yield link


def refused(url: str, error: object) -> BadInput:
    """Make the error for a server that answers ``error`` to what a client begins with."""
    return BadInput("--redis", without_login(url), _refusal(url, str(error)))


def _refusal(url: str, error: str) -> str:
    instead = RedisPlace.of(url).named(login=":PASSWORD@")
    if error.startswith("NOAUTH"):
        return f"wants a password; give {instead}"
    if error.startswith("WRONGPASS"):
        return f"refuses that password; give {instead}"
    return f"answered {error!r}; use a server and an account that allow this"


@asynccontextmanager
async def publish_pipelined(
    seat: Seat, sent: Sent, *words: bytes, afterwards: bytes = b""
) -> AsyncIterator[Send]:
    """Publish each message as the last word of a command; leaving waits for all replies.

    ``afterwards`` is a packed command to leave with. A command that the server refuses is
    noted with the server's words.

    Raises:
        OSError: nothing accepts connections there.
        BadInput: the server refuses the password or the database.
    """
    note = seat.note
    about = command_about(*words)

    def discard(reply: Any) -> None:
        if isinstance(reply, hiredis.ReplyError):
            note(str(reply))

    async with linked_to_redis(seat, discard) as link:
        write, is_closing = link.transport.write, link.transport.is_closing

        def send(message: bytes) -> None:
            if not is_closing():
                write(about(message))
                sent(message)

        yield send
        # Replies that nobody reads would make the kernel reset the connection at its close, and
        # the server lose what it has not read. A server that is gone was noted already.
        with suppress(ConnectionResetError):
            if not is_closing():
                link.transport.write(afterwards)
                await link.settle()
