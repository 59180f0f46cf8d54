"""The floor of the broker block: the floor's protocol without an event loop.

Roles: tcp, feed. Plain non-blocking sockets and ``select.epoll``: read, cut, send at once. Bytes
wait in Python only while a socket's kernel buffer is full.
"""

from __future__ import annotations

import logging
import select
import signal
import socket
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from servers.framing import EMPTY_FRAME, FrameReader, FrameTooLong
from servers.serving import (
    CannotListen,
    Options,
    announce,
    argument_parser,
    fail,
    listen,
    options_of,
    prepare_process,
    url,
)

MOST_UNSENT = 64 << 20
"""Bytes that may wait for a slow reader before it is cut."""
_READ_BYTES = 1 << 16

logger = logging.getLogger(__name__)

Handle = Callable[[int], None]
"""Called with a file descriptor that can be read."""


class _Relay:
    """All sockets of one server, by file descriptor."""

    def __init__(self, max_message: int) -> None:
        self._max_message = max_message
        self._epoll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._readable: dict[int, Handle] = {}
        self._readers: dict[int, FrameReader] = {}
        self._unsent: dict[int, bytearray] = {}
        self._subscribers: dict[int, Callable[[bytes], int]] = {}
        self._workers: deque[int] = deque()

    def accept_from(self, listener: socket.socket, readable: Handle) -> None:
        """Accept the connections of ``listener``; ``readable`` reads each of them."""

        def accept(_fd: int) -> None:
            try:
                connection, _address = listener.accept()
            except BlockingIOError:
                return
            connection.setblocking(False)
            self._readers[connection.fileno()] = FrameReader(self._max_message)
            self._watch(connection, readable)

        self._watch(listener, accept)

    def run(self) -> NoReturn:
        """Relay until a signal ends it."""
        poll = self._epoll.poll
        readable = self._readable
        writable = select.EPOLLOUT
        while True:
            for fd, event in poll():
                if event & writable and fd in self._unsent:
                    self._flush(fd)
                # An earlier event of the same batch may have dropped it.
                if event & ~writable and fd in readable:
                    readable[fd](fd)

    def read_feed(self, fd: int) -> None:
        """Relay what a connection of the feed has sent."""
        frames, ends = self._cut(fd)
        if not ends:
            return
        workers = self._workers
        start = 0
        for end in ends:
            if not workers:
                break
            worker = workers[0]
            workers.rotate(-1)
            if not self._send(worker, frames[start:end]):
                self._drop(worker)
            start = end
        subscribers = self._subscribers
        if not subscribers:
            return
        whole = frames[: ends[-1]]
        size = len(whole)
        unsent = self._unsent
        lost = []
        for subscriber, send in subscribers.items():
            if subscriber not in unsent:
                try:
                    sent = send(whole)
                except BlockingIOError:
                    sent = 0
                except ConnectionError:
                    lost.append(subscriber)
                    continue
                if sent == size:
                    continue
            else:
                sent = 0
            if not self._hold(subscriber, whole[sent:]):
                lost.append(subscriber)
        for subscriber in lost:
            self._drop(subscriber)

    def read_role(self, fd: int) -> None:
        """Take a newcomer's first byte: ``S``, ``W`` or ``E``."""
        role = self._receive(fd, 1)
        if role == b"E":
            self._readable[fd] = self._read_echo
        elif role in (b"S", b"W"):
            self._readable[fd] = self._read_nothing
            # Before anything else is sent to it.
            if not self._send(fd, EMPTY_FRAME):
                self._drop(fd)
            elif role == b"W":
                self._workers.append(fd)
            else:
                self._subscribers[fd] = self._sockets[fd].send
        elif role:
            logger.error("tcp: the first byte is %r, not S, W or E; connection closed", role)
            self._drop(fd)

    def _read_echo(self, fd: int) -> None:
        frames, ends = self._cut(fd)
        if ends and not self._send(fd, frames[: ends[-1]]):
            self._drop(fd)

    def _read_nothing(self, fd: int) -> None:
        self._receive(fd, _READ_BYTES)

    def _cut(self, fd: int) -> tuple[bytes, list[int]]:
        data = self._receive(fd, _READ_BYTES)
        if not data:
            return data, []
        try:
            return self._readers[fd].cut(data)
        except FrameTooLong as error:
            logger.error("%s; connection closed", error)
            self._drop(fd)
            return b"", []

    def _receive(self, fd: int, size: int) -> bytes:
        """Read once; nothing if nothing is there, or if the connection has ended and is gone."""
        try:
            data = self._sockets[fd].recv(size)
        except BlockingIOError:
            return b""
        except ConnectionError:
            data = b""
        if not data:
            self._drop(fd)
        return data

    def _send(self, fd: int, data: bytes) -> bool:
        """Send, or hold what the kernel does not take; False if the connection must go."""
        if fd in self._unsent:
            return self._hold(fd, data)
        try:
            sent = self._sockets[fd].send(data)
        except BlockingIOError:
            sent = 0
        except ConnectionError:
            return False
        return sent == len(data) or self._hold(fd, data[sent:])

    def _hold(self, fd: int, data: bytes) -> bool:
        held = self._unsent.get(fd)
        if held is None:
            self._unsent[fd] = bytearray(data)
            self._epoll.modify(fd, select.EPOLLIN | select.EPOLLOUT)
            return True
        held += data
        if len(held) > MOST_UNSENT:
            logger.warning("tcp: a reader fell behind by %d bytes; connection cut", len(held))
            return False
        return True

    def _flush(self, fd: int) -> None:
        held = self._unsent[fd]
        try:
            sent = self._sockets[fd].send(held)
        except BlockingIOError:
            return
        except ConnectionError:
            self._drop(fd)
            return
        del held[:sent]
        if not held:
            del self._unsent[fd]
            self._epoll.modify(fd, select.EPOLLIN)

    def _watch(self, connection: socket.socket, readable: Handle) -> None:
        fd = connection.fileno()
        self._sockets[fd] = connection
        self._readable[fd] = readable
        self._epoll.register(fd, select.EPOLLIN)

    def _drop(self, fd: int) -> None:
        connection = self._sockets.pop(fd, None)
        if connection is None:
            return
        del self._readable[fd]
        self._readers.pop(fd, None)
        self._unsent.pop(fd, None)
        self._subscribers.pop(fd, None)
        if fd in self._workers:
            self._workers.remove(fd)
        connection.close()


def main(options: Options) -> None:
    """Run the relay until SIGTERM.

    Raises:
        CannotListen: a port is taken.
    """

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    prepare_process()
    relay = _Relay(options.max_message)
    listener = listen(options)
    feed = listen(options, "--feed-port")
    relay.accept_from(listener, relay.read_role)
    relay.accept_from(feed, relay.read_feed)
    announce(url("tcp", listener), url("tcp", feed))
    relay.run()


if __name__ == "__main__":
    parser = argument_parser("floor_no_loop", "The floor's protocol on plain sockets and epoll.")
    try:
        main(options_of(parser.parse_args()))
    except CannotListen as error:
        fail("floor_no_loop", error)
