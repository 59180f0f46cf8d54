"""What all reference servers share: options, sockets, readiness, signals and the feed."""

from __future__ import annotations

import argparse
import asyncio
import logging
import resource
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, cast

import uvloop

from servers.framing import HEADER_BYTES, FrameReader, FrameTooLong
from servers.hub import Bounds

BACKLOG = 4096
KEEP_ALIVE_S = 120
"""How long an idle keep-alive connection stays: longer than any poll interval in use."""
GRACE_S = 0.4
"""What a server that shuts down gives its open connections before it cuts them."""

logger = logging.getLogger(__name__)

Frames = Callable[[bytes, list[int]], None]
"""Takes frames that lie one after another, and the end of each; see ``FrameReader.cut``."""


class CannotListen(Exception):
    """A port or an address cannot be listened on; the message says which option and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line of a reference server; sizes in bytes, times in seconds."""

    host: str
    port: int
    feed_port: int
    log_messages: int
    log_bytes: int
    queue_messages: int
    heartbeat: float
    deflate: bool
    max_message: int
    certfile: str
    keyfile: str

    @property
    def scheme(self) -> str:
        """What the URL of the clients' port begins with."""
        return "https" if self.certfile else "http"

    @property
    def bounds(self) -> Bounds:
        """What the hub may hold; a queue as many bytes as the log."""
        return Bounds(
            log_messages=self.log_messages,
            log_bytes=self.log_bytes,
            queue_messages=self.queue_messages,
            queue_bytes=self.log_bytes,
        )


def argument_parser(name: str, description: str) -> argparse.ArgumentParser:
    """Make the parser of ``python -m servers.NAME``; a server may add options of its own."""
    parser = argparse.ArgumentParser(
        prog=f"servers.{name}",
        description=description,
        epilog="Prints one line with its URLs when it accepts traffic; ends on SIGTERM.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="IPv4 address to listen on")
    add("--port", type=port_number, default=0, help="port of the clients; 0: any free one")
    add("--feed-port", type=port_number, default=0, help="port of the feed; 0: any free one")
    add("--log-messages", type=positive, default=65_536, help="messages a channel keeps")
    add("--log-bytes", type=positive, default=1 << 28, help="bytes a channel keeps")
    add("--queue-messages", type=positive, default=65_536, help="messages queued a subscriber")
    add("--heartbeat", type=seconds, default=15.0, help="idle seconds between SSE heartbeats")
    add("--deflate", action="store_true", help="offer permessage-deflate on WebSockets")
    add("--max-message", type=positive, default=1 << 21, help="bytes of the longest message")
    # A server that speaks TLS has options for them: servers/tls.py.
    parser.set_defaults(certfile="", keyfile="")
    return parser


def options_of(arguments: argparse.Namespace) -> Options:
    """Read the common options out of parsed ``arguments``."""
    return Options(**{name: getattr(arguments, name) for name in Options.__slots__})


def port_number(text: str) -> int:
    """Read a port. Raises ValueError, which argparse turns into a line and exit code 2."""
    value = int(text)
    if not 0 <= value <= 65_535:
        raise argparse.ArgumentTypeError(f"{value} is no port; give 0 to 65535")
    return value


def positive(text: str) -> int:
    """Read a whole number above 0, for argparse."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is too small; give 1 or more")
    return value


def seconds(text: str) -> float:
    """Read a time above 0, for argparse."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no time; give seconds above 0")
    return value


def listen(options: Options, role: str = "--port") -> socket.socket:
    """Listen on the port that the option ``role`` names; non-blocking, Nagle off.

    Raises:
        CannotListen: the port is taken, or the address is not ours.
    """
    port = options.feed_port if role == "--feed-port" else options.port
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted connections inherit it.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((options.host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotListen(
            f"{role} {port}: cannot listen on {options.host} "
            f"({error.strerror}); choose another, or 0 for any free port"
        ) from error
    listener.setblocking(False)
    return listener


def url(scheme: str, listener: socket.socket) -> str:
    """Give the URL under which ``listener`` is reached."""
    host, port = listener.getsockname()
    return f"{scheme}://{host}:{port}"


def announce(*urls: str) -> None:
    """Say on stdout that traffic is accepted: the URL of each role, in one line."""
    sys.stdout.write(" ".join(urls) + "\n")
    sys.stdout.flush()


def stop_signal() -> asyncio.Event:
    """Give an event that SIGTERM and SIGINT set, on the running loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def prepare_process() -> None:
    """Log warnings and errors to stderr, and allow as many connections as the system does."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def run(program: str, main: Coroutine[Any, Any, None]) -> None:
    """Run ``main`` on uvloop; a port that cannot be had is one line and exit code 2."""
    prepare_process()
    try:
        uvloop.run(main)
    except CannotListen as error:
        fail(program, error)


def fail(program: str, error: CannotListen) -> None:
    """End the process with one line on stderr and exit code 2."""
    sys.stderr.write(f"servers.{program}: {error}\n")
    raise SystemExit(2) from None


class Feed(asyncio.Protocol):
    """One connection of the feed: frames in, no answer."""

    __slots__ = ("_handle", "_reader", "_transport")

    def __init__(self, handle: Frames, max_message: int) -> None:
        self._handle = handle
        self._reader = FrameReader(max_message)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            frames, ends = self._reader.cut(data)
        except FrameTooLong as error:
            logger.error("feed: %s; connection closed", error)
            self._transport.abort()
            return
        if ends:
            self._handle(frames, ends)


def publishing(publish: Callable[[bytes], object]) -> Frames:
    """Hand each message of some frames to ``publish``."""

    def handle(frames: bytes, ends: list[int]) -> None:
        start = HEADER_BYTES
        for end in ends:
            publish(frames[start:end])
            start = end + HEADER_BYTES

    return handle


async def open_feed(options: Options, handle: Frames) -> tuple[asyncio.Server, str]:
    """Listen for feed connections; give the server and its URL.

    Raises:
        CannotListen: the port is taken.
    """
    listener = listen(options, "--feed-port")
    server = await asyncio.get_running_loop().create_server(
        lambda: Feed(handle, options.max_message), sock=listener, backlog=BACKLOG
    )
    return server, url("tcp", listener)
